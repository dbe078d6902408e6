"""The brief of a case: what a step needs on record, instead of what the scheduler says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.investigation import Feedback, InvestigationPolicy
from contracts.report import Specialist, SpecialistReport


@dataclass(frozen=True)
class CaseBrief:
    """A case as its record has it."""

    alert: Alert
    """The one that opened it."""
    policy: InvestigationPolicy | None
    """The policy of the case; None until its first round has begun."""
    reports: Mapping[Specialist, SpecialistReport] = field(default_factory=dict[Specialist, SpecialistReport])
    """Of the round that is asked for."""
    feedback: Mapping[int, Feedback] = field(default_factory=dict[int, Feedback])
    """What people said when they rejected a round, by round."""
    was_asked: bool = False
    """Whether a person was asked about it, as far as that matters: before its first round begins, and after it."""
    joined: tuple[Alert, ...] = ()
    """The case's further alerts of this round, all of the same customer, in the order in which they joined."""

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All that this round is about."""
        return (self.alert, *self.joined)


@dataclass(frozen=True)
class EarlierRound:
    """What was concluded in a round, and what the person said who rejected it."""

    assessment: RiskAssessment
    feedback: Feedback | None = None


@dataclass(frozen=True)
class ReviewBasis:
    """The basis of a round's question."""

    assessment: RiskAssessment
    """The round's own, or that of the round before, which is asked about again."""
    changes: tuple[str, ...] = ()
    """What no longer holds of what was approved in the round before, one sentence each."""
