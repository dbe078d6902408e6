"""Worker and client of the JavaScript SDK, as npm offers it, against this scheduler."""

import json
from typing import Any

import pytest

from tests.conformance.environments import CLIENTS, NotOfferedError, attempt, node_modules_of
from tests.conformance.harness import RunningScheduler

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

CHECKS = (
    "chain",
    "fan-out and fan-in",
    "sub-orchestration",
    "activity retry",
    "external event",
    "timer",
    "custom status",
    "continue-as-new",
    "entity signal",
    "entity call",
    "entity state",
    "entity without state",
    "suspend and resume",
    "terminate",
    "restart of a running instance",
    "history of one activity",
    "query in pages",
    "purge",
    "long instance id",
    "long entity id",
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each check of the program came to: null when it holds, otherwise what went wrong."""
    try:
        modules = node_modules_of("javascript")
    except NotOfferedError as error:
        pytest.skip(f"npm does not offer the JavaScript SDK: {error}")
    backend = RunningScheduler(tmp_path_factory.mktemp("javascript"))
    try:
        done = attempt(
            "node",
            CLIENTS / "programs" / "javascript.cjs",
            cwd=modules.parent,
            # A program in CommonJS finds packages there that are not in the folders above it.
            env={"NODE_PATH": str(modules), "ADDRESS": backend.address.replace("127.0.0.1", "localhost")},
        )
    finally:
        backend.stop()
    assert done.returncode == 0, f"{done.stdout[-2_000:]}{done.stderr[-4_000:]}"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(line["check"] for line in lines) == sorted(CHECKS)
    return {line["check"]: line["error"] for line in lines}


@pytest.mark.parametrize("check", CHECKS)
def test_javascript_sdk_works_unmodified(check: str, outcomes: dict[str, Any]) -> None:
    assert outcomes[check] is None
