"""Events of decisions: a person, or the second of two, decides a review."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from pydantic import TypeAdapter

from casebook.policy.four_eyes import needs_two_by_choice
from casebook.policy.holds import has_effect, latest_end
from casebook.policy.log_facts import CLOCKS_AGREE, NOBODY_ASKED, AskedQuestion, Data, HeldDecision, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Delete, Insert, ProjectedTable, Update
from casebook.projection.event_data import Actors, EventData, Occurrence, require_before
from casebook.projection.questions import PROPOSAL, REVIEW
from casebook.projection.replies import REPLY_TEXT
from casebook.schema.reviews import DecisionRow
from contracts import domain_events
from contracts.base import added_later
from contracts.case import CaseEvent
from contracts.kinds import action_spec, kind_of
from contracts.kinds.reply import SEND_EDITED
from contracts.names import CaseEventType
from contracts.refunds import ChosenRefund
from contracts.review import Decision, Disposition
from contracts.words import says_something

_CHOSEN = TypeAdapter[tuple[ChosenRefund, ...]](tuple[ChosenRefund, ...])
DECISION = ProjectedTable(DecisionRow, ("review_id",), unlogged=("delivered_at",))


class DecisionAccepted(EventData, Decision):
    """The answer counts: nobody else is asked, and nobody works on the case any more."""

    type: ClassVar[CaseEventType] = "decision_accepted"
    actors: ClassVar[Actors] = "people"
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)

    round: int
    previous_disposition: Disposition | None = added_later()
    """What the decision before took the case for."""
    withdrawals: int | None = added_later()
    """How many decisions on this review were taken back before it, where there were any."""

    def dedupe_key(self, previous_seq: int = 0) -> str:
        """A review is decided once, and once more after each time that the decision was taken back."""
        again = () if self.withdrawals is None else (self.withdrawals,)
        return self.named(self.review_id, *again)

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        if self.held_until is None:
            yield domain_events.DecisionAccepted(
                case_id=case_id, review_id=self.review_id, verdict=self.verdict, action=self.action
            )

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        question = log.open_question(data["review_id"])
        if question is None or question.round != log.facts.round:
            return NOBODY_ASKED
        question.is_open = False
        reason = _note_answer(log, question, event, data)
        log.chosen[data["review_id"]] = data.get("refunds")
        log.decided_on.append((event.seq, data, question.first if question.proposal is not None else None))
        if question.digest != data["assessment_hash"]:
            return "it answers another question"
        if event.actor != data["decided_by"]:
            return f"{data['decided_by']} is said to have decided"
        decided_at = datetime.fromisoformat(data["decided_at"])
        if not question.asked_at - CLOCKS_AGREE <= decided_at <= event.at + CLOCKS_AGREE:
            return "it says that it was decided at another time"
        if (data["verdict"] == "approve") != (data["action"] is not None):
            return "it does not say what is approved, or approves what is rejected"
        if (data["action"] == SEND_EDITED) != (data.get("text_hash") is not None):
            return "it does not say what is sent, or says it of what is sent as drafted"
        if data["verdict"] == "approve" and data["action"] not in kind_of(log.case_id).actions:
            return f"nobody can approve '{data['action']}' in a case of its kind"
        if data["verdict"] == "reject" and not says_something(data["feedback"]):
            return "it rejects without a word"
        return reason or _why_not_enough(log, question, data)

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        decision = Decision(**{name: getattr(self, name) for name in Decision.model_fields})
        answer = {name: getattr(self, name) for name in ("review_id", "round", "verdict", "action")}
        yield Insert(DECISION, {**answer, "accepted_seq": at.seq, "on_hold_until": self.held_until}, decision)
        if self.text_hash is not None:
            yield Insert(REPLY_TEXT, {"round": self.round}, self.text_hash)
        yield Update(REVIEW, {"review_id": self.review_id}, {"status": "decided"})
        yield Delete(PROPOSAL)
        case.due_at = None
        require_before(self.previous_disposition, case.disposition)
        case.disposition = self.disposition
        case.end_claim()
        case.end_snooze()


def chosen_refunds(said: Any) -> tuple[ChosenRefund, ...] | None:
    """The refunds that an event says were chosen. Raises ValueError for what is none."""
    return None if said is None else _CHOSEN.validate_python(said)


def _note_answer(log: LogFacts, question: AskedQuestion, event: CaseEvent, data: Data) -> str | None:
    """What may rest on the answer from here on, or once its hold has ended. Why it cannot be held as it says."""
    if data.get("withdrawals") != (question.withdrawals or None):
        return f"{question.withdrawals} decisions on it were taken back before it"
    if data.get("held_until") is None:
        log.facts.verdict, log.facts.action = data["verdict"], data["action"]
        return None
    until = datetime.fromisoformat(data["held_until"])
    log.facts.is_held, question.held = True, HeldDecision(data, until)
    if not has_effect(data["verdict"], data["action"]):
        return "it is held, and does nothing"
    return None if event.at < until <= latest_end(question.due_at) else "it is held for too long, or not at all"


def _why_not_enough(log: LogFacts, question: AskedQuestion, data: Data) -> str | None:
    if data["verdict"] != "approve":
        return None if data.get("refunds") is None else "it rejects, and chooses refunds"
    refunds = chosen_refunds(data.get("refunds"))
    if refunds is not None and not (refunds and action_spec(data["action"]).refunds):
        return "it chooses refunds, and refunds nothing"
    is_critical = log.limits is not None and data["action"] == "clear" and log.was_rated_critical()
    limit = None if log.limits is None else log.limits.policy.four_eyes_refund_minor
    by_choice = needs_two_by_choice(data["action"], refunds, limit, question.four_eyes)
    if not is_critical and not (question.needs_two(data["action"]) if by_choice is None else by_choice):
        return None
    approvers = {approval["approved_by"] for approval in data.get("approvals") or ()}
    if question.proposal is None or question.proposal[1] != data["action"]:
        return "nobody had given the first of two approvals"
    if (question.first or {}).get("refunds") != data.get("refunds"):
        return "the first of two approvals chose other refunds"
    if len(approvers) < 2 or approvers != {question.proposal[0], data["decided_by"]}:
        return "it takes two people"
    return None
