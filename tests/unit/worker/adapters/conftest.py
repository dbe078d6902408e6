"""The client loop and a real MCP server."""

from collections.abc import Iterator

import pytest

from tests.unit.worker.support.tool_server import ToolServer
from worker.adapters.client_loop import ClientLoop


@pytest.fixture
def loop() -> Iterator[ClientLoop]:
    with ClientLoop() as running:
        yield running


@pytest.fixture
def tool_server() -> Iterator[ToolServer]:
    server = ToolServer()
    server.start()
    yield server
    server.stop()
