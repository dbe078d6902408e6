"""Log facts: what the log of a case has said so far that a later event depends on. Pure: no database, no clock.

The guards of the event types (`EventData.guard`) read these facts, and add those of their event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from casebook.policy.four_eyes import APPROVALS_OF_FOUR_EYES, is_every_action
from casebook.policy.guards import CLOCK_TOLERANCE, GuardFacts, OvertakenQuestion
from casebook.policy.order_keys import LastOrder
from casebook.policy.review_terms import Limits, RatedBand, bands_in, rules_ask
from contracts.autonomy import Decider
from contracts.case import CaseEvent
from contracts.kinds import Action
from contracts.severity import Severity, worst_of

Data = Mapping[str, Any]

CLOCKS_AGREE = timedelta(hours=1)
"""How much the clocks of the writers of a log may differ."""

NOBODY_ASKED = "nobody was being asked"


class HeldDecision(NamedTuple):
    """A decision that can still be taken back."""

    said: Data
    until: datetime


@dataclass
class AskedQuestion:
    """A question to a person, as it was put, or passed on."""

    round: int
    digest: str
    asked_at: datetime
    due_at: datetime
    four_eyes: tuple[str, ...] | None
    approvals: int
    is_open: bool = True
    proposal: tuple[str, str] | None = None
    """Who gave a first approval, and of what."""
    first: Data | None = None
    """What they said then."""
    held: HeldDecision | None = None
    """The decision on it, while it can be taken back."""
    withdrawals: int = 0
    """How many decisions on it were taken back."""

    def needs_two(self, action: str | None) -> bool:
        """Whether two people must approve `action`."""
        if self.four_eyes is not None:
            return action in self.four_eyes
        return action != "clear" and self.approvals > 1


@dataclass
class LogFacts:
    """Of one case."""

    case_id: str
    facts: GuardFacts = field(default_factory=GuardFacts)
    """The guard facts, as the commands read them from the tables."""
    customer: int | None = None
    severity: Severity = "critical"
    alerts: dict[str, Severity] = field(default_factory=dict[str, Severity])
    """The alerts that it has, in the order in which they came, and how bad each is."""
    bands: list[RatedBand] = field(default_factory=list[RatedBand])
    """Who decides, by the rules of all alerts that it ever had."""
    limits: Limits | None = None
    """The policy of the case; None until its first round has begun."""
    begun: set[int] = field(default_factory=set[int])
    """Rounds that have begun with their specialists."""
    questions: dict[str, AskedQuestion] = field(default_factory=dict[str, AskedQuestion])
    just_asked: str | None = None
    """The question that the event before asked: one that goes straight to a manager is escalated at once."""
    concluded: list[tuple[int, Data]] = field(default_factory=list[tuple[int, Data]])
    """What is said of each assessment, and by which event."""
    asked: list[tuple[int, Data, Limits | None]] = field(default_factory=list[tuple[int, Data, Limits | None]])
    """How each question was put, or passed on, and the policy of the case then: a worse alert may join later."""
    decided_on: list[tuple[int, Data, Data | None]] = field(default_factory=list[tuple[int, Data, Data | None]])
    """Each decision, with the first of two approvals."""
    approved: dict[int, tuple[str, Data]] = field(default_factory=dict[int, tuple[str, Data]])
    """The action of each noted effect and what it says was approved, by the `seq` of its event."""
    chosen: dict[str, Any] = field(default_factory=dict[str, Any])
    """The refunds that the answer to a question chose, by the question."""
    done: set[str] = field(default_factory=set[str])
    """Keys of the effects that are done."""
    done_for: dict[str, str] = field(default_factory=dict[str, str])
    """The review for whose approval each of them was done, by its key."""
    orders: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The keys of the effects of each action, the oldest first."""
    reversals: dict[str, Data] = field(default_factory=dict[str, Data])
    """What was said last of each reversal."""
    cleared_itself_at: int | None = None
    """The event by which the case was cleared automatically."""
    was_snoozed: bool = False
    under_legal_hold: bool = False
    is_closed: bool = False
    ended_as: str | None = None
    """The outcome of the last closing."""
    reopenings: int = 0

    def enter_round(self, number: int) -> None:
        """A later round than the current one starts over; an earlier one changes nothing."""
        if number > self.facts.round:
            self.facts = self.facts.later_round(number)

    def end_questions(self) -> None:
        """Nobody is asked any more."""
        for question in self.questions.values():
            question.is_open = False

    def take(self, said: Data) -> None:
        """The case has the alert of this event."""
        alert: Data = said["alert"]
        self.alerts[alert["alert_id"]] = alert["severity"]
        self.bands += bands_in(alert, said.get("scored"))

    def rules_ask(self) -> tuple[Decider, ...]:
        """Whom the rules of its alerts want to decide."""
        return rules_ask(self.bands, [said["score"] for _, said in self.concluded])

    def rate(self) -> None:
        """The severity of the case follows from its alerts."""
        if self.alerts:
            self.severity = worst_of(self.alerts.values())
        self.limits = None if self.limits is None else self.limits.for_severity(self.severity)

    def overtake(self, review_id: str | None) -> str | None:
        """The alerts changed, which ends the open question. Why it was not the one that is named; None when it was."""
        asked, facts = self.asked_now(), self.facts
        if (None if asked is None else asked[0]) != review_id:
            return "it overtook another question than the one that was asked"
        if asked is not None and facts.asked_role is not None:
            facts.overtaken = OvertakenQuestion(facts.asked_role, asked[1].due_at)
        self.end_questions()
        return None

    def asked_now(self) -> tuple[str, AskedQuestion] | None:
        """The question that is open, with its id; None when nobody is asked."""
        return next(((name, each) for name, each in self.questions.items() if each.is_open), None)

    def open_question(self, review_id: str) -> AskedQuestion | None:
        """The question, as long as somebody is asked."""
        question = self.questions.get(review_id)
        return question if question is not None and question.is_open else None

    def last_order(self, action: str) -> LastOrder | None:
        """The newest order of this action; None without one."""
        keys = self.orders.get(action)
        if not keys:
            return None
        key = keys[-1]
        undone = any(each["undoes"] == key and each["status"] == "done" for each in self.reversals.values())
        return LastOrder(len(keys), key, key in self.done, self.done_for.get(key), undone)

    def was_rated_critical(self) -> bool:
        """By the alert, or by an assessment in any round."""
        return self.severity == "critical" or any(said.get("level") == "critical" for _, said in self.concluded)

    def why_others_asked(self, data: Data) -> str | None:
        """Why a question goes to others than the rules of the alerts want; None when it does not."""
        wanted = self.rules_ask()
        asks_two = (
            is_every_action(data.get("four_eyes_actions")) and data["approvals_required"] >= APPROVALS_OF_FOUR_EYES
        )
        to_analyst = "manager_first" in wanted and data["required_role"] == "analyst"
        is_weaker = to_analyst or ("two_people" in wanted and not asks_two)
        return "it asks others than the rules of the alerts want" if is_weaker else None

    def why_too_short(self, event: CaseEvent, data: Data) -> str | None:
        """Why a question leaves too little time to answer; None when it leaves enough."""
        if self.limits is None:
            return None
        shortest = self.limits.shortest_time(data["required_role"])
        overtaken = self.facts.overtaken
        least = event.at + shortest if overtaken is None else min(event.at + shortest, overtaken.due_at)
        # The step reads the clock before it is logged, and both are the record's.
        in_time = datetime.fromisoformat(data["due_at"]) + CLOCK_TOLERANCE >= least
        return None if in_time else "it leaves too little time to answer, by the limits of the case"

    def why_other_terms(self, data: Data) -> str | None:
        """Why a question is weaker, or due later, than the one that an alert overtook; None when it is not."""
        overtaken = self.facts.overtaken
        if overtaken is None:
            return None
        if overtaken.role == "manager" and data["required_role"] != "manager":
            return "a manager was asked before an alert joined"
        later = datetime.fromisoformat(data["due_at"]) > overtaken.due_at
        return "it is due later than before an alert joined" if later else None


def named_actions(data: Data) -> tuple[Action, ...] | None:
    """The actions that take two people, by what a question says; None where it does not say."""
    named = cast("list[Action] | None", data.get("four_eyes_actions"))
    return None if named is None else tuple(named)
