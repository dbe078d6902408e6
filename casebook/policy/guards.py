"""What must stand on record before a step of a case: the rules in one place, for commands and audit alike. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.actions import ACTIONS, RecommendedAction
from contracts.assessment import Route
from contracts.case import CaseOutcome
from contracts.effect import EffectStatus
from contracts.review import Role, Verdict, may_act_as

CLOCK_TOLERANCE = timedelta(seconds=60)
"""By so much the scheduler's clock, which says that a deadline has passed, may be ahead of the casebook's."""

EFFECTS_BEHIND: Mapping[CaseOutcome, set[str]] = {spec.outcome: set(spec.effects) for spec in ACTIONS.values()}
"""What must be done when a case ends like this."""

WITHDRAWS: Role = "manager"
"""Whose rejection, or whose missed deadline, leaves a case unresolved."""

IN_DOUBT: frozenset[EffectStatus] = frozenset({"pending", "unknown"})
"""An effect that may have happened: what came of it must be found out."""

UNDONE: frozenset[EffectStatus] = frozenset({"failed", "unknown"})
"""How an approved effect stands with which a case ends as `failed`: refused for good, or in doubt for good."""


@dataclass
class GuardFacts:
    """What is on record of a case that a step can rest on. All but `was_asked` and `effects`: of the current round."""

    round: int = 1
    was_asked: bool = False
    """Whether a person was ever asked in this case, or is to be because its orchestration failed."""
    route: Route | None = None
    """Where the assessment sends the case, as it was concluded."""
    asked_role: Role | None = None
    """Who is asked, or was; null: nobody."""
    is_expired: bool = False
    """Whether nobody answered in time."""
    verdict: Verdict | None = None
    """Of the accepted decision."""
    action: RecommendedAction | None = None
    facts_changed: bool = False
    """Whether what the approval relied on has changed."""
    reopens_review: bool = False
    """Whether the orchestration failed and a person is asked because of that: nothing else begins in this round."""
    effects: dict[str, EffectStatus] = field(default_factory=dict[str, EffectStatus])
    """By their action."""
    begun_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """When each effect was begun, by its action."""
    patience: timedelta | None = None
    """How long an effect in doubt is looked up, by the limits of the case; None where they do not say."""

    def why_no_round(self, wanted: int) -> str | None:
        """Why the round after the current one may not begin; None when it may."""
        if wanted != self.round + 1:
            return f"the case is in round {self.round}"
        if self.verdict == "reject" or self.facts_changed:
            return None
        return f"nobody rejected round {self.round}, and nothing that its approval relied on has changed"

    def why_not_begun(self, wanted: int) -> str | None:
        """Why a round may not begin with its specialists; None when it may."""
        if wanted != self.round:
            return self.why_no_round(wanted)
        if self.reopens_review and wanted > 1:
            # The first may still begin, for the limits of the case: what is asked about in it is on record already.
            return "the orchestration failed, so a person is asked first"
        return None if self.asked_role is None else "a person was asked about it already"

    def why_not_asked_anew(self, wanted: int) -> str | None:
        """Why a person may not be asked in a round because the orchestration failed; None when that may be."""
        if wanted not in (self.round, self.round + 1):
            return f"the case is in round {self.round}"
        if self.is_settled:
            return f"what was answered in round {self.round} stands"
        if wanted == self.round and self.asked_role is not None:
            return "a person was asked about it already"
        return None

    @property
    def is_settled(self) -> bool:
        """Whether the question of the round has its last answer: nobody is asked anew when the orchestration fails."""
        if self.verdict == "approve":
            # What has begun is found out first, whatever has changed since.
            return not self.facts_changed or any(self.effects.get(action) in IN_DOUBT for action in self._approved)
        return self.asked_role is not None and self._why_nobody_withdrew() is None

    def why_no_effect(self, action: str, *, has_begun: bool) -> str | None:
        """Why an effect may not happen; None when it may. Changed facts end an approval, but not what has begun."""
        if action not in self._approved:
            return f"no accepted decision on round {self.round} approves it"
        if self.facts_changed and not has_begun:
            return f"what the approval of round {self.round} relied on has changed"
        return None

    def why_not_closed(self, outcome: CaseOutcome, now: datetime) -> str | None:
        """Why the case may not end with `outcome`; None when it may."""
        if outcome == "auto_cleared":
            return self._why_not_by_itself()
        if outcome == "unresolved":
            return f"{', '.join(sorted(self.done))} is done" if self.done else self._why_nobody_withdrew()
        if outcome == "failed":
            return self._why_not_failed(now)
        if self.done != EFFECTS_BEHIND[outcome]:
            return f"what is done by its record is {', '.join(sorted(self.done)) or 'nothing'}"
        if self.verdict == "approve" and self.action is not None and self.done >= set(ACTIONS[self.action].effects):
            return None
        # What an earlier round's approval did stays done, although nobody approves the rest.
        if self.done and self._why_nobody_withdrew() is None:
            return None
        return f"no accepted decision on round {self.round} approves it"

    @property
    def done(self) -> set[str]:
        """The effects that are done, by whichever round's approval."""
        return {action for action, status in self.effects.items() if status == "done"}

    @property
    def _approved(self) -> tuple[str, ...]:
        """The effects that a person approved in the current round."""
        return ACTIONS[self.action].effects if self.verdict == "approve" and self.action is not None else ()

    def _why_not_by_itself(self) -> str | None:
        if self.was_asked:
            return "a person was asked, so a person decides"
        if self.route != "auto_clear":
            return f"the assessment on record of round {self.round} does not say so"
        return None

    def _why_not_failed(self, now: datetime) -> str | None:
        """Whatever else goes wrong goes to a person."""
        if any(self._is_undone(action, now) for action in self._approved):
            return None
        return f"nothing that was approved in round {self.round} has failed, or is in doubt for good"

    def _is_undone(self, action: str, now: datetime) -> bool:
        """Whether an effect was refused, or nobody found out for as long as the limits say: whoever says so sooner."""
        status, begun_at = self.effects.get(action), self.begun_at.get(action)
        if status != "unknown" or self.patience is None or begun_at is None:
            return status in UNDONE
        return now + CLOCK_TOLERANCE >= begun_at + self.patience

    def _why_nobody_withdrew(self) -> str | None:
        if self.asked_role is None or not may_act_as((self.asked_role,), WITHDRAWS):
            return f"no {WITHDRAWS} was asked in round {self.round}"
        if self.is_expired or self.verdict == "reject":
            return None
        return f"the {WITHDRAWS} who was asked neither rejected nor let the deadline pass"
