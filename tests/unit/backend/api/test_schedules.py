"""What is done at fixed times can be looked at, paused, and done by hand."""

import httpx
import pytest

from casebook.chat_api import ChatApi
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import signed_in

pytestmark = pytest.mark.anyio

ANA, MARIA, VERA = signed_in("ana"), signed_in("maria"), signed_in("vera")
NOBODY = {"Authorization": ""}
RESET = "/api/schedules/reset-counts"


async def shown(client: httpx.AsyncClient) -> dict[str, object]:
    (schedule,) = (await client.get("/api/schedules", headers=VERA)).json()["items"]
    return schedule


async def test_schedule_is_paused_and_resumed_by_a_manager(client: httpx.AsyncClient) -> None:
    assert (await shown(client))["state"] == "active"
    assert (await client.post(f"{RESET}/pause", headers=ANA)).status_code == 403
    for _ in range(2):
        paused = (await client.post(f"{RESET}/pause", headers=MARIA)).json()
        assert (paused["state"], paused["changed_by"], paused["next_run_at"]) == ("paused", "maria", None)
    assert (await shown(client))["state"] == "paused"
    resumed = (await client.post(f"{RESET}/resume", headers=MARIA)).json()
    assert str(resumed["next_run_at"]).endswith("T00:00:00Z")
    desk = (await client.get("/api/desk-log", headers=MARIA)).json()["items"]
    assert [line["kind"] for line in desk] == ["schedule_paused", "schedule_resumed"]


async def test_schedule_is_run_by_hand(client: httpx.AsyncClient, book: CaseBook) -> None:
    chat = ChatApi(book.transactions)
    chat.set_count("bob", 3)
    ran = (await client.post(f"{RESET}/trigger", headers=MARIA)).json()
    assert (ran["last_run_by"], ran["last_run_day"]) == ("maria", None)
    assert chat.message_count("bob").message_count == 0


async def test_resets_by_other_ways_are_told_of_too(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/analytics/reset", headers=MARIA)).json()["status"] == "success"
    assert (await shown(client))["last_run_by"] == "maria"
    assert (await client.post("/analytics/reset", headers=NOBODY)).json()["status"] == "success"
    assert (await shown(client))["last_run_by"] == "channel"
    desk = (await client.get("/api/desk-log", headers=MARIA)).json()["items"]
    assert [(line["kind"], line["actor"]) for line in desk] == [("counts_reset", "maria"), ("counts_reset", "channel")]


@pytest.mark.parametrize("what", ["pause", "resume", "trigger"])
async def test_unknown_schedule_is_not_found(client: httpx.AsyncClient, what: str) -> None:
    refused = await client.post(f"/api/schedules/tidy-up/{what}", headers=MARIA)
    assert (refused.status_code, refused.json()["detail"]) == (404, "There is no schedule 'tidy-up'.")
