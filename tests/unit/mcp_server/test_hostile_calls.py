"""Whatever is sent to the endpoint of the tools: nothing fails, nothing is written, and the next caller is served."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.ports import free_port
from tests.support.tool_access import Keys, along
from tests.unit.mcp_server.support import ROOT, environment

pytestmark = [pytest.mark.integration, pytest.mark.slow]

HANGS_S = 120
some = settings(max_examples=min(100, settings().max_examples))
METHODS = ("initialize", "ping", "tools/list", "tools/call", "resources/list", "resources/read", "prompts/get",
           "completion/complete", "logging/setLevel", "notifications/initialized", "notifications/cancelled",
           "tasks/cancel", "tools/delete", "", "\u0000", "__class__")  # fmt: skip
TOOLS = ("get_customer", "lock_account", "unlock_account", "refund_charges", "search_customers", "LOCK_ACCOUNT", "",
         "lock_account ", "../lock_account", "no_such_tool")  # fmt: skip
LOCK: Mapping[str, object] = {"customer_id": 1, "idempotency_key": "k-1", "reason": "told"}
HEADERS: Sequence[Mapping[str, str]] = (
    {},
    {"Mcp-Session-Id": "x" * 2_000},
    {"Mcp-Protocol-Version": "2099-01-01"},
    {"Mcp-Protocol-Version": ""},
    {"Accept": "text/event-stream"},
    {"Accept": "application/xml;q=2"},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Encoding": "gzip"},
    {"Last-Event-ID": "-1"},
    {"Mcp-Method": "tools/call", "Mcp-Name": "lock_account"},
)


@dataclass(frozen=True)
class Attacked:
    """A real server, whoever may ask it, and its files."""

    url: str
    keys: Keys
    client: httpx.Client
    database: sqlite3.Connection
    log: Path

    def post(self, body: bytes, token: str | None, headers: Mapping[str, str]) -> httpx.Response:
        sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return self.client.post(self.url, content=body, headers=sent)

    def assert_serves(self) -> None:
        answer = self.post(call("get_customer", {"customer_id": 1}), self.keys.token(), {})
        assert answer.json()["result"]["structuredContent"]["customer_id"] == 1

    def commits(self) -> int:
        """Another number after each change that somebody else has made to the store."""
        return self.database.execute("PRAGMA data_version").fetchone()[0]


def call(tool: object, arguments: object, **envelope: object) -> bytes:
    params = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params} | envelope).encode()


@pytest.fixture(scope="module")
def attacked(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[Attacked]:
    folder = tmp_path_factory.mktemp("attacked")
    store, log, port = folder / "customers.db", folder / "log", free_port()
    store.write_bytes(store_template.read_bytes())
    env = environment(store, MCP_PORT=str(port), MCP_CALLS_PER_MINUTE="1000000")
    with (
        log.open("w") as written,
        subprocess.Popen([sys.executable, "-m", "mcp_server"], env=env, cwd=ROOT, stderr=written) as process,
    ):
        try:
            while "Customer tools on" not in log.read_text():
                assert process.poll() is None, log.read_text()
            with httpx.Client(timeout=HANGS_S) as client, closing(sqlite3.connect(store)) as database:
                yield Attacked(f"http://127.0.0.1:{port}/mcp", Keys.beside(store), client, database, log)
        finally:
            process.kill()


Anything = st.SearchStrategy[Any]
scalars: Anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([10**400, -(2**63), 1e308]),
)


def _nested(inner: Anything) -> Anything:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)


values: Anything = st.recursive(scalars, _nested, max_leaves=8)
called: dict[str, Anything] = {
    "name": st.one_of(st.sampled_from(TOOLS), values),
    "arguments": st.one_of(st.just(LOCK), values),
}
along_with: dict[str, Anything] = {"_meta": values, "task": values}
begun: dict[str, Anything] = {"protocolVersion": values, "capabilities": values, "clientInfo": values}
params: Anything = st.one_of(values, st.fixed_dictionaries(called, optional=along_with), st.fixed_dictionaries(begun))
parts: dict[str, Anything] = {
    "jsonrpc": st.one_of(st.just("2.0"), scalars),
    "id": st.one_of(st.just(1), values),
    "method": st.one_of(st.sampled_from(METHODS), values),
    "params": params,
    "result": values,
    "error": values,
}
nothing: dict[str, Anything] = {}
envelopes: Anything = st.fixed_dictionaries(nothing, optional=parts)


def _as_json(value: object) -> bytes:
    return json.dumps(value).encode()


bodies = st.one_of(
    envelopes.map(_as_json),
    st.lists(envelopes, max_size=3).map(_as_json),
    values.map(_as_json),
    st.binary(max_size=60),
)


def test_a_change_would_be_noticed(attacked: Attacked) -> None:
    before, grant = attacked.commits(), attacked.keys.grant("lock_account", LOCK)
    granted = json.loads(call("lock_account", LOCK))
    granted["params"]["_meta"] = along(grant)
    answer = attacked.post(json.dumps(granted).encode(), attacked.keys.token("act"), {})
    assert not answer.json()["result"].get("isError"), answer.text
    assert attacked.commits() != before


def deep(levels: int) -> bytes:
    return call("get_customer", {"customer_id": 0}).replace(b"0}", b"[" * levels + b"]" * levels + b"}")


@some
@given(bodies, st.sampled_from(["none", "wrong", "read", "act"]), st.sampled_from(HEADERS))
@example(deep(100_000), "act", {})
@example(deep(100_000), "none", {})
@example(call("lock_account", LOCK), "act", {})
@example(call("lock_account", LOCK), "read", {})
@example(b"[" + call("lock_account", LOCK) + b"]", "act", {})
@example(call("lock_account", LOCK, id=10**400), "act", {})
@example(call("get_customer", {"customer_id": 10**400}), "read", {})
@example(call("get_customer", {"customer_id": float("nan")}), "read", {})
@example(call("search_customers", {"query": "\ud800"}), "read", {})
@example(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"tools/list"}', "read", {})
def test_no_message_fails_or_writes(attacked: Attacked, body: bytes, shown: str, headers: Mapping[str, str]) -> None:
    tokens: Mapping[str, str | None] = {
        "none": None,
        "wrong": attacked.keys.token()[:-4] + "AAAA",
        "read": attacked.keys.token("read"),
        # It may act, and has no grant for anything.
        "act": attacked.keys.token("act"),
    }
    before = attacked.commits()
    answer = attacked.post(body, tokens[shown], headers)
    assert answer.status_code < 500, answer.text
    assert answer.status_code == 401 or shown in ("read", "act")
    assert "Traceback" not in answer.text
    attacked.assert_serves()
    assert attacked.commits() == before
    assert "Traceback" not in attacked.log.read_text()
