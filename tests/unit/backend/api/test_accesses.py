"""What people saw is on record: once, apart from the case, and whole after an orderly stop."""

import re
from collections.abc import Mapping
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import Engine

from backend.services import access_recorder
from backend.services.access_recorder import AccessRecorder
from backend.wiring import Wiring
from casebook.chat_api import ChatApi
from casebook.commands.attachments import Upload
from casebook.commands.chat_messages import NewMessage
from casebook.database.transactions import Transactions
from casebook.errors import CasebookFull, CasebookUnavailable
from casebook.policy.chat_limits import DEFAULT_LIMITS
from contracts.accesses import Access, AccessKind
from tests.bench.casebook import fill as fill_to
from tests.support.casebooks import CaseBook
from tests.unit.backend.api.test_roles import routes
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import RunningBackend, answering, case_in_review, signed_in
from tests.unit.casebook.builders import NOON, open_case

pytestmark = pytest.mark.anyio

RECORDED: Mapping[str, AccessKind | None] = {
    "GET /api/cases/{case_id}": "case_viewed",
    "GET /api/cases/{case_id}/history": "case_viewed",
    "GET /api/cases/{case_id}/audit": "case_viewed",
    "GET /api/cases/{case_id}/notes": "case_viewed",
    "GET /api/cases/{case_id}/attachments": "case_viewed",
    "GET /api/cases/{case_id}/evidence/{evidence_id}": "evidence_read",
    "GET /api/cases/{case_id}/alerts/{alert_id}/drawings": "case_viewed",
    "GET /api/cases/{case_id}/attachments/{attachment_id}": "attachment_read",
    "GET /api/cases/{case_id}/export": "case_exported",
    "GET /api/cases/{case_id}/regulatory-report": "case_reported",
    "GET /api/cases/{case_id}/accesses": "accesses_read",
    "GET /api/accesses": "accesses_read",
    "GET /api/exports/cases": "cases_exported",
    "GET /api/conversations/{user_id}": "conversation_read",
    # Lists, and what the scheduler says of an orchestration, show no record of a case.
    "GET /api/alerts": None,
    "GET /api/sessions": None,
    "GET /api/security-log": None,
    "GET /api/cases": None,
    "GET /api/cases/counts": None,
    "GET /api/cases/next": None,
    "GET /api/chat/{turn_id}": None,
    "GET /api/analytics": None,
    "GET /api/analytics/{user_id}": None,
    "GET /api/telemetry/dead-letters": None,
    "GET /api/telemetry/dead-letters/counts": None,
    "GET /api/detection/rules": None,
    "GET /api/detection/rules/{rule_id}": None,
    "GET /api/detection/score": None,
    "GET /api/detection/rules/{rule_id}/precision": None,
    "GET /api/detection/rules/{rule_id}/back-tests": None,
    "GET /api/detection/back-tests/sources": None,
    "GET /api/detection/back-tests/{back_test_id}": None,
    "GET /api/detection/snoozes": None,
    "GET /api/detection/suppressions": None,
    "GET /api/schedules": None,
    "GET /api/conversations": None,
    "GET /api/config": None,
    "GET /api/assignment": None,
    "GET /api/desk-log": None,
    "GET /api/events/stream": None,
    "GET /api/ingest": None,
    "GET /api/people": None,
    "GET /api/service": None,
    "GET /api/session": None,
    "GET /api/session/sign-in": None,
    "GET /api/session/callback": None,
    "GET /api/spend": None,
    "GET /api/views": None,
    "GET /api/tasks": None,
    "GET /api/tasks/{task_id}": None,
    "GET /api/subscriptions": None,
    "GET /api/subscriptions/{subscription_id}": None,
    "GET /api/subscriptions/{subscription_id}/dead-letters": None,
    "GET /api/workflow/status/{instance_id}": None,
}
MANAGER = signed_in("maria")


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    """Its clock stands still: all that is seen is seen within one window."""
    return CaseBook(Transactions(engine, lambda: NOON))


def accesses(book: CaseBook) -> list[Access]:
    return [*book.list(limit=500).items]


def test_the_table_names_every_route_that_reads() -> None:
    reading = {route for route in routes() if route.startswith("GET /api/")}
    assert reading == RECORDED.keys(), "say in RECORDED what a new route puts on the access record"


@pytest.mark.parametrize("route", [route for route, kind in RECORDED.items() if kind is not None])
async def test_route_that_shows_a_record_is_recorded(wiring: Wiring, book: CaseBook, route: str) -> None:
    case = case_in_review(book).case_id
    file = book.add_attachment(case, "ana", Upload("a.txt", "text/plain", b"A."))
    ChatApi(book.transactions).post_message(NewMessage("turn-1", "bob", "Hello", {}, (), None), DEFAULT_LIMITS)
    ids = {
        "case_id": case,
        "evidence_id": "r1-usage-1",
        "alert_id": "impossible_travel-1",
        "attachment_id": file.attachment_id,
        "user_id": "bob",
    }
    path = re.sub(r"\{(\w+)\}", lambda named: ids[named[1]], route.removeprefix("GET "))
    async with answering(wiring, persona="maria") as client:
        for _ in range(3):
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text
        unknown = await client.get(path.replace(case, "case-nobody"))
    # Whoever is told that there is nothing has seen nothing.
    assert unknown.status_code == (404 if case in path else 200)
    found = [each for each in accesses(book) if each.kind == RECORDED[route]]
    is_export = RECORDED[route] in ("case_exported", "case_reported", "cases_exported")
    times = (3 if is_export else 1) + (1 if is_export and case not in path else 0)
    assert [each.subject for each in found] == ["maria"] * times
    assert {each.case_id for each in found} == ({case} if case in path else {None})
    assert book.audit().broken is None


async def test_page_that_reloads_is_one_view(wiring: Wiring, book: CaseBook) -> None:
    case = open_case(book)
    before = book.get_fraud_case(case)
    written: list[object] = []
    async with answering(wiring) as client:
        record = wiring.services.access_record.blocking.record
        wiring.services.access_record.record = _counted(record, written)
        for _ in range(1_000):
            assert (await client.get(f"/api/cases/{case}")).status_code == 200
            await wiring.services.accesses.write()
    assert len(accesses(book)) == len(written) == 1
    assert book.get_fraud_case(case) == before


def _counted(record: Any, written: list[object]) -> Any:
    async def count(seen: Any) -> int:
        written.append(seen)
        return record(seen)

    return count


async def test_other_backend_repeats_no_view(wiring: Wiring, book: CaseBook) -> None:
    case = open_case(book)
    record = wiring.services.access_record
    for backend in (AccessRecorder(record, lambda: NOON), AccessRecorder(record, lambda: NOON)):
        await backend.saw("ana", "case_viewed", case)
        await backend.write()
    assert [(each.subject, each.kind, each.case_id) for each in accesses(book)] == [("ana", "case_viewed", case)]


def test_orderly_stop_loses_nothing_that_was_answered(book: CaseBook, scheduler: FakeScheduler) -> None:
    backend = RunningBackend(book, scheduler)
    backend.start()
    cases = [open_case(book, number) for number in range(1, 21)]
    with httpx.Client(base_url=backend.url, headers=signed_in("ana"), timeout=60) as client:
        for case in cases:
            assert client.get(f"/api/cases/{case}").status_code == 200
    backend.stop()
    assert sorted(each.case_id or "" for each in accesses(book)) == sorted(cases)


async def test_export_is_recorded_with_query_and_rows(wiring: Wiring, book: CaseBook) -> None:
    case_in_review(book, 1)
    open_case(book, 2)
    async with answering(wiring) as client:
        await client.get("/api/exports/cases?state=awaiting_review&q=oslo&format=jsonl")
    began, ended = accesses(book)
    query = {"state": ["awaiting_review"], "q": "oslo"}
    assert (began.kind, began.target, began.detail) == ("cases_export_began", "jsonl", {"query": query, "after": None})
    assert (ended.kind, ended.subject, ended.detail) == (
        "cases_exported",
        "ana",
        {"query": query, "after": None, "rows": 1, "whole": True},
    )


def test_export_that_is_broken_off_is_recorded(book: CaseBook, scheduler: FakeScheduler) -> None:
    """Also when the client reads a little and goes, with what it may have got."""
    with book.transactions.read() as connection:
        engine = connection.engine
    fill_to(engine, 5_000)
    backend = RunningBackend(book, scheduler, send_buffer=4_096)
    backend.start()
    with httpx.stream("GET", f"{backend.url}/api/exports/cases", headers=signed_in("ana"), timeout=60) as answer:
        for _ in answer.iter_raw(1_024):
            break
    backend.stop()
    began, ended = accesses(book)
    assert (began.kind, ended.kind, ended.detail["whole"]) == ("cases_export_began", "cases_exported", False)
    rows = ended.detail["rows"]
    assert isinstance(rows, int)
    assert 500 <= rows < 5_000


async def test_nothing_is_exported_that_cannot_be_recorded(wiring: Wiring, book: CaseBook) -> None:
    case = open_case(book)
    async with answering(wiring) as client:
        wiring.services.access_record.record = _full
        statuses = [
            (await client.get(path)).status_code
            for path in ("/api/exports/cases", f"/api/cases/{case}/export", f"/api/cases/{case}/regulatory-report")
        ]
        assert (await client.get(f"/api/cases/{case}")).status_code == 200
        wiring.services.access_record.record = _working(wiring)
    assert statuses == [503, 503, 503]
    # What was noted meanwhile is written when that is possible again.
    assert "case_viewed" in [each.kind for each in accesses(book)]


async def test_views_wait_for_a_casebook_that_takes_none(
    wiring: Wiring, book: CaseBook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Up to a limit; then nobody sees what cannot be recorded. What is left at the end is in the log."""
    monkeypatch.setattr(access_recorder, "MAX_PENDING", 3)
    recorder = AccessRecorder(wiring.services.access_record, lambda: NOON)
    wiring.services.access_record.record = _full
    for number in range(3):
        await recorder.saw("ana", "case_viewed", f"case-{number}")
    with pytest.raises(CasebookUnavailable):
        await recorder.saw("ana", "case_viewed", "case-3")
    await recorder.close()
    assert caplog.text.count("not recorded: case_viewed by ana") == 4
    wiring.services.access_record.record = _working(wiring)
    await recorder.write()
    assert (recorder.pending, len(accesses(book))) == (0, 4)


async def _full(seen: object) -> int:
    raise CasebookFull("/srv/casebook.db", "database or disk is full")


def _working(wiring: Wiring) -> Any:
    async def record(seen: Any) -> int:
        return await anyio.to_thread.run_sync(wiring.services.access_record.blocking.record, seen)

    return record


async def test_managers_read_who_saw_a_case(client: httpx.AsyncClient, wiring: Wiring, book: CaseBook) -> None:
    case, other = open_case(book, 1), open_case(book, 2)
    for who in ("ana", "ben", "ana"):
        await client.get(f"/api/cases/{case}", headers=signed_in(who))
    await client.get(f"/api/cases/{other}", headers=signed_in("ana"))
    await wiring.services.accesses.write()
    page = (await client.get(f"/api/cases/{case}/accesses?limit=1", headers=MANAGER)).json()
    assert ([each["subject"] for each in page["items"]], page["total"]) == (["ben"], 2)
    earlier = await client.get(
        f"/api/cases/{case}/accesses", params={"limit": 1, "cursor": page["next_cursor"]}, headers=MANAGER
    )
    assert [each["subject"] for each in earlier.json()["items"]] == ["ana"]
    of_ana = (await client.get("/api/accesses?subject=ana", headers=MANAGER)).json()
    assert [each["case_id"] for each in of_ana["items"]] == [case, other]
