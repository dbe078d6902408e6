"""`GET /api/spend`: what models cost, for managers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from contracts.journal import JournalEntry
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import signed_in
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio

MARIA = signed_in("maria")


async def test_manager_reads_model_spend_by_day_and_rule(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    price = Decimal("0.25")
    use = ModelUse(round=1, agent="usage", model="m", input_tokens=7, output_tokens=3, cost_usd=price)
    book.save_journal(case, [JournalEntry("r1-usage-m1", "{}", use)])
    spent = {"model_calls": 1, "input_tokens": 7, "output_tokens": 3, "cost_usd": "0.250000", "estimated_calls": None}
    recorded = book.spend_report(datetime(1, 1, 1, tzinfo=UTC).date(), datetime(9999, 1, 1, tzinfo=UTC).date())
    day = recorded.by_day[0].day.isoformat()

    answer = await client.get(f"/api/spend?from={day}&to={day}", headers=MARIA)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["total"], body["unpriced_calls"]) == (spent, 0)
    assert body["by_day"] == [{"day": day, "cases": 1, "spend": spent}]
    assert [(rule["cases"], rule["spend"]) for rule in body["by_rule"]] == [(1, spent)]
    assert (await client.get(f"/api/cases/{case}", headers=MARIA)).json()["spend"] == spent


async def test_the_last_thirty_days_are_the_default(client: httpx.AsyncClient) -> None:
    body = (await client.get("/api/spend?to=2026-05-30", headers=MARIA)).json()
    assert (body["first"], body["last"]) == ("2026-05-01", "2026-05-30")
    today = (await client.get("/api/spend", headers=MARIA)).json()
    assert datetime.fromisoformat(today["last"]) - datetime.fromisoformat(today["first"]) == timedelta(days=29)


@pytest.mark.parametrize("query", ["?from=yesterday", "?to=2026-13-01"])
async def test_what_is_no_day_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/spend{query}", headers=MARIA)).status_code == 422


@pytest.mark.parametrize("query", ["?to=0001-01-01", "?from=9999-12-31&to=0001-01-01"])
async def test_the_edges_of_the_calendar_are_empty_reports(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/spend{query}", headers=MARIA)
    assert (answer.status_code, answer.json()["by_day"]) == (200, [])
