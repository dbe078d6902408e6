"""Managers see what was not evaluated, have it tried again, and drop it for a reason."""

from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest

from casebook.dead_letters_api import DeadLettersApi
from casebook.policy.telemetry_dead_letters import NewLetter
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import signed_in
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

ANA, MARIA, ALEX = signed_in("ana"), signed_in("maria"), signed_in("alex")
LETTERS = "/api/telemetry/dead-letters"


@pytest.fixture
def letters(book: CaseBook) -> DeadLettersApi:
    return DeadLettersApi(book.transactions)


def keep(letters: DeadLettersApi, count: int) -> None:
    letters.keep(
        [
            NewLetter("hub", None, "0", number, NOON + timedelta(seconds=number), "unreadable", "no event", b"?", 1)
            for number in range(count)
        ],
        {},
    )


async def ids(client: httpx.AsyncClient, **query: str) -> Sequence[str]:
    page = (await client.get(LETTERS, params=query, headers=MARIA)).json()
    return [each["letter_id"] for each in page["items"]]


async def test_letters_are_paged_and_filtered(client: httpx.AsyncClient, letters: DeadLettersApi) -> None:
    keep(letters, 5)
    first = (await client.get(LETTERS, params={"limit": 3}, headers=MARIA)).json()
    rest = (await client.get(LETTERS, params={"limit": 3, "cursor": first["next_cursor"]}, headers=MARIA)).json()
    assert [each["position"] for each in [*first["items"], *rest["items"]]] == [4, 3, 2, 1, 0]
    assert await ids(client, kind="too_large") == []
    assert len(await ids(client, source="hub", kind="unreadable")) == 5
    assert (await client.get(LETTERS, params={"kind": "odd"}, headers=MARIA)).status_code == 422
    assert (await client.get(LETTERS, params={"cursor": "odd"}, headers=MARIA)).status_code == 422


async def test_counts_name_the_last_place(client: httpx.AsyncClient, letters: DeadLettersApi) -> None:
    keep(letters, 2)
    (count,) = (await client.get(f"{LETTERS}/counts", headers=MARIA)).json()["items"]
    assert (count["count"], count["kept"], count["last_partition"], count["last_position"]) == (2, 2, "0", 1)


async def test_letters_are_tried_again_and_dropped_on_record(
    client: httpx.AsyncClient, letters: DeadLettersApi
) -> None:
    keep(letters, 3)
    one = (await ids(client))[0]
    retried = await client.post(f"{LETTERS}/retry", json={"letter_ids": [one]}, headers=MARIA)
    assert retried.json() == {"count": 1}
    states = [each["state"] for each in (await client.get(LETTERS, headers=MARIA)).json()["items"]]
    assert states == ["retry_requested", "kept", "kept"]
    dropped = await client.post(f"{LETTERS}/drop", json={"source": "hub", "reason": "A test."}, headers=ALEX)
    assert dropped.json() == {"count": 3}
    assert await ids(client) == []
    desk = (await client.get("/api/desk-log", headers=MARIA)).json()["items"]
    assert [(line["kind"], line["actor"]) for line in desk] == [
        ("telemetry_retried", "maria"),
        ("telemetry_dropped", "alex"),
    ]


@pytest.mark.parametrize("order", [{}, {"reason": ""}, {"letter_ids": [], "reason": "x"}, {"letter_ids": ["x"]}])
async def test_dropping_needs_a_reason_and_known_ids(client: httpx.AsyncClient, order: dict[str, object]) -> None:
    assert (await client.post(f"{LETTERS}/drop", json=order, headers=MARIA)).status_code == 422


async def test_analysts_may_not_see_them(client: httpx.AsyncClient) -> None:
    assert (await client.get(LETTERS, headers=ANA)).status_code == 403
    assert (await client.post(f"{LETTERS}/retry", json={}, headers=ANA)).status_code == 403
