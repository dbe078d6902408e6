"""Records a casebook with cases in every state, as a release leaves it: `docs/testing.md` says how.

Runs with the code of that release, in an empty folder that it is given. A recording is never made again.
"""

import gzip
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, LargeBinary, MetaData, select

from casebook.audit.export import write_json
from casebook.commands.attachments import Upload
from casebook.commands.recovery import MAX_FAILURES
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.workspace_api import WorkspaceApi
from contracts.effect import Effect
from contracts.ids import effect_key
from contracts.investigation import ReviewOpening
from contracts.journal import JournalEntry
from contracts.report import SPECIALISTS
from contracts.review import Verdict
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    SteppingClock,
    a_benign_assessment,
    a_decision,
    a_report,
    an_assessment,
    an_effect,
    an_escalation,
    an_opening,
    ask,
    begin,
    carry_out,
    closing,
    conclude,
    evidence_of,
    investigate,
    open_case,
    pass_time,
    put,
)

NOT_OF_A_CASEBOOK = ("case_fts", "casebook_version", "sqlite_")
Tell = Callable[[CaseBook, str], object]


def main() -> None:
    """Writes `rows.jsonl.gz`, and two cases as they are exported."""
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as place:
        engine = open_engine(f"sqlite:///{place}/casebook.db")
        upgrade(engine)
        book = CaseBook(Transactions(engine, SteppingClock()))
        names: dict[str, str] = {}
        for number, (name, tell) in enumerate(CASES.items(), start=1):
            case = names[name] = open_case(book, number)
            if tell is not unscheduled:
                book.confirm(scheduled=[case])
            tell(book, case)
        broken = book.verify_case_log()
        assert broken is None, broken
        for name in EXPORTED:
            parts = write_json(
                book.snapshot(names[name]), lambda file, case=names[name]: book.read_attachment(case, file)
            )
            _write(folder / f"{name.replace(' ', '-')}.json.gz", b"".join(parts))
        rows = json.dumps({"cases": names}) + "\n" + "".join(map(_line, _rows(engine)))
        _write(folder / "rows.jsonl.gz", rows.encode())
        engine.dispose()


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(gzip.compress(content, mtime=0))


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.isoformat()}+00:00"
    return value.hex() if isinstance(value, bytes) else str(value)


def _rows(engine: Engine) -> list[dict[str, Any]]:
    tables = MetaData()
    tables.reflect(engine)
    found: list[dict[str, Any]] = []
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            if table.name.startswith(NOT_OF_A_CASEBOOK):
                continue
            kept = [column for column in table.columns if column.computed is None]
            assert all(not isinstance(column.type, LargeBinary) or column.name == "content" for column in kept)
            rows = connection.execute(select(*kept).order_by(*table.primary_key.columns)).mappings()
            found += [{"table": table.name, "row": dict(row)} for row in rows]
    return found


def unscheduled(book: CaseBook, case: str) -> None:
    """It was opened, and the scheduler has not heard of it."""


def _some_reports(book: CaseBook, case: str) -> None:
    begin(book, case)
    for specialist in SPECIALISTS[:2]:
        book.start_specialist(case, 1, specialist)
    book.save_report(case, a_report(SPECIALISTS[0]), [evidence_of(1, SPECIALISTS[0])])
    _call_models(book, case)


def _call_models(book: CaseBook, case: str) -> None:
    for number, price in enumerate(("0.000123", None), start=1):
        cost = price and Decimal(price)
        use = ModelUse(round=1, agent="usage", model="m-1", input_tokens=100, output_tokens=20, cost_usd=cost)
        book.save_journal(case, [JournalEntry(f"r1-usage-m{number}", "{}", use)])
    book.save_journal(case, [JournalEntry("r1-usage-t1", '{"calls": []}')])


def _awaiting(book: CaseBook, case: str) -> None:
    workspace = WorkspaceApi(book.transactions)
    _call_models(book, case)
    opening = ask(book, case)
    workspace.add_note(case, "ana", "Called the customer.")
    workspace.add_attachment(case, "ben", Upload("call.txt", "text/plain", b"He was in Lisbon."))
    workspace.claim(case, "ana")
    book.remind(case, opening.review.review_id, NOON + timedelta(hours=48))


def _decide(book: CaseBook, opening: ReviewOpening, verdict: Verdict = "approve") -> None:
    said = a_decision(opening, verdict, opening.assessment.recommended_action)
    book.accept_decision(said.model_copy(update={"decided_at": book.transactions.now()}), MANAGER)


def _first_approval(book: CaseBook, case: str) -> None:
    opening = an_opening(case, an_assessment(action="lock_and_refund"))
    terms = {"four_eyes_actions": ("lock_and_refund",), "approvals_required": 2}
    put(book, opening.model_copy(update={"review": opening.review.model_copy(update=terms)}))
    _decide(book, opening)


def _rejected(book: CaseBook, case: str) -> None:
    _decide(book, ask(book, case), "reject")


def _second_round(book: CaseBook, case: str) -> None:
    _rejected(book, case)
    begin(book, case, 2)


def _asked_again(book: CaseBook, case: str) -> None:
    _rejected(book, case)
    ask(book, case, 2)


def _escalated(book: CaseBook, case: str) -> None:
    opening = ask(book, case)
    pass_time(book)
    book.escalate(an_escalation(opening, 400))


def _approved(book: CaseBook, case: str) -> None:
    _decide(book, ask(book, case))


def _acting(book: CaseBook, case: str) -> None:
    _approved(book, case)
    book.start_effect(case, an_effect(case))


def _in_doubt(book: CaseBook, case: str) -> None:
    _approved(book, case)
    carry_out(book, case, "unknown")


def _half_done(book: CaseBook, case: str) -> None:
    opening = an_opening(case, an_assessment(action="lock_and_refund"))
    put(book, opening)
    _decide(book, opening)
    carry_out(book, case)
    book.start_effect(case, an_effect(case, "refund_charges"))


def _cleared_by_itself(book: CaseBook, case: str) -> None:
    conclude(book, case, a_benign_assessment())
    book.close_case(closing(case, "auto_cleared"))


def _locked(book: CaseBook, case: str) -> None:
    _approved(book, case)
    carry_out(book, case)
    book.close_case(closing(case))


def _reversed(book: CaseBook, case: str) -> None:
    _half_done(book, case)
    book.finish_effect(case, an_effect(case, "refund_charges", "done"))
    book.close_case(closing(case, "locked_and_refunded"))
    refund = effect_key(case, "refund_charges", case.rsplit("-", 1)[-1])
    book.request_reversal(case, refund, "The customer bought it.", subject="ana", roles=MANAGER)
    reversal = book.decide_reversal(case, 1, "approve", None, subject="ben", roles=MANAGER)
    key = f"{case}:reverse_refund:{case.rsplit('-', 1)[-1]}:1"
    undone = Effect(key=key, action="reverse_refund", status="pending")
    book.start_reversal(case, reversal.reversal_id, undone)
    book.finish_reversal(case, reversal.reversal_id, undone.model_copy(update={"status": "done"}))


def _reversal_requested(book: CaseBook, case: str) -> None:
    _locked(book, case)
    lock = effect_key(case, "lock_account", case.rsplit("-", 1)[-1])
    book.request_reversal(case, lock, "Lisbon.", subject="ana", roles=MANAGER)


def _failed(book: CaseBook, case: str) -> None:
    _approved(book, case)
    carry_out(book, case, "failed")
    book.close_case(closing(case, "failed"))


def _stalled(book: CaseBook, case: str) -> None:
    investigate(book, case)
    for _ in range(MAX_FAILURES):
        book.confirm(scheduled=[case])
        book.recover_case(case, "The investigation failed.")


def _under_legal_hold(book: CaseBook, case: str) -> None:
    _cleared_by_itself(book, case)
    WorkspaceApi(book.transactions).place_legal_hold(case, "maria", "The court asked for it.")


CASES: dict[str, Tell] = {
    "escalated": _escalated,
    "unscheduled": unscheduled,
    "some reports": _some_reports,
    "assessed": investigate,
    "awaiting review": _awaiting,
    "first of two approvals": _first_approval,
    "rejected": _rejected,
    "in its second round": _second_round,
    "asked again": _asked_again,
    "approved": _approved,
    "acting": _acting,
    "in doubt": _in_doubt,
    "half done": _half_done,
    "cleared by itself": _cleared_by_itself,
    "locked": _locked,
    "reversed": _reversed,
    "reversal requested": _reversal_requested,
    "failed": _failed,
    "stalled": _stalled,
    "under a legal hold": _under_legal_hold,
}
"""By what has become of them."""
EXPORTED = ("awaiting review", "reversed")

if __name__ == "__main__":
    main()
