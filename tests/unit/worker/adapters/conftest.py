"""Real servers for the adapters: the rules model in a process of its own, an MCP server in a thread."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.worker.support.tool_server import ToolServer
from worker.adapters.client_loop import ClientLoop

ROOT = Path(__file__).parents[4]


@pytest.fixture
def loop() -> Iterator[ClientLoop]:
    with ClientLoop() as running:
        yield running


@pytest.fixture(scope="session")
def rules_model() -> Iterator[str]:
    """The base URL of `python -m local.model`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.model", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert process.stdout is not None
        announced = process.stdout.readline().decode()
        found = re.search(r"http://\S+:\d+", announced)
        assert found is not None, announced
        yield found.group()
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def tool_server() -> Iterator[ToolServer]:
    server = ToolServer()
    server.start()
    yield server
    server.stop()
