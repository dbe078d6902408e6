"""Which customer a user is, as admins say it over HTTP."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.live.broadcast import Broadcast
from backend.services.customer_store import CustomerStoreReader, McpCustomerReader
from backend.services.errors import CustomerStoreUnavailable
from backend.wiring import Wiring, wire
from tests.support.casebooks import CaseBook
from tests.support.tool_access import Keys
from tests.unit.backend.api.test_previews import FakeReader
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG, SIGN_IN, answering, signed_in
from tests.unit.mcp_server.support import environment, serving

pytestmark = pytest.mark.anyio

ALEX, MARIA = signed_in("alex"), signed_in("maria")
LINK = "/api/conversations/bob/customer"


def wired(book: CaseBook, store: CustomerStoreReader | None = None) -> Wiring:
    return wire(book, FakeScheduler(), SIGN_IN, Broadcast(), CONFIG, customer_store=store or FakeReader())


async def write(client: httpx.AsyncClient) -> None:
    sent = await client.post("/api/chat", params={"wait": 0}, json={"user_id": "bob", "text": "Hello"})
    assert sent.status_code == 202


async def link(client: httpx.AsyncClient, customer: object = 1, **more: Any) -> httpx.Response:
    return await client.put(LINK, json={"customer_id": customer, **more}, headers=ALEX)


async def test_admin_links_a_user_and_ends_it(book: CaseBook) -> None:
    async with answering(wired(book), persona=None) as client:
        await write(client)
        linked = await link(client)
        assert (linked.status_code, linked.json()["customer_id"], linked.json()["linked_by"]) == (200, 1, "alex")
        assert (await client.get("/api/conversations/bob", headers=ALEX)).json()["user"] == linked.json()
        ended = await client.delete(LINK, headers=ALEX)
        assert (ended.status_code, ended.json()["customer_id"]) == (200, None)


async def test_managers_link_nobody(book: CaseBook) -> None:
    async with answering(wired(book), persona=None) as client:
        await write(client)
        for refused in (
            await client.put(LINK, json={"customer_id": 1}, headers=MARIA),
            await client.delete(LINK, headers=MARIA),
        ):
            assert refused.status_code == 403


async def test_unknown_customer_is_not_linked(book: CaseBook) -> None:
    async with answering(wired(book), persona=None) as client:
        await write(client)
        refused = await link(client, 99)
        assert refused.status_code == 422
        assert refused.json()["detail"] == "There is no customer 99 in the customer store: check the number."
        assert (await client.get("/api/conversations/bob", headers=ALEX)).json()["user"]["customer_id"] is None


async def test_unknown_user_is_not_linked(book: CaseBook) -> None:
    async with answering(wired(book), persona=None) as client:
        assert (await link(client)).json()["id"] == "conversation-not-found"


@pytest.mark.parametrize("customer", [0, -1, "1", 1.5, None, 10**20])
async def test_bad_customer_number_is_refused(book: CaseBook, customer: object) -> None:
    async with answering(wired(book), persona=None) as client:
        await write(client)
        refused = await link(client, customer)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "customer_id")


async def test_store_that_is_away_links_nobody(book: CaseBook) -> None:
    async with answering(wired(book, McpCustomerReader(None)), persona=None) as client:
        await write(client)
        refused = await link(client)
        assert (refused.status_code, refused.json()["id"]) == (503, "customer-store-unavailable")


@pytest.mark.integration
async def test_real_tool_server_says_who_exists(tmp_path: Path) -> None:
    path = tmp_path / "customers.db"
    with serving(environment(path)) as (_, url):
        store = McpCustomerReader(url, Keys.beside(path).reading().token)
        assert [await store.has_customer(number) for number in (12, 99_999)] == [True, False]
        assert not await store.has_customer(9_007_199_254_740_992)
    with pytest.raises(CustomerStoreUnavailable, match="could not be reached"):
        await store.has_customer(12)
