"""Guard facts: what is on record of a case before a step, for commands and audit alike. Pure.

The guard of each step is in the class of its event type, in `casebook/projection/`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from contracts.alert import MAX_JOINED
from contracts.assessment import Route
from contracts.autonomy import Decider
from contracts.effect import EffectStatus
from contracts.kinds import Action, action_spec
from contracts.review import Role, Verdict, may_act_as

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How much the scheduler's clock, by which a deadline passes, may be ahead of the casebook's."""

WITHDRAWS: Role = "manager"
"""Whose rejection, or whose missed deadline, leaves a case unresolved."""

IN_DOUBT: frozenset[EffectStatus] = frozenset({"pending", "unknown"})
"""An effect that may have happened: its result must be found out."""


class OvertakenQuestion(NamedTuple):
    """A question that an alert overtook, whose terms the next one keeps."""

    role: Role
    due_at: datetime
    """The next one is due no later."""


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
    """Of the accepted decision, once it can no longer be taken back."""
    action: Action | None = None
    is_held: bool = False
    """Whether a decision was accepted that can still be taken back: nothing may rest on it yet."""
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
    alert_count: int = 1
    """How many the case has."""
    unseen_alerts: int = 0
    """How many of them joined after the specialists had begun last: nobody has investigated them."""
    rules_ask: tuple[Decider, ...] = ()
    """Whom the rules of its alerts want to decide; looked up where a case is to be cleared automatically."""
    overtaken: OvertakenQuestion | None = None
    """The last question, when an alert joined before it was answered; None once it is asked again."""

    @property
    def is_settled(self) -> bool:
        """Whether the question of the round is decided for good: after a failure nobody is asked again."""
        if self.is_held:
            return True
        if self.verdict == "approve":
            # What has begun is found out first, whatever has changed since.
            return not self.facts_changed or any(self.effects.get(action) in IN_DOUBT for action in self.approved)
        return self.is_given_up

    @property
    def done(self) -> set[str]:
        """The effects that are done, by whichever round's approval."""
        return {action for action, status in self.effects.items() if status == "done"} | self.was_done

    @property
    def approved(self) -> tuple[str, ...]:
        """The effects that a person approved in the current round."""
        return action_spec(self.action).effects if self.verdict == "approve" and self.action is not None else ()

    def why_no_alert(self) -> str | None:
        """Why the case takes no further alert; None when it does."""
        if self.alert_count > MAX_JOINED:
            return f"it has {self.alert_count} alerts already"
        return self.why_alerts_stay()

    def why_alerts_stay(self) -> str | None:
        """Why the alerts of the case may not change any more; None when they may."""
        if self.verdict == "approve" or self.is_held:
            return f"round {self.round} is decided"
        if self.reopens_review:
            return "its investigation failed, and a person is asked about it as it is"
        return "a manager has given it up" if self.is_given_up else None

    @property
    def is_given_up(self) -> bool:
        """Whether a manager rejected, or let the deadline pass."""
        return self.asked_role is not None and self.why_nobody_withdrew() is None

    def why_not_investigated(self) -> str | None:
        """Why nothing may be asked or concluded yet; None when every alert was investigated.

        After a failure of the orchestration a person is asked about the alerts as they are.
        """
        if not self.unseen_alerts or self.reopens_review:
            return None
        return f"{self.unseen_alerts} alerts joined that nobody has investigated"

    def later_round(self, number: int) -> "GuardFacts":
        """The facts at the beginning of a later round."""
        return GuardFacts(
            number,
            self.was_asked,
            effects=self.effects,
            was_done=self.was_done,
            begun_at=self.begun_at,
            alert_count=self.alert_count,
            unseen_alerts=self.unseen_alerts,
            overtaken=self.overtaken,
        )

    def why_nobody_withdrew(self) -> str | None:
        """Why nobody gave the case up; None when the one who may has."""
        if self.asked_role is None or not may_act_as((self.asked_role,), WITHDRAWS):
            return f"no {WITHDRAWS} was asked in round {self.round}"
        if self.is_expired or self.verdict == "reject":
            return None
        return f"the {WITHDRAWS} who was asked neither rejected nor let the deadline pass"
