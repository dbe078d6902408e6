"""Clients that nobody here wrote, each in an environment of its own, against the local model and the tool server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.model.server import build_server
from tests.unit.local.serving import running
from tests.unit.mcp_server.support import environment, serving

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CLIENTS = Path(__file__).parent / "clients"
INSTALLED = Path(__file__).parents[2] / ".clients"
UV = Path(sys.executable).parent / "uv"
WRITE_TOKEN = "a-token-that-no-client-has-0123456789"


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where model and tool server are, as the programs read it."""
    store = tmp_path_factory.mktemp("clients") / "customers.db"
    with (
        running(build_server()) as model,
        serving(environment(store, MCP_WRITE_TOKEN=WRITE_TOKEN)) as (_, tools),
    ):
        yield {"MODEL_URL": model, "MCP_URL": tools}


def run(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        arguments, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout[-2_000:]}{done.stderr[-4_000:]}"
    return done.stdout


def python_of(client: str) -> Path:
    """The interpreter of an environment that holds just what the client's lock file names."""
    lock, home = CLIENTS / f"{client}.lock", INSTALLED / client
    noted = home / "lock"
    if not noted.exists() or noted.read_bytes() != lock.read_bytes():
        shutil.rmtree(home, ignore_errors=True)
        run(UV, "venv", "--quiet", "--python", sys.executable, home)
        run(UV, "pip", "install", "--quiet", "--require-hashes", "--python", home / "bin" / "python", "-r", lock)
        noted.write_bytes(lock.read_bytes())
    return home / "bin" / "python"


@pytest.mark.parametrize("client", sorted(path.stem for path in CLIENTS.glob("*.lock")))
def test_client_works_unmodified(client: str, addresses: dict[str, str], tmp_path: Path) -> None:
    # -P: the program's own folder holds files with the names of the packages that they try.
    run(python_of(client), "-P", CLIENTS / "programs" / f"{client}.py", cwd=tmp_path, env=addresses)


def test_inspector_lists_and_calls_tools(addresses: dict[str, str]) -> None:
    home = INSTALLED / "inspector"
    lock = (CLIENTS / "inspector" / "package-lock.json").read_bytes()
    noted = home / "lock"
    if not noted.exists() or noted.read_bytes() != lock:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(CLIENTS / "inspector", home)
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", cwd=home)
        noted.write_bytes(lock)

    def ask(*arguments: str) -> str:
        return run(
            home / "node_modules" / ".bin" / "mcp-inspector", "--cli", addresses["MCP_URL"], *arguments, cwd=home
        )

    assert "get_customer_detail" in {tool["name"] for tool in json.loads(ask("--method", "tools/list"))["tools"]}
    answer = json.loads(
        ask("--method", "tools/call", "--tool-name", "get_customer_detail", "--tool-arg", "customer_id=1")
    )
    assert answer["structuredContent"]["customer_id"] == 1
