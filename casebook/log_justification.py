"""Holding the log of a case against the rules of what must stand before what. Pure: no database, no clock.

The same rules as `casebook.justification` gives the commands: whoever bends a case and writes its log anew, with all
its hashes, must also invent everything that would have had to come before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from casebook.justification import CLOCK_TOLERANCE, Precedents
from contracts.assessment import EFFECTS_OF, RecommendedAction
from contracts.case import CaseEvent, CaseOutcome
from contracts.ids import effect_key, review_id
from contracts.review import Role, may_act_as

Data = Mapping[str, Any]

AFTER_THE_END = frozenset(
    {
        "note_added",
        "attachment_added",
        "claim_released",
        "reversal_requested",
        "reversal_decided",
        "reversal_started",
        "reversal_finished",
    }
)
"""What may still happen to a closed case."""


@dataclass
class _Question:
    round: int
    digest: str
    due_at: datetime
    four_eyes: tuple[str, ...] | None
    approvals: int
    is_open: bool = True
    proposal: tuple[str, str] | None = None
    """Who gave a first approval, and of what."""

    def needs_two(self, action: str | None) -> bool:
        """Whether two people must approve `action`."""
        if self.four_eyes is not None:
            return action in self.four_eyes
        return action != "clear" and self.approvals > 1


@dataclass
class LogJustification:
    """Takes the events of one case in order, and says of each whether what came before justifies it."""

    case_id: str
    approved: dict[int, tuple[str, Data]] = field(default_factory=dict[int, tuple[str, Data]])
    """The action of each noted effect and what it says was approved, by the `seq` of its event."""
    _found: Precedents = field(default_factory=Precedents)
    _questions: dict[str, _Question] = field(default_factory=dict[str, _Question])
    _reversals: dict[str, Data] = field(default_factory=dict[str, Data])
    _done: set[str] = field(default_factory=set[str])
    """Keys of the effects that are done."""
    _just_asked: str | None = None
    """The question that the event before asked: one that goes straight to a manager is escalated at once."""
    _customer: int | None = None
    _is_closed: bool = False
    _has_limits: bool = False
    """Whether the log says what the case is judged by: earlier releases did not, and let a later round close by
    itself."""

    def take(self, event: CaseEvent) -> str | None:
        """Why nothing before it justifies `event`, or None. Raises KeyError, TypeError or ValueError for one that is
        not as any release writes it."""
        if self._is_closed and event.type not in AFTER_THE_END:
            return "the case was closed before it"
        rule = _RULES.get(event.type)
        reason = None if rule is None else rule(self, event, event.data)
        self._just_asked = str(event.data["review_id"]) if event.type == "review_opened" else None
        return reason

    # Investigating

    def opened(self, _: CaseEvent, data: Data) -> str | None:
        """`case_opened`"""
        self._customer = data["alert"]["customer_id"]
        return None

    def round_started(self, _: CaseEvent, data: Data) -> str | None:
        """`round_started`"""
        self._has_limits = self._has_limits or "policy" in data
        number: int = data["round"]
        reason = self._found.why_not_begun(number)
        if number > self._found.round:
            self._enter(number)
        return reason

    def in_round(self, _: CaseEvent, data: Data) -> str | None:
        """`specialist_started`, `specialist_finished`"""
        return None if data["round"] <= self._found.round else f"round {data['round']} had not begun"

    def assessed(self, event: CaseEvent, data: Data) -> str | None:
        """`assessed`"""
        if data["round"] == self._found.round:
            self._found.route = data.get("route")
        return self.in_round(event, data)

    # Asking and deciding

    def review_opened(self, _: CaseEvent, data: Data) -> str | None:
        """`review_opened`"""
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
            due_at=datetime.fromisoformat(data["due_at"]),
            four_eyes=_actions(data),
            approvals=data["approvals_required"],
        )
        self._found.was_asked = True
        self._found.asked_role = data["required_role"]
        return reason

    def escalated(self, event: CaseEvent, data: Data) -> str | None:
        """`escalated`"""
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
        return reason

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
        question.proposal = (event.actor, data["action"])
        return None

    def approval_withdrawn(self, _: CaseEvent, data: Data) -> str | None:
        """`approval_withdrawn`"""
        question = self._questions.get(data["review_id"])
        if question is None or question.proposal is None:
            return "no approval waited for a second one"
        question.proposal = None
        return None

    def decided(self, event: CaseEvent, data: Data) -> str | None:
        """`decision_accepted`"""
        question = self._questions.get(data["review_id"])
        if question is None or not question.is_open or question.round != self._found.round:
            return "nobody was being asked"
        question.is_open = False
        self._found.verdict, self._found.action = data["verdict"], data["action"]
        if question.digest != data["assessment_hash"]:
            return "it answers another question"
        if event.actor != data["decided_by"]:
            return f"{data['decided_by']} is said to have decided"
        return self._why_not_enough(question, data)

    def _why_not_enough(self, question: _Question, data: Data) -> str | None:
        if data["verdict"] != "approve" or not question.needs_two(data["action"]):
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
        has_begun = event.type == "effect_finished" and action in self._found.effects
        reason = self._found.why_no_effect(action, has_begun=has_begun)
        self._found.effects[action] = data["status"]
        if data["status"] == "done":
            self._done.add(data["key"])
        if data["key"] != effect_key(self.case_id, action, str(self._customer)):
            return "it is about another customer"
        approved = data.get("approved")
        if approved is not None:
            self.approved[event.seq] = (action, approved)
            asked = review_id(self.case_id, self._found.round)
            if (approved["customer_id"], approved["review_id"]) != (self._customer, asked):
                return "it was approved for another customer, or by another answer"
        return reason

    def closed(self, _: CaseEvent, data: Data) -> str | None:
        """`case_closed`"""
        self._is_closed = True
        outcome: CaseOutcome = data["outcome"]
        if outcome == "auto_cleared" and not self._has_limits and self._found.route == "auto_clear":
            return None
        return self._found.why_not_closed(outcome)

    # Taking back

    def reversal_requested(self, event: CaseEvent, data: Data) -> str | None:
        """`reversal_requested`"""
        self._reversals[data["reversal_id"]] = data
        if data["undoes"] not in self._done:
            return "what it takes back was not done"
        return None if event.actor == data["requested_by"] else f"{data['requested_by']} is said to have asked"

    def reversal_decided(self, event: CaseEvent, data: Data) -> str | None:
        """`reversal_decided`"""
        asked = self._reversals.get(data["reversal_id"])
        if asked is None or asked["status"] != "requested" or asked["undoes"] != data["undoes"]:
            return "nobody had asked for it"
        self._reversals[data["reversal_id"]] = data
        if data["status"] == "approved" and data["decided_by"] == asked["requested_by"]:
            return "it takes another person than the one who asked"
        return None if event.actor == data["decided_by"] else f"{data['decided_by']} is said to have decided"

    def reversal_carried_out(self, _: CaseEvent, data: Data) -> str | None:
        """`reversal_started`, `reversal_finished`"""
        known = self._reversals.get(data["reversal_id"])
        if known is None or known["status"] in ("requested", "refused") or known["undoes"] != data["undoes"]:
            return "nobody had approved it"
        self._reversals[data["reversal_id"]] = data
        return None

    def _enter(self, number: int) -> None:
        self._found = Precedents(number, self._found.was_asked, effects=self._found.effects)


def why_not_as_approved(approved: Data, assessment: Mapping[str, Any] | None, action: str) -> str | None:
    """Why an effect is not the one that was asked about, by the assessment of its round; None when it is."""
    said = approved["refund_charge_ids"], approved["refund_total"]
    if action != "refund_charges":
        return None if said == ([], None) else "it refunds charges"
    known = assessment or {}
    if said != (known.get("refund_charge_ids"), known.get("refund_total")):
        return "it refunds other charges, or another total, than were approved"
    return None


def _actions(data: Data) -> tuple[RecommendedAction, ...] | None:
    named = cast("list[RecommendedAction] | None", data.get("four_eyes_actions"))
    return None if named is None else tuple(action for action in named if action in EFFECTS_OF)


_RULES: Mapping[str, Callable[[LogJustification, CaseEvent, Data], str | None]] = {
    "case_opened": LogJustification.opened,
    "round_started": LogJustification.round_started,
    "specialist_started": LogJustification.in_round,
    "specialist_finished": LogJustification.in_round,
    "assessed": LogJustification.assessed,
    "review_opened": LogJustification.review_opened,
    "escalated": LogJustification.escalated,
    "review_expired": LogJustification.expired,
    "approval_given": LogJustification.approval_given,
    "approval_withdrawn": LogJustification.approval_withdrawn,
    "decision_accepted": LogJustification.decided,
    "facts_changed": LogJustification.facts_changed,
    "effect_started": LogJustification.effect_noted,
    "effect_finished": LogJustification.effect_noted,
    "case_closed": LogJustification.closed,
    "reversal_requested": LogJustification.reversal_requested,
    "reversal_decided": LogJustification.reversal_decided,
    "reversal_started": LogJustification.reversal_carried_out,
    "reversal_finished": LogJustification.reversal_carried_out,
}
