import asyncio
from pathlib import Path

import httpx
import pytest

from backend.wiring import Wiring
from casebook.errors import (
    CasebookCorrupt,
    CasebookEmpty,
    CasebookForeign,
    CasebookFull,
    CasebookMissing,
    CasebookNewer,
    CasebookRefused,
    CasebookReplaced,
    CasebookUnavailable,
    CasebookUnwritable,
)
from contracts.fraud_case import FraudCaseView
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import answering
from tests.unit.casebook.builders import ask, open_case

pytestmark = pytest.mark.anyio


async def test_case_is_answered_as_the_casebook_holds_it(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    ask(book, case)
    answer = await client.get(f"/api/cases/{case}")
    assert FraudCaseView.model_validate_json(answer.content) == book.get_fraud_case(case)


async def test_cases_are_listed_newest_first_page_by_page(client: httpx.AsyncClient, book: CaseBook) -> None:
    cases = [open_case(book, number) for number in range(1, 6)]
    listed: list[str] = []
    cursor: str | None = None
    while True:
        page = (await client.get("/api/cases", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        listed += [item["case_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed == cases[::-1]


async def test_cases_are_filtered_by_state(client: httpx.AsyncClient, book: CaseBook) -> None:
    open_case(book, 1)
    ask(book, waiting := open_case(book, 2))
    found = (await client.get("/api/cases", params={"state": "awaiting_review"})).json()["items"]
    assert [item["case_id"] for item in found] == [waiting]
    wrong = await client.get("/api/cases", params={"state": "asleep"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "query.state.0")


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "cursor=zz", "cursor="])
async def test_a_bad_page_is_422(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/cases?{query}")).status_code == 422
    assert (await client.get(f"/api/alerts?{query}")).status_code == 422


async def test_history_and_evidence_are_read_word_for_word(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    ask(book, case)
    history = (await client.get(f"/api/cases/{case}/history")).json()["items"]
    assert history == [event.model_dump(mode="json") for event in book.case_events(case)]
    evidence = (await client.get(f"/api/cases/{case}/evidence/r1-usage-1?personal_data=shown")).json()
    assert evidence["result"]["name"] == "Åse"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/api/cases/case-none", "case-not-found"),
        ("/api/cases/case-none/history", "case-not-found"),
        ("/api/cases/case-none/evidence/r1-usage-1", "case-not-found"),
        ("/api/cases/case-impossible_travel-1/evidence/r9", "evidence-not-found"),
    ],
)
async def test_what_is_not_there_is_404(client: httpx.AsyncClient, book: CaseBook, path: str, problem: str) -> None:
    open_case(book, 1)
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["id"]) == (404, problem)


async def test_alerts_are_listed_newest_first(client: httpx.AsyncClient, book: CaseBook) -> None:
    for number in (1, 2):
        open_case(book, number)
    items = (await client.get("/api/alerts")).json()["items"]
    assert [item["alert"]["customer_id"] for item in items] == [2, 1]


async def test_the_configuration_is_open_to_everybody(wiring: Wiring) -> None:
    async with answering(wiring, persona=None) as stranger:
        assert (await stranger.get("/api/config")).json()["auto_clear_threshold"] == 0.6


async def test_ready_names_the_part_that_is_missing(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    ready = await client.get("/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    scheduler.reachable = False
    away = await client.get("/ready")
    assert away.status_code == 503
    assert away.json()["parts"] == {
        "casebook": "ok",
        "scheduler": "The durable task scheduler cannot be reached: nothing answers at its address.",
    }
    assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_a_casebook_that_fails_is_503_in_one_sentence(wiring: Wiring, book: CaseBook) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise CasebookUnavailable("The casebook is gone.")

    async with answering(wiring) as client:
        wiring.services.workspace.list_cases = unavailable  # pyright: ignore[reportAttributeAccessIssue] breaks on purpose
        answer = await client.get("/api/cases")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The casebook is gone.")


async def test_ready_reports_a_write_fault_without_its_place(
    wiring: Wiring, book: CaseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        fault = CasebookFull("/srv/casebook.db", "database or disk is full")
        book.transactions.health.note(fault)
        raise fault

    # A background job that writes at this moment would say that all is well.
    monkeypatch.setattr(book.transactions.health, "clear", lambda: None)
    async with answering(wiring, persona=None) as stranger:
        book.transactions.probe = full
        ready = await stranger.get("/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
    assert ready.json()["parts"]["casebook"].startswith("The casebook's disk is full: nothing can be recorded before")
    assert "/srv" not in ready.text


async def test_nothing_is_accepted_into_a_file_that_is_gone(wiring: Wiring, book: CaseBook, tmp_path: Path) -> None:
    path, aside = tmp_path / "casebook.db", tmp_path / "aside.db"
    body = {"customer_id": 2, "alert_type": "impossible_travel", "severity": "high", "description": "Two logins."}
    public = (
        "The casebook's file was taken away: nothing can be recorded before whoever runs this server has mended that."
    )
    open_case(book, 1)
    async with answering(wiring) as client:
        path.rename(aside)
        refused = await client.post("/api/workflow/start", json=body)
        ready = await client.get("/ready")
        aside.rename(path)
        accepted = await client.post("/api/workflow/start", json=body)

    assert (refused.status_code, refused.json()["id"], refused.json()["detail"]) == (503, "casebook-replaced", public)
    assert (ready.status_code, ready.json()["parts"]["casebook"]) == (503, public)
    assert {refused.headers["retry-after"], ready.headers["retry-after"]} == {"2"}
    assert accepted.status_code == 202


async def test_many_who_ask_share_one_probe(wiring: Wiring, book: CaseBook) -> None:
    probes = list[None]()
    async with answering(wiring) as client:
        book.transactions.probe = lambda: probes.append(None)
        answers = await asyncio.gather(*(client.get("/ready") for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(probes) == 1


PLACES = [
    CasebookFull("/srv/casebook.db", "database or disk is full"),
    CasebookUnwritable("/srv/casebook.db", "readonly"),
    CasebookCorrupt("/srv/casebook.db"),
    CasebookForeign("/srv/casebook.db"),
    CasebookEmpty("/srv/casebook.db"),
    CasebookReplaced("/srv/casebook.db", is_gone=True),
    CasebookNewer("/srv/casebook.db", "9999"),
    CasebookRefused("cases on /srv/db", "/srv/user"),
    CasebookMissing("cases on /srv/db"),
]


@pytest.mark.parametrize("fault", PLACES, ids=lambda fault: fault.id)
async def test_no_problem_document_shows_where_the_casebook_is(wiring: Wiring, fault: CasebookUnavailable) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise fault

    async with answering(wiring) as client:
        wiring.services.workspace.list_cases = unavailable  # pyright: ignore[reportAttributeAccessIssue] breaks on purpose
        answer = await client.get("/api/cases")
    assert (answer.status_code, answer.json()["id"], answer.headers["retry-after"]) == (503, fault.id, "2")
    assert "/srv" not in answer.text
    assert "/srv" in fault.sentence
