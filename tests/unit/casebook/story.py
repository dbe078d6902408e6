"""The story of four cases that has something in every table, for what reads and audits them."""

from datetime import timedelta
from decimal import Decimal

from casebook.commands.attachments import Upload
from casebook.commands.recovery import MAX_FAILURES
from casebook.workspace_api import WorkspaceApi
from contracts.effect import Effect
from contracts.hashing import content_hash
from contracts.ids import effect_key
from contracts.journal import JournalEntry
from contracts.reply import EditedReply
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    ANALYST,
    MANAGER,
    NOON,
    a_decision,
    an_assessment,
    an_effect,
    an_escalation,
    an_opening,
    ask,
    closing,
    investigate,
    open_case,
    pass_time,
    put,
)
from tests.unit.casebook.replies import an_answer, ask_about_reply


def tell(book: CaseBook, workspace: WorkspaceApi) -> str:
    """A case with something in every table, one with a first approval, a broken one, two replies: the first."""
    case = open_case(book, 1)
    for number, price in enumerate(("0.000123", "0.000456", None), start=1):
        use = ModelUse(
            round=1,
            agent="usage" if price else "billing",
            model="m-1",
            input_tokens=100,
            output_tokens=20,
            cost_usd=price and Decimal(price),
        )
        book.save_journal(case, [JournalEntry(f"r1-{use.agent}-m{number}", "{}", use)])
    book.save_journal(case, [JournalEntry("r1-usage-t1", '{"calls": []}')])
    workspace.add_note(case, "ana", "Called the customer.")
    rejected = ask(book, case)
    workspace.claim(case, "ana")
    book.remind(case, rejected.review.review_id, NOON + timedelta(hours=48))
    book.accept_decision(a_decision(rejected, "reject"), MANAGER)
    investigate(book, case, 2)
    opening = an_opening(case, an_assessment(2))
    book.open_review(opening)
    pass_time(book)
    book.escalate(an_escalation(opening))
    workspace.add_attachment(case, "ben", Upload("call.txt", "text/plain", b"He was in Lisbon."))
    book.accept_decision(a_decision(opening, decided_by="ben"), MANAGER)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    book.close_case(closing(case, round_number=2))
    book.request_reversal(case, effect_key(case, "lock_account", "1"), "Lisbon.", subject="ana", roles=MANAGER)
    reversal = book.decide_reversal(case, 1, "approve", None, subject="ben", roles=MANAGER)
    undone = Effect(key=f"{case}:unlock_account:1:1", action="unlock_account", status="done")
    book.start_reversal(case, reversal.reversal_id, undone.model_copy(update={"status": "pending"}))
    book.finish_reversal(case, reversal.reversal_id, undone)

    waiting = an_opening(open_case(book, 2), an_assessment(action="lock_and_refund"))
    review = waiting.review.model_copy(update={"four_eyes_actions": ("lock_and_refund",), "approvals_required": 2})
    put(book, waiting.model_copy(update={"review": review}))
    book.accept_decision(a_decision(waiting, action="lock_and_refund"), MANAGER)
    workspace.snooze(waiting.case_id, "ben", MANAGER, until_activity=True, reason="The customer rings back.")
    workspace.place_legal_hold(waiting.case_id, "ben", "The court asked for it.")
    broken = open_case(book, 3)
    investigate(book, broken)
    for _ in range(MAX_FAILURES):
        book.recover_case(broken, "The investigation failed.", unstarted=True)
    ask_about_reply(book)
    edited = EditedReply(text="It is on its way since Monday.")
    answer = an_answer(ask_about_reply(book, 2), action="send_edited")
    said = {"text_hash": content_hash(edited), "decided_at": book.transactions.now()}
    book.accept_decision(answer.model_copy(update=said), ANALYST, edited)
    return case
