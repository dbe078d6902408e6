from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support.casebooks import CaseBook
from tests.unit.backend.support import signed_in
from tests.unit.casebook.builders import an_opening, open_case, put

pytestmark = pytest.mark.anyio

ANA, BEN, VERA = map(signed_in, ("ana", "ben", "vera"))


def due_later(book: CaseBook) -> str:
    """A case that waits for a person, due in three days."""
    case = open_case(book)
    opening = an_opening(case)
    due = {"opened_at": datetime.now(UTC), "due_at": datetime.now(UTC) + timedelta(days=3)}
    put(book, opening.model_copy(update={"review": opening.review.model_copy(update=due)}))
    return case


async def test_snooze_is_shown_filtered_and_ended(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = due_later(book)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    order = {"until": until, "until_activity": True, "reason": "The customer rings back."}
    snoozed = await client.put(f"/api/cases/{case}/snooze", json=order, headers=ANA)
    assert (snoozed.status_code, snoozed.json()["snoozed_by"]) == (200, "ana")
    assert (await client.get(f"/api/cases/{case}")).json()["snooze"] == snoozed.json()
    (row,) = (await client.get("/api/cases?snoozed=true")).json()["items"]
    assert row["snooze"] == snoozed.json()
    assert (await client.get("/api/cases?snoozed=false")).json()["items"] == []
    counts = (await client.get("/api/cases/counts", headers=ANA)).json()
    assert (counts["unclaimed"], counts["snoozed"]["awaiting_review"]) == (0, 1)
    assert (await client.post("/api/cases/next", headers=BEN)).status_code == 204
    assert (await client.delete(f"/api/cases/{case}/snooze", headers=BEN)).status_code == 204
    assert (await client.delete(f"/api/cases/{case}/snooze", headers=BEN)).json()["id"] == "not-snoozed"
    assert (await client.post("/api/cases/next", headers=BEN)).json()["case_id"] == case


async def test_snooze_beyond_the_deadline_names_the_field(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = due_later(book)
    until = (datetime.now(UTC) + timedelta(days=4)).isoformat()
    refused = await client.put(f"/api/cases/{case}/snooze", json={"until": until}, headers=ANA)
    assert (refused.status_code, refused.json()["id"]) == (422, "snooze-too-long")
    assert refused.json()["errors"][0]["field"] == "until"


async def test_viewers_and_others_snooze_nothing(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = due_later(book)
    path = f"/api/cases/{case}/snooze"
    assert (await client.put(path, json={}, headers=VERA)).status_code == 403
    await client.post(f"/api/cases/{case}/claim", headers=BEN)
    assert (await client.put(path, json={}, headers=ANA)).json()["id"] == "claimed-by-other"
    for order in ({"until": "tomorrow"}, {"reason": " "}, {"for": "ever"}):
        assert (await client.put(path, json=order, headers=BEN)).status_code == 422
