"""The daily reset of message counts on the real stack, whose clock is moved across midnights."""

import logging
import os
import shutil
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.client import OrchestrationQuery, OrchestrationStatus, TaskHubGrpcClient
from durabletask.scheduled import ScheduleDescription, ScheduledTaskClient
from sqlalchemy import text

from casebook.database.engine import open_engine
from tests.support.moved_clock import NEEDS_COMPILER, MovedClock
from tests.support.stack import LocalStack, run_to_exit

pytestmark = NEEDS_COMPILER

MIDNIGHT = datetime(2027, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)
RESET_COUNTS = (sys.executable, "-m", "backend.jobs", "reset-counts")
GOING_ON = [OrchestrationStatus.PENDING, OrchestrationStatus.RUNNING]


class Desk:
    """A stack whose clock is moved, and what it says of bob's message count and of the schedule that resets it."""

    def __init__(self, stack: LocalStack, clock: MovedClock) -> None:
        self.stack = stack
        self.clock = clock

    def set_count(self, count: int) -> None:
        body = {"message_count": count}
        httpx.post(f"{self.stack.url}/api/analytics/bob/initialize", json=body, timeout=60).raise_for_status()

    def count(self) -> int:
        return httpx.get(f"{self.stack.url}/api/analytics/bob", timeout=60).raise_for_status().json()["message_count"]

    @contextmanager
    def maria(self) -> Generator[httpx.Client]:
        """A session ends when the clock moves on by a day."""
        with httpx.Client(base_url=self.stack.url, timeout=60) as client:
            signed_in = client.post("/api/session/token", json={"persona": "maria"}).raise_for_status().json()
            client.headers["Authorization"] = f"Bearer {signed_in['token']}"
            yield client

    def schedule(self) -> dict[str, Any]:
        with self.maria() as maria:
            (found,) = maria.get("/api/schedules").raise_for_status().json()["items"]
            return found

    def do(self, what: str) -> None:
        with self.maria() as maria:
            maria.post(f"/api/schedules/reset-counts/{what}").raise_for_status()

    def runs(self) -> list[tuple[str | None, str]]:
        """The day of each run on record, and who ran it."""
        engine = open_engine(f"sqlite:///{self.stack.data / 'casebook.db'}")
        try:
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT day, run_by FROM schedule_run ORDER BY number"))
                return [(row.day, row.run_by) for row in rows]
        finally:
            engine.dispose()

    def run_job(self) -> str:
        env = {**self.stack.env, "CASEBOOK_URL": f"sqlite:///{self.stack.data / 'casebook.db'}"}
        ended = run_to_exit(RESET_COUNTS, env)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    @contextmanager
    def scheduler(self) -> Generator[TaskHubGrpcClient]:
        """The SDK's own client."""
        address = f"127.0.0.1:{self.stack.env['SCHEDULER_PORT']}"
        with DurableTaskSchedulerClient(
            host_address=address,
            taskhub="default",
            token_credential=None,
            secure_channel=False,
            logger=logging.getLogger("tests.scheduler"),
        ) as client:
            yield client

    def in_scheduler(self) -> ScheduleDescription | None:
        with self.scheduler() as client:
            return ScheduledTaskClient(client).get_schedule("reset-counts")

    def is_settled(self) -> bool:
        """Whether the scheduler waits for the next midnight by the moved clock, and no run is going on."""
        found = self.in_scheduler()
        if found is None or found.next_run_at is None or found.next_run_at <= self.clock.now():
            return False
        with self.scheduler() as client:
            going_on = client.get_all_orchestration_states(OrchestrationQuery(runtime_status=[*GOING_ON]))
        return not any(each.name == "count_reset" for each in going_on)

    def until_armed(self) -> None:
        self.stack.wait_until(lambda: self.schedule()["is_armed"] is True, "the schedule in the scheduler")

    def until_settled(self) -> None:
        self.stack.wait_until(self.is_settled, "the wait for the next midnight")


@contextmanager
def running(data: Path, clock: MovedClock) -> Generator[Desk]:
    with LocalStack(data, "--no-simulator", env=clock.env) as stack:
        desk = Desk(stack, clock)
        desk.until_armed()
        yield desk


@pytest.fixture
def clock(tmp_path: Path) -> MovedClock:
    moved = MovedClock(tmp_path / "clock")
    moved.set(MIDNIGHT - DAY / 2)
    return moved


def test_clock_moves_across_midnights_with_an_outage(tmp_path: Path, clock: MovedClock) -> None:
    first, last, after = ("2027-01-10", "schedule"), ("2027-01-12", "schedule"), ("2027-01-13", "schedule")
    with running(tmp_path / "data", clock) as desk:
        desk.set_count(3)
        clock.set(MIDNIGHT)
        desk.until_settled()
        assert (desk.count(), desk.runs()) == (0, [first])
        desk.set_count(5)
        for pid in desk.stack.pids():
            os.kill(pid, signal.SIGKILL)

    clock.set(MIDNIGHT + 2.5 * DAY)
    with running(tmp_path / "data", clock) as desk:
        desk.until_settled()
        assert (desk.count(), desk.runs()) == (0, [first, last])
        desk.set_count(7)
        assert desk.run_job() == "Nothing was done: the counts were reset today already, or are counted since today."
        assert desk.count() == 7
        clock.set(MIDNIGHT + 3 * DAY)
        desk.until_settled()
        assert (desk.count(), desk.runs()) == (0, [first, last, after])
        assert desk.schedule()["next_run_at"] == "2027-01-14T00:00:00Z"


@pytest.mark.long
def test_each_process_is_killed_at_a_midnight(tmp_path: Path, clock: MovedClock) -> None:
    with running(tmp_path / "data", clock) as desk:
        for day, part in enumerate(("worker", "scheduler", "backend")):
            desk.set_count(3)
            clock.set(MIDNIGHT + day * DAY)
            desk.stack.kill(part)
            desk.stack.wait_until_backend_answers()
            desk.stack.wait_until(lambda day=day: len(desk.runs()) > day, f"the reset while the {part} was killed")
            assert desk.count() == 0
        desk.until_settled()
        assert desk.runs() == [(f"2027-01-{day}", "schedule") for day in (10, 11, 12)]


@pytest.mark.long
def test_job_outside_takes_the_day(tmp_path: Path, clock: MovedClock) -> None:
    with running(tmp_path / "data", clock) as desk:
        desk.do("pause")
        desk.until_armed()
        desk.set_count(3)
        clock.set(MIDNIGHT + DAY / 24)
        assert desk.run_job() == "Nothing was done: the schedule is paused."
        desk.do("resume")
        desk.until_settled()
        assert (desk.count(), desk.runs()) == (3, [])
        desk.do("trigger")
        assert (desk.count(), desk.runs()) == (0, [(None, "maria")])

    # The hub is lost, and with it the schedule, over a midnight.
    shutil.rmtree(tmp_path / "data" / "scheduler")
    clock.set(MIDNIGHT + 1.5 * DAY)
    with running(tmp_path / "data", clock) as desk:
        desk.stack.wait_until(lambda: len(desk.runs()) == 2, "the run that is made up for")
        desk.set_count(4)
        desk.until_settled()
        assert desk.run_job().startswith("Nothing was done: the counts were reset today already")
        assert (desk.count(), desk.runs()) == (4, [(None, "maria"), ("2027-01-11", "schedule")])
        clock.set(MIDNIGHT + 2 * DAY)
        desk.stack.wait_until(lambda: len(desk.runs()) == 3, "the next midnight")
        assert desk.count() == 0
