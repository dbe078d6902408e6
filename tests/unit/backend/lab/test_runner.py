"""A back-test whose process hangs holds up nobody for long."""

import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from backend.executor import BlockingExecutor
from backend.ingest.settings import TelemetrySettings
from backend.lab import runner as module
from backend.lab.runner import NOT_FOR_IT, BackTestRunner
from backend.settings import BackendSettings
from casebook.async_api import AsyncBackTests
from casebook.back_tests_api import BackTestsApi
from casebook.commands.back_tests import STARTING
from casebook.database.transactions import Transactions, utc_now
from contracts.back_tests import NewBackTest, RecordedTelemetry
from runtime.secret_sources import secret_names

pytestmark = pytest.mark.anyio

DEAF = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if Path(sys.argv[1]).exists():
    sys.exit(3)
Path(sys.argv[1]).touch()
signal.pause()
"""
"""Hangs when it is started first, and fails then."""


@dataclass
class Ahead:
    """The time, so much later as the test says."""

    by: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.by


@pytest.fixture
def clock() -> Ahead:
    return Ahead()


@pytest.fixture
def lab(engine: Engine, clock: Ahead) -> BackTestsApi:
    return BackTestsApi(Transactions(engine, clock))


def order(lab: BackTestsApi, version: int) -> str:
    source = RecordedTelemetry(kind="recording", recording="may.jsonl")
    return lab.request("spending_spike", 1, NewBackTest(version=version, source=source, reason="A test."), "maria")


@pytest.fixture
def runner(lab: BackTestsApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackTestRunner:
    monkeypatch.setattr(module, "WATCH_S", 0.05)
    monkeypatch.setattr(module, "STOP_S", 0.2)
    command = (sys.executable, "-c", DEAF, str(tmp_path / "started"))
    return BackTestRunner(AsyncBackTests(lab, BlockingExecutor()), command)


def appears(file: Path) -> None:
    """Wait for a file."""
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # another process comes up


async def swept(runner: BackTestRunner) -> None:
    async with asyncio.timeout(120):
        await runner.sweep()


async def test_cancelled_one_that_hangs_is_killed(lab: BackTestsApi, runner: BackTestRunner, tmp_path: Path) -> None:
    first, second = order(lab, 2), order(lab, 3)
    sweeping = asyncio.create_task(swept(runner))
    await asyncio.to_thread(appears, tmp_path / "started")
    lab.cancel(first, "maria")
    await sweeping
    ended = [lab.back_test(each) for each in (first, second)]
    assert [each.state for each in ended] == ["cancelled", "failed"]


async def test_one_that_says_nothing_is_killed(
    lab: BackTestsApi, runner: BackTestRunner, tmp_path: Path, clock: Ahead
) -> None:
    first, second = order(lab, 2), order(lab, 3)
    sweeping = asyncio.create_task(swept(runner))
    await asyncio.to_thread(appears, tmp_path / "started")
    clock.by += STARTING
    await sweeping
    ended = [lab.back_test(each) for each in (first, second)]
    assert [each.state for each in ended] == ["interrupted", "failed"]
    assert ended[0].problem == "Its process did not answer any more and was killed: order it again."


async def test_no_secret_of_the_backend_is_passed_on(
    lab: BackTestsApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(NOT_FOR_IT) == sorted(
        {*secret_names(BackendSettings.model_fields)} - {*secret_names(TelemetrySettings.model_fields)}
    )
    for name in ("GRANT_KEY", "mcp_caller_key_file", "CASEBOOK_URL_FILE"):
        monkeypatch.setenv(name, "held")
    show = "import os, sys; open(sys.argv[1], 'w').write(' '.join(n for n, v in os.environ.items() if v == 'held'))"
    command = (sys.executable, "-c", show, str(tmp_path / "shown"))
    order(lab, 2)
    await swept(BackTestRunner(AsyncBackTests(lab, BlockingExecutor()), command))
    assert (tmp_path / "shown").read_text() == "CASEBOOK_URL_FILE"
