"""What the tests of the MCP server share."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastmcp import Client, FastMCP
from fastmcp.client.transports import StreamableHttpTransport

from tests.support.tool_access import along

ROOT = Path(__file__).resolve().parents[3]
SEED = 7
AS_OF = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 15, 13, 30, tzinfo=UTC)
UNKNOWN = 9999
UNKNOWN_SENTENCE = "Customer 9999 is not in the customer store: check the id or search by name."


@dataclass(frozen=True)
class Answer:
    """What a tool answered: structured content, or the text of its error."""

    ok: bool
    data: Any
    error: str


def call(
    server: FastMCP | str,
    tool: str,
    token: str | None = None,
    *,
    arguments: dict[str, Any] | None = None,
    grant: str | None = None,
    **more: Any,
) -> Answer:
    """Call `tool` of a server in this process or at a URL, with `arguments` and `more`."""

    async def answer() -> Answer:
        async with client(server, token) as session:
            result = await session.call_tool(
                tool, (arguments or {}) | more, meta=along(grant) or None, raise_on_error=False
            )
            text = " ".join(getattr(block, "text", "") for block in result.content)
            return Answer(not result.is_error, result.structured_content, text if result.is_error else "")

    return asyncio.run(answer())


def client(server: FastMCP | str, token: str | None = None) -> Client[Any]:
    """A client of a server in this process or at a URL, with a bearer token or without."""
    if isinstance(server, FastMCP):
        return Client(server)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client(StreamableHttpTransport(server, headers=headers))


def environment(store: Path, **more: str) -> dict[str, str]:
    """The environment of a server process with its own store and any free port."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MCP_", "CONTOSO_", "FASTMCP_"))}
    return {**kept, "CUSTOMER_STORE_PATH": str(store), "MCP_PORT": "0", "CONTOSO_SEED": str(SEED), **more}


@contextmanager
def serving(
    env: Mapping[str, str], command: Sequence[str] = ("-m", "mcp_server")
) -> Generator[tuple[subprocess.Popen[str], str]]:
    """A real server process and the URL that it announced; killed at the end if it still runs."""
    with subprocess.Popen([sys.executable, *command], env=env, cwd=ROOT, text=True, stderr=subprocess.PIPE) as process:
        try:
            yield process, _announced_url(process)
        finally:
            process.kill()


def _announced_url(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r'Customer tools on ([^\s"]+)', line):
            return found[1]
    raise AssertionError("The server ended before it served: " + "".join(said))
