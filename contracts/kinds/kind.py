"""What every process needs to know of a kind of case."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.actions import ActionSpec, Disposition
from contracts.ids import instance_id


@dataclass(frozen=True)
class KindSpec:
    """One kind of case: what people may decide in it, how it may end, and which orchestration carries it."""

    name: str
    id_prefix: str
    """What the ids of its cases begin with, and those of no other kind."""
    actions: Mapping[str, ActionSpec]
    """What people can approve."""
    orchestration: str | None
    """Started for every case of this kind; None where the orchestration that opens a case also carries it."""
    carrier_prefix: str | None = None
    """Begins the instance id of what carries a case, before the id of what it is about; None: it is the case's id."""
    concluded_as: str = "assessment"
    """What a round calls what people are asked about in it."""
    rejection: str = "reject"
    """What the closing policy calls a rejection of this kind."""
    rejected_as: str | None = None
    """How a rejection ends a case; None where another round follows it."""
    rejection_means: Disposition | None = None
    """What a case is taken to have been, in the eyes of one who rejects and does not say."""
    further_outcomes: tuple[str, ...] = ()
    """How a case may also end, beside what its actions and a rejection come to."""

    def case_id(self, subject_id: str) -> str:
        """The case about what has this id."""
        return self.id_prefix + subject_id

    def subject_of(self, case_id: str) -> str:
        """The id of what a case of this kind is about."""
        return case_id.removeprefix(self.id_prefix)

    def instance_id(self, case_id: str) -> str:
        """The orchestration that carries a case of this kind, and waits for its decisions."""
        return instance_id(case_id if self.carrier_prefix is None else self.carrier_prefix + self.subject_of(case_id))

    def effects_behind(self, outcome: str) -> set[str]:
        """What must be done when a case ends like this."""
        return {effect for spec in self.actions.values() if spec.outcome == outcome for effect in spec.effects}

    @property
    def outcomes(self) -> tuple[str, ...]:
        """How a case of this kind may end."""
        ended = (*(spec.outcome for spec in self.actions.values()), *filter(None, (self.rejected_as,)))
        return tuple(dict.fromkeys((*ended, *self.further_outcomes)))
