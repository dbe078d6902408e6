"""The real process over real HTTP: tools, token, SIGTERM, kill -9."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import Tool
from mcp_types import ListToolsRequest

from contracts.release import VERSION
from mcp_server.records.bundle import Dataset
from mcp_server.server import build_server
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.unit.mcp_server.support import UNKNOWN, UNKNOWN_SENTENCE, call, client, environment, serving

pytestmark = pytest.mark.integration

TOKEN = "a-token-for-writers"
WRITERS = {"lock_account", "unlock_account", "refund_charges", "record_refund_reversal"}

# A server that dies between the commit and the answer, of the parts that the real one is made of.
DIES_AFTER_COMMIT = """
import logging, os, signal, sys
from pathlib import Path
from typing import Any
from mcp_server.server import build_server
from runtime.listening import listen
from mcp_server.serving import serve
from mcp_server.store.sqlite.store import SqliteCustomerStore
logging.basicConfig(level=logging.INFO)
store = SqliteCustomerStore(Path(sys.argv[1]), dataset=None, after_commit=lambda: os.kill(os.getpid(), signal.SIGKILL))
serve(build_server(store, None), listen("127.0.0.1", 0, instead=""))
"""


@pytest.fixture(scope="module")
def guarded(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of one server with a write token, shared by the tests that leave no trace."""
    path = tmp_path_factory.mktemp("guarded") / "customers.db"
    path.write_bytes(store_template.read_bytes())
    with serving(environment(path, MCP_WRITE_TOKEN=TOKEN)) as (_, url):
        yield url


def tools(url: str, token: str | None) -> set[str]:
    async def listed() -> set[str]:
        async with client(url, token) as session:
            return {tool.name for tool in await session.list_tools()}

    return asyncio.run(listed())


def test_tools_answer_over_http(guarded: str) -> None:
    assert call(guarded, "get_customer", customer_id=12).data["customer_id"] == 12
    assert call(guarded, "get_customer", customer_id=UNKNOWN).error == UNKNOWN_SENTENCE


def test_the_server_says_the_release_of_casewright(guarded: str) -> None:
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call_ = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    answer = httpx.post(guarded, headers={"Accept": "application/json, text/event-stream"}, json=call_, timeout=60)

    assert answer.json()["result"]["serverInfo"]["version"] == VERSION


def test_the_health_check_answers(guarded: str) -> None:
    answer = httpx.get(guarded.removesuffix("/mcp") + "/healthz", timeout=60)

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("token", [None, "wrong", TOKEN[:-1], TOKEN + "x"])
def test_without_the_token_writers_are_hidden_and_refused(guarded: str, token: str | None) -> None:
    answer = call(guarded, "lock_account", token, customer_id=12, reason="Reason.", idempotency_key="refused")

    assert answer.error == (
        "lock_account changes a customer's account and this caller may only read: "
        "send the header 'Authorization: Bearer <MCP_WRITE_TOKEN>'."
    )
    assert not tools(guarded, token) & WRITERS
    assert call(guarded, "get_customer", token, customer_id=12).data["status"] == "active"
    assert call(guarded, "get_effect", token, idempotency_key="refused").data["result"] is None


def test_with_the_token_writers_are_shown_and_work(guarded: str) -> None:
    assert tools(guarded, TOKEN) >= WRITERS
    assert call(guarded, "lock_account", TOKEN, customer_id=250, reason="Reason.", idempotency_key="250").ok


def test_browser_page_under_another_host_name_is_turned_away(guarded: str) -> None:
    answer = httpx.post(guarded, headers={"Host": "evil.example"}, json={}, timeout=60)

    assert answer.status_code == 421


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_stop_signal_ends_the_process_cleanly_with_sessions_open(store_path: Path, stop_signal: signal.Signals) -> None:
    async def stop_with_open_sessions(process: subprocess.Popen[str], url: str) -> None:
        async with client(url) as session, httpx.AsyncClient(timeout=60) as http:
            await session.list_tools()
            accepted = {"Accept": "text/event-stream, application/json"}
            async with http.stream("GET", url, headers=accepted):
                process.send_signal(stop_signal)
                await asyncio.to_thread(process.wait, 60)

    with serving(environment(store_path)) as (process, url):
        asyncio.run(stop_with_open_sessions(process, url))
        assert process.returncode == 0


def test_retry_after_kill_behind_commit_returns_first_result(store_path: Path, dataset: Dataset) -> None:
    charge_id = dataset.customers[11].charges[-1].charge_id
    refund: dict[str, Any] = {
        "customer_id": 12,
        "charge_ids": [charge_id],
        "reason": "Reason.",
        "idempotency_key": "key",
    }
    with serving(environment(store_path), ["-c", DIES_AFTER_COMMIT, str(store_path)]) as (process, url):
        with pytest.raises(httpx2.TransportError):
            call(url, "refund_charges", arguments=refund)
        assert process.wait(60) == -signal.SIGKILL

    with closing(SqliteCustomerStore(store_path, lambda: dataset)) as store:
        server = build_server(store, write_token=None)
        effect = call(server, "get_effect", idempotency_key="key").data["result"]
        retried = call(server, "refund_charges", arguments=refund)

        assert retried.data == effect["result"] | {"replayed": True}
        charges = call(server, "get_recent_charges", customer_id=12, days=120).data["charges"]
        assert [charge["charge_id"] for charge in charges if charge["status"] == "refunded"] == [charge_id]


class CountListings(Middleware):
    """Counts how often the tools are listed."""

    def __init__(self) -> None:
        self.count = 0

    async def on_list_tools(
        self, context: MiddlewareContext[ListToolsRequest], call_next: CallNext[ListToolsRequest, Sequence[Tool]]
    ) -> Sequence[Tool]:
        self.count += 1
        return await call_next(context)


def test_a_call_over_http_does_not_list_the_tools(store_path: Path) -> None:
    listings = CountListings()

    async def answers() -> list[Any]:
        with closing(SqliteCustomerStore(store_path, dataset=lambda: Dataset.model_validate({}))) as store:
            server = build_server(store, None)
            server.add_middleware(listings)
            app = server.http_app(path="/mcp", stateless_http=True, json_response=True)

            def through_the_app(*_: object, **options: Any) -> httpx2.AsyncClient:
                return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), **options)

            transport = StreamableHttpTransport("http://127.0.0.1/mcp", httpx_client_factory=through_the_app)
            async with app.router.lifespan_context(app), Client(transport) as session:
                await session.list_tools()
                return [await session.call_tool("get_customer", {"customer_id": 12}) for _ in range(3)]

    assert [answer.structured_content["customer_id"] for answer in asyncio.run(answers())] == [12, 12, 12]
    assert listings.count == 1
