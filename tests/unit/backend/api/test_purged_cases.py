"""Whoever asks for a purged case is told that it was purged, and when."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from websockets.exceptions import ConnectionClosed

from backend.ingest.opening import GIVEN_UP
from casebook.database.transactions import Transactions
from casebook.errors import CasePurged
from casebook.retention_api import RetentionApi
from contracts.alert import Alert
from tests.support.casebooks import CaseBook
from tests.unit.backend.api.test_case_socket import socket_of
from tests.unit.backend.support import RunningBackend
from tests.unit.casebook.builders import SteppingClock, an_alert
from tests.unit.casebook.test_purges import KEPT, cleared


@pytest.fixture
def purged(book: CaseBook, engine: Engine) -> str:
    case = cleared(book)
    later = SteppingClock(book.transactions.now() + timedelta(days=KEPT + 1))
    assert RetentionApi(Transactions(engine, later)).purge_cases("fraud", KEPT).purged == 1
    return case


PARTS = (
    "",
    "/history",
    "/notes",
    "/attachments",
    "/attachments/att-1",
    "/evidence/r1-usage-1",
    "/audit",
    "/export",
    "/regulatory-report",
)


@pytest.mark.anyio
@pytest.mark.parametrize("part", PARTS)
async def test_every_part_answers_410(client: httpx.AsyncClient, purged: str, part: str) -> None:
    answer = await client.get(f"/api/cases/{purged}{part}")
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["id"]) == (410, "case-purged"), problem
    assert problem["detail"].startswith(f"Case '{purged}' was purged on ")


def as_asked(alert: Alert) -> dict[str, Any]:
    said = {"alert_id", "customer_id", "alert_type", "severity", "description"}
    return alert.model_dump(mode="json", include=said)


@pytest.mark.anyio
async def test_alert_of_purged_case_answers_410(client: httpx.AsyncClient, purged: str) -> None:
    answer = await client.post("/api/workflow/start", json=as_asked(an_alert(1)))
    assert (answer.status_code, answer.json()["id"]) == (410, "case-purged"), answer.text
    assert purged not in str((await client.get("/api/cases")).json())


def test_ingestion_gives_up_alerts_of_purged_cases() -> None:
    assert CasePurged in GIVEN_UP


def test_socket_says_that_the_case_was_purged(backend: RunningBackend, purged: str) -> None:
    with socket_of(backend, purged) as watching, pytest.raises(ConnectionClosed) as closed:
        watching.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4404, "this case was purged")
