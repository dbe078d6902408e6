import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from local import supervisor
from local.parts import Part
from local.supervisor import PartFailed, SupervisedPart
from runtime.backoff import Backoff, no_jitter

pytestmark = pytest.mark.integration

READY_THEN_WAIT = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text('up'); time.sleep(600)"


class Spoken:
    """Collects what the supervisor says and lets a test wait for a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, _: str, line: str) -> None:
        self.lines.append(line)
        self._more.set()

    async def wait_for(self, text: str) -> None:
        while not any(text in line for line in self.lines):
            self._more.clear()
            await self._more.wait()


def supervised(tmp_path: Path, code: str, spoken: Spoken, stop_grace_s: float | None = None) -> SupervisedPart:
    ready = tmp_path / "ready"
    part = Part("worker", (sys.executable, "-c", code, str(ready)), ready_file=ready, stop_grace_s=stop_grace_s)
    return SupervisedPart(part, dict(os.environ), tmp_path, spoken)


@contextlib.asynccontextmanager
async def running(part: SupervisedPart) -> AsyncGenerator[asyncio.Task[None]]:
    task = asyncio.create_task(part.run(lambda: None))
    try:
        yield task
    finally:
        await part.stop()
        await asyncio.gather(task, return_exceptions=True)


def test_a_killed_part_is_started_again_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTART", Backoff(0.01, draw=no_jitter))

    async def scenario() -> None:
        spoken = Spoken()
        part = supervised(tmp_path, READY_THEN_WAIT, spoken)
        async with running(part):
            await part.wait_until_ready()
            first = part.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await spoken.wait_for("stopped with signal SIGKILL; starting it again in 0.01 s")
            await part.wait_until_ready()
            assert part.pid not in (None, first)
        assert part.pid is None

    asyncio.run(asyncio.wait_for(scenario(), 300))


def test_a_part_that_never_gets_ready_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTART", Backoff(0.01, draw=no_jitter))

    async def scenario() -> None:
        spoken = Spoken()
        async with running(supervised(tmp_path, "print('no such setting'); raise SystemExit(3)", spoken)) as task:
            with pytest.raises(PartFailed, match=r"The worker cannot start \(exit code 3\)"):
                await task
        assert spoken.lines.count("no such setting") == supervisor.STARTS_BEFORE_GIVING_UP

    asyncio.run(asyncio.wait_for(scenario(), 300))


def test_part_that_ignores_the_request_to_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_GRACE_S", 0.1)

    async def scenario() -> None:
        spoken = Spoken()
        part = supervised(
            tmp_path, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY_THEN_WAIT, spoken
        )
        async with running(part):
            await part.wait_until_ready()
        assert part.pid is None
        assert spoken.lines[-1] == "did not stop within 0.1 s; killing it"

    asyncio.run(asyncio.wait_for(scenario(), 300))


def test_a_very_long_line_does_not_end_the_watch(tmp_path: Path) -> None:
    async def scenario() -> None:
        spoken = Spoken()
        part = supervised(tmp_path, "print('x' * 1_000_000, flush=True); " + READY_THEN_WAIT, spoken)
        async with running(part):
            await part.wait_until_ready()
            await spoken.wait_for("(a line too long to show)")

    asyncio.run(asyncio.wait_for(scenario(), 300))


def test_part_may_use_its_own_grace_period_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_GRACE_S", 0.0)

    async def scenario() -> None:
        spoken = Spoken()
        part = supervised(tmp_path, READY_THEN_WAIT, spoken, stop_grace_s=60.0)
        async with running(part):
            await part.wait_until_ready()
        assert not [line for line in spoken.lines if "killing it" in line]

    asyncio.run(asyncio.wait_for(scenario(), 300))
