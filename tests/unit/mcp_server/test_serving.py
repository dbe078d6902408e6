"""The real process over real HTTP: tools, tokens, grants, SIGTERM, kill -9."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
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
from tests.support.tool_access import OPEN, Keys
from tests.unit.mcp_server.support import UNKNOWN, UNKNOWN_SENTENCE, call, client, environment, serving

pytestmark = pytest.mark.integration

WRITERS = {"lock_account", "unlock_account", "refund_charges", "record_refund_reversal"}

# A server that dies between the commit and the answer, of the parts that the real one is made of.
DIES_AFTER_COMMIT = """
import logging, os, signal, sys
from pathlib import Path
from typing import Any
from mcp_server.server import build_server
from runtime.listening import listen
from tests.support.tool_access import OPEN
from mcp_server.serving import serve
from mcp_server.store.sqlite.store import SqliteCustomerStore
logging.basicConfig(level=logging.INFO)
store = SqliteCustomerStore(Path(sys.argv[1]), dataset=None, after_commit=lambda: os.kill(os.getpid(), signal.SIGKILL))
serve(build_server(store, OPEN), listen("127.0.0.1", 0, instead=""), lambda app: app)
"""


@dataclass(frozen=True)
class Guarded:
    """A real server, and the keys of its callers."""

    url: str
    keys: Keys

    def read(self, tool: str, **arguments: Any) -> Any:
        return call(self.url, tool, self.keys.token(), arguments=arguments).data


@pytest.fixture(scope="module")
def guarded(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One server shared by the tests that leave no trace."""
    path = tmp_path_factory.mktemp("guarded") / "customers.db"
    path.write_bytes(store_template.read_bytes())
    with serving(environment(path)) as (_, url):
        yield Guarded(url, Keys.beside(path))


def tools(url: str, token: str | None) -> set[str]:
    async def listed() -> set[str]:
        async with client(url, token) as session:
            return {tool.name for tool in await session.list_tools()}

    return asyncio.run(listed())


def post(guarded: Guarded, content: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    accepts = {"Accept": "application/json, text/event-stream"}
    return httpx.post(guarded.url, headers={**accepts, **headers}, json=content or {}, timeout=60)


def test_tools_answer_over_http(guarded: Guarded) -> None:
    assert guarded.read("get_customer", customer_id=12)["customer_id"] == 12
    assert call(guarded.url, "get_customer", guarded.keys.token(), customer_id=UNKNOWN).error == UNKNOWN_SENTENCE


def test_the_server_says_the_release_of_casewright(guarded: Guarded) -> None:
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    call_ = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    answer = post(guarded, call_, Authorization=f"Bearer {guarded.keys.token()}")

    assert answer.json()["result"]["serverInfo"]["version"] == VERSION


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_the_health_check_answers_probes(guarded: Guarded, host: str) -> None:
    answer = httpx.get(guarded.url.removesuffix("/mcp") + "/healthz", headers={"Host": host}, timeout=60)

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_without_the_scope_writers_are_hidden_and_refused(guarded: Guarded) -> None:
    token = guarded.keys.token("read")
    lock = {"customer_id": 12, "reason": "Reason.", "idempotency_key": "refused"}
    answer = call(guarded.url, "lock_account", token, arguments=lock, grant=guarded.keys.grant("lock_account", lock))

    assert answer.error == (
        "lock_account needs the scope 'act', which the token of 'worker' does not have: call it with a token that "
        "has it."
    )
    assert not tools(guarded.url, token) & WRITERS
    assert guarded.read("get_customer", customer_id=12)["status"] == "active"
    assert guarded.read("get_effect", idempotency_key="refused")["result"] is None


def test_without_the_read_scope_readers_are_refused(guarded: Guarded) -> None:
    token = guarded.keys.token("act")

    assert tools(guarded.url, token) == WRITERS
    assert call(guarded.url, "get_customer", token, customer_id=12).error.startswith(
        "get_customer needs the scope 'read', which the token of 'worker' does not have"
    )


def test_a_stolen_token_that_acts_moves_nothing(guarded: Guarded) -> None:
    token, lock = guarded.keys.token("act"), {"customer_id": 13, "reason": "Mine.", "idempotency_key": "stolen"}
    answer = call(guarded.url, "lock_account", token, arguments=lock)

    assert answer.error == (
        "lock_account needs a grant for exactly this call, and it is refused: it has none: nobody has approved it, or "
        "the backend has not signed it yet."
    )
    assert guarded.read("get_customer", customer_id=13)["status"] == "active"


def test_a_granted_call_happens_once(guarded: Guarded) -> None:
    token, lock = guarded.keys.token("act"), {"customer_id": 250, "reason": "Reason.", "idempotency_key": "250"}
    grant = guarded.keys.grant("lock_account", lock)
    first = call(guarded.url, "lock_account", token, arguments=lock, grant=grant)
    again = call(guarded.url, "lock_account", token, arguments=lock, grant=grant)
    other = call(guarded.url, "lock_account", token, arguments={**lock, "customer_id": 249}, grant=grant)

    assert tools(guarded.url, token) >= WRITERS
    assert first.ok
    assert again.data == first.data | {"replayed": True}
    assert other.error.endswith("it is refused: it allows another call than this one.")
    assert guarded.read("get_customer", customer_id=249)["status"] == "active"


def test_browser_page_under_another_host_name_is_turned_away(guarded: Guarded) -> None:
    token = f"Bearer {guarded.keys.token()}"

    assert post(guarded, Host="evil.example", Authorization=token).status_code == 421
    assert post(guarded, Origin="http://localhost:5173", Authorization=token).status_code == 403


def test_every_request_needs_a_token(guarded: Guarded) -> None:
    answers = [post(guarded), post(guarded, Authorization="Bearer"), post(guarded, Authorization="Basic YTpi")]

    assert {(answer.status_code, answer.json()["error_description"]) for answer in answers} == {
        (401, "The token of this request is refused: there is none: send the header 'Authorization: Bearer <token>'.")
    }


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_stop_signal_ends_the_process_cleanly_with_sessions_open(store_path: Path, stop_signal: signal.Signals) -> None:
    async def stop_with_open_sessions(process: subprocess.Popen[str], url: str) -> None:
        token = Keys.beside(store_path).token()
        async with client(url, token) as session, httpx.AsyncClient(timeout=60) as http:
            await session.list_tools()
            accepted = {"Accept": "text/event-stream, application/json", "Authorization": f"Bearer {token}"}
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
        server = build_server(store, OPEN)
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
            server = build_server(store, OPEN)
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
