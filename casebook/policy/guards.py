"""Guard facts: what is on record of a case before a step, for commands and audit alike. Pure.

The guard of each step is in the class of its event type, in `casebook/projection/`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.actions import ACTIONS, RecommendedAction
from contracts.assessment import Route
from contracts.effect import EffectStatus
from contracts.review import Role, Verdict, may_act_as

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How much the scheduler's clock, by which a deadline passes, may be ahead of the casebook's."""

WITHDRAWS: Role = "manager"
"""Whose rejection, or whose missed deadline, leaves a case unresolved."""

IN_DOUBT: frozenset[EffectStatus] = frozenset({"pending", "unknown"})
"""An effect that may have happened: its result must be found out."""


@dataclass
class GuardFacts:
    """What is on record of a case before a step. All but `was_asked` and `effects` are of the current round."""

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
    """By their action; of several orders, the newest one's."""
    was_done: set[str] = field(default_factory=set[str])
    """The actions of which an order was done, whatever has come of a later one."""
    begun_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """When each effect was begun, by its action."""
    patience: timedelta | None = None
    """How long an effect in doubt is looked up, by the limits of the case; None where they do not say."""

    @property
    def is_settled(self) -> bool:
        """Whether the question of the round is decided for good: after a failure nobody is asked again."""
        if self.verdict == "approve":
            # What has begun is found out first, whatever has changed since.
            return not self.facts_changed or any(self.effects.get(action) in IN_DOUBT for action in self.approved)
        return self.asked_role is not None and self.why_nobody_withdrew() is None

    @property
    def done(self) -> set[str]:
        """The effects that are done, by whichever round's approval."""
        return {action for action, status in self.effects.items() if status == "done"} | self.was_done

    @property
    def approved(self) -> tuple[str, ...]:
        """The effects that a person approved in the current round."""
        return ACTIONS[self.action].effects if self.verdict == "approve" and self.action is not None else ()

    def why_nobody_withdrew(self) -> str | None:
        """Why nobody gave the case up; None when the one who may has."""
        if self.asked_role is None or not may_act_as((self.asked_role,), WITHDRAWS):
            return f"no {WITHDRAWS} was asked in round {self.round}"
        if self.is_expired or self.verdict == "reject":
            return None
        return f"the {WITHDRAWS} who was asked neither rejected nor let the deadline pass"
