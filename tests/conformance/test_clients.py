"""Clients that nobody here wrote, each in an environment of its own, against the local model and the tool server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.model.server import build_server
from tests.conformance.environments import CLIENTS, node_modules_of, python_of, run
from tests.support.tool_access import Keys
from tests.unit.local.serving import running
from tests.unit.mcp_server.support import environment, serving

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Services:
    """Model and tool server, and the keys of its callers."""

    model: str
    tools: str
    keys: Keys


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    store = tmp_path_factory.mktemp("clients") / "customers.db"
    with running(build_server()) as model, serving(environment(store)) as (_, tools):
        yield Services(model, tools, Keys.beside(store))


@pytest.fixture
def addresses(services: Services) -> dict[str, str]:
    """Where they are, as the programs read it, and a token that lets them read for five minutes."""
    token = services.keys.token(caller="operator")
    return {"MODEL_URL": services.model, "MCP_URL": services.tools, "MCP_TOKEN": token}


@pytest.mark.parametrize("client", sorted(path.stem for path in CLIENTS.glob("*.lock")))
def test_client_works_unmodified(client: str, addresses: dict[str, str], tmp_path: Path) -> None:
    # -P: the program's own folder holds files with the names of the packages that they try.
    run(python_of(client), "-P", CLIENTS / "programs" / f"{client}.py", cwd=tmp_path, env=addresses)


def test_inspector_lists_and_calls_tools(addresses: dict[str, str]) -> None:
    modules = node_modules_of("inspector")

    def ask(*arguments: str) -> str:
        header = ("--header", f"Authorization: Bearer {addresses['MCP_TOKEN']}")
        inspector = (modules / ".bin" / "mcp-inspector", "--cli", addresses["MCP_URL"])
        return run(*inspector, *arguments, *header, cwd=modules.parent)

    assert "get_customer_detail" in {tool["name"] for tool in json.loads(ask("--method", "tools/list"))["tools"]}
    answer = json.loads(
        ask("--method", "tools/call", "--tool-name", "get_customer_detail", "--tool-arg", "customer_id=1")
    )
    assert answer["structuredContent"]["customer_id"] == 1
