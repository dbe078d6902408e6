"""Reads that skip FastMCP's chain answer as the chain would."""

import asyncio
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastmcp import FastMCP
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult
from mcp_types import CallToolRequestParams

from mcp_server.records.bundle import Dataset
from mcp_server.records.customer import Customer
from mcp_server.records.effect import LockResult
from mcp_server.server import build_server
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.support.tool_access import OPEN
from tests.unit.mcp_server.support import call
from tests.unit.mcp_server.tools.test_tools import READ_TOOLS, WRITE_TOOLS


class CountCalls(Middleware):
    """Names the tools whose calls came by."""

    def __init__(self) -> None:
        self.tools: list[str] = []

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        self.tools.append(context.message.name)
        return await call_next(context)


class StoreThatNotesThreads(SqliteCustomerStore):
    """Notes on which threads it reads and writes."""

    def __init__(self, path: Path, dataset: Dataset) -> None:
        super().__init__(path, lambda: dataset)
        self.readers: set[int] = set()
        self.writers: set[int] = set()

    def customer(self, customer_id: int) -> Customer:
        self.readers.add(threading.get_ident())
        return super().customer(customer_id)

    def lock_account(self, customer_id: int, reason: str, idempotency_key: str) -> LockResult:
        self.writers.add(threading.get_ident())
        return super().lock_account(customer_id, reason, idempotency_key)


@pytest.mark.parametrize("tool", READ_TOOLS)
def test_a_direct_answer_is_the_answer_of_the_chain(server: FastMCP, tool: str) -> None:
    async def both() -> tuple[ToolResult, ToolResult]:
        arguments = READ_TOOLS[tool][0]
        return await server.call_tool(tool, arguments), await FastMCP.call_tool(server, tool, arguments)

    direct, of_the_chain = asyncio.run(both())

    assert direct == of_the_chain


def test_read_runs_on_event_loop_and_write_on_thread(store_path: Path, dataset: Dataset) -> None:
    with closing(StoreThatNotesThreads(store_path, dataset)) as store:
        server = build_server(store, OPEN)

        assert call(server, "get_customer", customer_id=12).ok
        assert call(server, "lock_account", arguments=WRITE_TOOLS["lock_account"]).ok

    here = threading.get_ident()
    assert store.readers == {here}
    assert store.writers
    assert here not in store.writers


def test_middleware_that_is_added_later_sees_every_call(server: FastMCP) -> None:
    count = CountCalls()
    server.add_middleware(count)

    answer: Any = call(server, "get_customer", customer_id=12)

    assert (answer.data["customer_id"], count.tools) == (12, ["get_customer"])
