from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from casebook.audit.verify_export import verify_export
from casebook.database.engine import for_writing, open_engine
from casebook.errors import RoundNotJustified
from contracts.export import CaseExport
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review, signed_in

pytestmark = pytest.mark.anyio


async def test_an_intact_case_is_said_to_be_intact(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    answer = (await client.get(f"/api/cases/{case}/audit", headers=signed_in("vera"))).json()

    events = book.case_events(case)
    assert (answer["intact"], answer["broken"], answer["head"]) == (True, None, events[-1].hash)
    assert [event["seq"] for event in answer["events"]] == [event.seq for event in events]


async def test_what_was_refused_is_listed_with_its_attempts(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    for _ in range(3):
        with pytest.raises(RoundNotJustified):
            book.start_round(case, 2)

    answer = (await client.get(f"/api/cases/{case}/audit", headers=signed_in("vera"))).json()

    (refused,) = answer["refused"]
    assert (refused["case_id"], refused["reason"], refused["attempts"]) == (case, "round-not-justified", 3)
    assert refused["sentence"].startswith(f"Round 2 of case '{case}' cannot begin: nobody rejected round 1")
    assert (answer["intact"], book.audit().refused) == (True, 3)


async def test_what_was_changed_in_the_file_is_named(client: httpx.AsyncClient, book: CaseBook, tmp_path: Path) -> None:
    case = case_in_review(book).case_id
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    with for_writing(engine).begin() as connection:
        connection.execute(text("UPDATE review SET required_role = 'viewer'"))
    engine.dispose()

    answer = (await client.get(f"/api/cases/{case}/audit")).json()

    seq = book.case_events(case)[-1].seq
    assert (answer["intact"], answer["broken"]) == (
        False,
        {
            "seq": seq,
            "row": f"review '{case}:r1'",
            "reason": f"its required_role is 'viewer', but event {seq} says 'analyst'",
        },
    )


async def test_an_export_is_a_file_that_verifies_alone(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    answer = await client.get(f"/api/cases/{case}/export")

    assert answer.headers["content-disposition"] == f'attachment; filename="{case}-personal-data.json"'
    assert answer.headers["content-type"] == "application/json"
    assert CaseExport.model_validate_json(answer.content).case == book.get_fraud_case(case)
    assert verify_export(answer.content).broken is None


async def test_html_export_is_a_download(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    answer = await client.get(f"/api/cases/{case}/export?format=html")

    assert answer.headers["content-disposition"] == f'attachment; filename="{case}-personal-data.html"'
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{case}</h1>" in answer.text


async def test_unknown_case_or_format_is_not_exported(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    statuses = [
        (await client.get(path)).status_code
        for path in (
            "/api/cases/case-nobody/audit",
            "/api/cases/case-nobody/export",
            f"/api/cases/{case}/export?format=pdf",
        )
    ]
    assert statuses == [404, 404, 422]
