"""Holding the log of a case against the rules of what must stand before what. Pure: no database, no clock.

The same rules as `casebook.policy.guards` gives the commands: whoever bends a case and writes its log anew, with all
its hashes, must also invent everything that would have had to come before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from casebook.audit.actor_rules import why_not_by
from casebook.audit.reversal_rules import ReversalRules
from casebook.case_log.hash_chain import SYSTEM
from casebook.policy.guards import CLOCK_TOLERANCE, GuardFacts
from casebook.policy.review_terms import Limits
from casebook.projection.event_types import EVENT_TYPES
from contracts.actions import ACTIONS, REFUNDS, RecommendedAction
from contracts.alert import Severity
from contracts.case import CaseEvent, CaseOutcome
from contracts.ids import effect_key, review_id
from contracts.investigation import InvestigationPolicy
from contracts.review import Role, may_act_as
from contracts.words import says_something

Data = Mapping[str, Any]

CLOCKS_AGREE = timedelta(hours=1)
"""By so much the clocks of those who write a log may differ."""


@dataclass
class _Question:
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

    def needs_two(self, action: str | None) -> bool:
        """Whether two people must approve `action`."""
        if self.four_eyes is not None:
            return action in self.four_eyes
        return action != "clear" and self.approvals > 1


@dataclass
class TransitionCheck:
    """Takes the events of one case in order, and says of each whether what came before justifies it."""

    case_id: str
    approved: dict[int, tuple[str, Data]] = field(default_factory=dict[int, tuple[str, Data]])
    """The action of each noted effect and what it says was approved, by the `seq` of its event."""
    limits: Limits | None = None
    """What the case is judged by; None until its first round has begun."""
    concluded: list[tuple[int, Data]] = field(default_factory=list[tuple[int, Data]])
    """What is said of each assessment, and by which event."""
    asked: list[tuple[int, Data]] = field(default_factory=list[tuple[int, Data]])
    """How each question was put, or passed on."""
    decided_on: list[tuple[int, Data, Data | None]] = field(default_factory=list[tuple[int, Data, Data | None]])
    """Each decision, with the first of two approvals."""
    cleared_itself_at: int | None = None
    """The event by which the case closed by itself."""
    _found: GuardFacts = field(default_factory=GuardFacts)
    _questions: dict[str, _Question] = field(default_factory=dict[str, _Question])
    _reversals: ReversalRules = field(default_factory=ReversalRules)
    _begun: set[int] = field(default_factory=set[int])
    """Rounds that have begun with their specialists."""
    _done: set[str] = field(default_factory=set[str])
    """Keys of the effects that are done."""
    _last_at: datetime | None = None
    _just_asked: str | None = None
    """The question that the event before asked: one that goes straight to a manager is escalated at once."""
    _customer: int | None = None
    _severity: Severity = "critical"
    _is_closed: bool = False

    def take(self, event: CaseEvent) -> str | None:
        """Why nothing before it justifies `event`, or None. Raises KeyError, TypeError or ValueError for one that is
        not as it is written."""
        if self._is_closed and not EVENT_TYPES[event.type].follows_closing:
            return "the case was closed before it"
        rule = _RULES.get(event.type)
        reason = None if rule is None else rule(self, event, event.data)
        reason = reason or why_not_by(event) or self._why_not_then(event)
        self._just_asked = str(event.data["review_id"]) if event.type == "review_opened" else None
        return reason

    def _why_not_then(self, event: CaseEvent) -> str | None:
        before, self._last_at = self._last_at, event.at
        return None if before is None or event.at + CLOCKS_AGREE >= before else "it is older than the event before it"

    # Investigating

    def opened(self, _: CaseEvent, data: Data) -> str | None:
        """`case_opened`"""
        self._customer, self._severity = data["alert"]["customer_id"], data["alert"]["severity"]
        return None

    def round_started(self, _: CaseEvent, data: Data) -> str | None:
        """`round_started`"""
        number: int = data["round"]
        reason = self._found.why_not_begun(number)
        if number == 1:
            self.limits = Limits(InvestigationPolicy.model_validate(data["policy"]), self._severity)
        self._begun.add(number)
        if number > self._found.round:
            self._enter(number)
        return reason

    def in_round(self, _: CaseEvent, data: Data) -> str | None:
        """`specialist_started`, `assessed`"""
        return None if data["round"] <= self._found.round else f"round {data['round']} had not begun"

    def specialist_finished(self, _: CaseEvent, data: Data) -> str | None:
        """`specialist_finished`"""
        return None if data["round"] in self._begun else f"round {data['round']} had not begun"

    def assessed(self, event: CaseEvent, data: Data) -> str | None:
        """`assessed`"""
        self.concluded.append((event.seq, data))
        if event.actor == SYSTEM and (not self._found.reopens_review or data["round"] != self._found.round):
            return "only where the orchestration failed is there an assessment without one"
        if data["round"] == self._found.round:
            self._found.route = data.get("route")
        return self.in_round(event, data)

    def orchestration_failed(self, event: CaseEvent, data: Data) -> str | None:
        """`orchestration_failed`"""
        self._found.was_asked = True
        number: int = data["round"]
        if event.actor != SYSTEM:
            return f"{event.actor} is said to have found out"
        if not data["reopens_review"]:
            return None if number == self._found.round else f"the case was in round {self._found.round}"
        reason = self._found.why_not_asked_anew(number)
        for question in self._questions.values():
            question.is_open = False
        if number > self._found.round:
            self._enter(number)
        self._found.reopens_review = True
        return reason

    # Asking and deciding

    def review_opened(self, event: CaseEvent, data: Data) -> str | None:
        """`review_opened`"""
        self.asked.append((event.seq, data))
        number: int = data["round"]
        reason = None if number == self._found.round else self._found.why_no_round(number)
        if data["review_id"] != review_id(self.case_id, number) or data["review_id"] in self._questions:
            reason = "its question is another round's, or was asked before"
        if number > self._found.round:
            self._enter(number)
        for question in self._questions.values():
            question.is_open = False
        self._questions[data["review_id"]] = _Question(
            round=number,
            digest=data["assessment_hash"],
            asked_at=event.at,
            due_at=datetime.fromisoformat(data["due_at"]),
            four_eyes=_actions(data),
            approvals=data["approvals_required"],
        )
        self._found.was_asked = True
        self._found.asked_role = data["required_role"]
        return reason or self._why_too_short(event, data)

    def escalated(self, event: CaseEvent, data: Data) -> str | None:
        """`escalated`"""
        self.asked.append((event.seq, data))
        question = self._questions.get(data["review_id"])
        if question is None or not question.is_open:
            return "nobody was being asked"
        role: Role = data["required_role"]
        reason = None if may_act_as((role,), "manager") else f"it passes the question to the role '{role}'"
        due_at = datetime.fromisoformat(data["due_at"])
        if data["review_id"] != self._just_asked and event.at + CLOCK_TOLERANCE < question.due_at:
            reason = "there was time to answer"
        later = _actions(data)
        if data["approvals_required"] < question.approvals or not {*(later or ())} >= {*(question.four_eyes or ())}:
            reason = "it asks for fewer approvals"
        question.due_at, question.proposal = due_at, None
        self._found.asked_role = role
        return reason or self._why_too_short(event, data)

    def _why_too_short(self, event: CaseEvent, data: Data) -> str | None:
        if self.limits is None:
            return None
        shortest = self.limits.shortest_time(data["required_role"])
        # The step reads the clock before it is logged, and both are the record's.
        in_time = datetime.fromisoformat(data["due_at"]) + CLOCK_TOLERANCE >= event.at + shortest
        return None if in_time else "it leaves too little time to answer, by the limits of the case"

    def expired(self, event: CaseEvent, data: Data) -> str | None:
        """`review_expired`"""
        question = self._questions.get(data["review_id"])
        if question is None or not question.is_open:
            return "nobody was being asked"
        question.is_open = False
        self._found.is_expired = question.round == self._found.round
        return "there was time to answer" if event.at + CLOCK_TOLERANCE < question.due_at else None

    def approval_given(self, event: CaseEvent, data: Data) -> str | None:
        """`approval_given`"""
        question = self._questions.get(data["review_id"])
        if question is None or not question.is_open:
            return "nobody was being asked"
        question.proposal, question.first = (event.actor, data["action"]), data
        said = [approval["approved_by"] for approval in data["approvals"]]
        return None if said == [event.actor] else f"{', '.join(said) or 'nobody'} is said to have approved"

    def approval_withdrawn(self, event: CaseEvent, data: Data) -> str | None:
        """`approval_withdrawn`"""
        question = self._questions.get(data["review_id"])
        if question is None or question.proposal is None:
            return "no approval waited for a second one"
        given_by, _ = question.proposal
        question.proposal = None
        return None if event.actor == given_by else f"it was {given_by}'s approval"

    def decided(self, event: CaseEvent, data: Data) -> str | None:
        """`decision_accepted`"""
        question = self._questions.get(data["review_id"])
        if question is None or not question.is_open or question.round != self._found.round:
            return "nobody was being asked"
        question.is_open = False
        self._found.verdict, self._found.action = data["verdict"], data["action"]
        self.decided_on.append((event.seq, data, question.first if question.proposal is not None else None))
        if question.digest != data["assessment_hash"]:
            return "it answers another question"
        if event.actor != data["decided_by"]:
            return f"{data['decided_by']} is said to have decided"
        decided_at = datetime.fromisoformat(data["decided_at"])
        if not question.asked_at - CLOCKS_AGREE <= decided_at <= event.at + CLOCKS_AGREE:
            return "it says that it was decided at another time"
        if (data["verdict"] == "approve") != (data["action"] is not None):
            return "it does not say what is approved, or approves what is rejected"
        if data["verdict"] == "reject" and not says_something(data["feedback"]):
            return "it rejects without a word"
        return self._why_not_enough(question, data)

    @property
    def _was_rated_critical(self) -> bool:
        rated = any(said.get("level") == "critical" for _, said in self.concluded)
        return rated or self._severity == "critical"

    def _why_not_enough(self, question: _Question, data: Data) -> str | None:
        if data["verdict"] != "approve":
            return None
        is_critical = self.limits is not None and data["action"] == "clear" and self._was_rated_critical
        if not is_critical and not question.needs_two(data["action"]):
            return None
        approvers = {approval["approved_by"] for approval in data.get("approvals") or ()}
        if question.proposal is None or question.proposal[1] != data["action"]:
            return "nobody had given the first of two approvals"
        if len(approvers) < 2 or approvers != {question.proposal[0], data["decided_by"]}:
            return "it takes two people"
        return None

    # Acting and closing

    def facts_changed(self, _: CaseEvent, data: Data) -> str | None:
        """`facts_changed`"""
        if data["round"] != self._found.round or self._found.verdict != "approve":
            return "nothing was approved that could have relied on them"
        self._found.facts_changed = True
        return None

    def effect_noted(self, event: CaseEvent, data: Data) -> str | None:
        """`effect_started`, `effect_finished`"""
        action: str = data["action"]
        is_over, was_begun = event.type == "effect_finished", action in self._found.effects
        reason = self._found.why_no_effect(action, has_begun=is_over and was_begun)
        self._found.effects[action] = data["status"]
        self._found.begun_at.setdefault(action, event.at)
        if data["status"] == "done" and "error" in (data.get("result") or {}):
            return "what it came to is an error"
        if data["status"] == "done":
            self._done.add(data["key"])
        if data["key"] != effect_key(self.case_id, action, str(self._customer)):
            return "it is about another customer"
        approved = data["approved"]
        self.approved[event.seq] = (action, approved)
        asked = review_id(self.case_id, self._found.round)
        if (approved["customer_id"], approved["review_id"]) != (self._customer, asked):
            return "it was approved for another customer, or by another answer"
        return reason or ("nobody is said to have begun it" if is_over and not was_begun else None)

    def closed(self, event: CaseEvent, data: Data) -> str | None:
        """`case_closed`"""
        self._is_closed = True
        outcome: CaseOutcome = data["outcome"]
        if outcome == "auto_cleared":
            self.cleared_itself_at = event.seq
        if data["round"] != self._found.round:
            return f"the case is in round {self._found.round}"
        self._found.patience = None if self.limits is None else self.limits.patience
        return self._found.why_not_closed(outcome, event.at)

    # Reversals

    def reversal_noted(self, event: CaseEvent, _: Data) -> str | None:
        """`reversal_requested`, `reversal_decided`, `reversal_started`, `reversal_finished`"""
        return self._reversals.why_not(event, self._done)

    def _enter(self, number: int) -> None:
        kept = self._found
        self._found = GuardFacts(number, kept.was_asked, effects=kept.effects, begun_at=kept.begun_at)


def why_not_as_approved(approved: Data, assessment: Mapping[str, Any] | None, action: str) -> str | None:
    """Why an effect is not the one that was asked about, by the assessment of its round; None when it is."""
    said = approved["refund_charge_ids"], approved["refund_total"]
    if action not in REFUNDS:
        return None if said == ([], None) else "it refunds charges"
    known = assessment or {}
    if said != (known.get("refund_charge_ids"), known.get("refund_total")):
        return "it refunds other charges, or another total, than were approved"
    return None


def _actions(data: Data) -> tuple[RecommendedAction, ...] | None:
    named = cast("list[RecommendedAction] | None", data.get("four_eyes_actions"))
    return None if named is None else tuple(action for action in named if action in ACTIONS)


_RULES: Mapping[str, Callable[[TransitionCheck, CaseEvent, Data], str | None]] = {
    "case_opened": TransitionCheck.opened,
    "round_started": TransitionCheck.round_started,
    "specialist_started": TransitionCheck.in_round,
    "specialist_finished": TransitionCheck.specialist_finished,
    "assessed": TransitionCheck.assessed,
    "orchestration_failed": TransitionCheck.orchestration_failed,
    "review_opened": TransitionCheck.review_opened,
    "escalated": TransitionCheck.escalated,
    "review_expired": TransitionCheck.expired,
    "approval_given": TransitionCheck.approval_given,
    "approval_withdrawn": TransitionCheck.approval_withdrawn,
    "decision_accepted": TransitionCheck.decided,
    "facts_changed": TransitionCheck.facts_changed,
    "effect_started": TransitionCheck.effect_noted,
    "effect_finished": TransitionCheck.effect_noted,
    "case_closed": TransitionCheck.closed,
    "reversal_requested": TransitionCheck.reversal_noted,
    "reversal_decided": TransitionCheck.reversal_noted,
    "reversal_started": TransitionCheck.reversal_noted,
    "reversal_finished": TransitionCheck.reversal_noted,
}
