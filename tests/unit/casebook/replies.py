"""Cases about replies for the casebook's tests."""

from datetime import timedelta

from contracts.base import Contract
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import InvestigationPolicy
from contracts.reply import HeldReply, ReplyDraft
from contracts.review import Decision, ReviewRequest, Role, Verdict
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON

LIMITS = InvestigationPolicy(approval_timeout_hours=4, escalation_timeout_hours=8)


def a_held_reply(number: int = 1) -> HeldReply:
    return HeldReply(
        turn_id=f"turn-{number}",
        user_id="bob",
        customer_id=None if number % 2 else number,
        message="This is an urgent request about my invoice!",
        received_at=NOON,
        flagged_because=("The message says 'urgent'.",),
    )


def a_draft(round_number: int = 1) -> ReplyDraft:
    return ReplyDraft(round=round_number, text="Your invoice is on its way.", model="casewright-rules-1")


def hold_reply(book: CaseBook, number: int = 1) -> str:
    return book.open_about(a_held_reply(number), LIMITS).case_id


def a_question(
    case: str, about: Contract | None = None, round_number: int = 1, role: Role = "analyst", hours: float = 4
) -> ReviewRequest:
    return ReviewRequest(
        review_id=review_id(case, round_number),
        assessment_hash=content_hash(about or a_draft(round_number)),
        opened_at=NOON,
        due_at=NOON + timedelta(hours=hours),
        required_role=role,
    )


def ask_about_reply(book: CaseBook, number: int = 1) -> ReviewRequest:
    """A held reply that a person is asked about."""
    return book.ask_about(a_question(hold_reply(book, number)), a_draft())


def an_answer(
    question: ReviewRequest, verdict: Verdict = "approve", action: str | None = "send", by: str = "ana"
) -> Decision:
    return Decision(
        review_id=question.review_id,
        assessment_hash=question.assessment_hash,
        verdict=verdict,
        action=action if verdict == "approve" else None,
        feedback="It promises too much." if verdict == "reject" else None,
        decided_by=by,
        decided_at=NOON,
    )
