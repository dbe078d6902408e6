"""The scheduler has lost its state when its canary is gone, unless that was deleted for its age."""

from datetime import timedelta

import pytest

from backend.services.scheduler_memory import SchedulerMemory
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.casebook.builders import NOON, SteppingClock

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
ENDED_AT = NOON


def memory(scheduler: FakeScheduler, clock: SteppingClock, kept: timedelta | None = 30 * DAY) -> SchedulerMemory:
    found = SchedulerMemory(scheduler, kept, clock)
    found.canary, found.is_doubted = "case-1", False
    return found


@pytest.mark.parametrize(
    ("days", "kept", "is_lost"), [(31, 30, False), (29, 30, True), (400, None, True)], ids=["old", "young", "for ever"]
)
async def test_ended_canary_may_be_deleted_for_its_age(
    scheduler: FakeScheduler, days: int, kept: int | None, is_lost: bool
) -> None:
    clock = SteppingClock()
    watched = memory(scheduler, clock, None if kept is None else kept * DAY)
    scheduler.instances["case-1"] = instance_state("closed", status="COMPLETED")
    assert not await watched.is_lost()
    del scheduler.instances["case-1"]
    clock.now = ENDED_AT + days * DAY
    assert await watched.is_lost() is is_lost
    assert is_lost or watched.canary is None


async def test_running_canary_that_is_gone_is_a_loss(scheduler: FakeScheduler) -> None:
    clock = SteppingClock()
    watched = memory(scheduler, clock)
    for status in ("COMPLETED", "RUNNING"):
        scheduler.instances["case-1"] = instance_state("investigating", status=status)
        assert not await watched.is_lost()
    del scheduler.instances["case-1"]
    clock.now += 400 * DAY
    assert await watched.is_lost()


async def test_end_of_another_canary_says_nothing(scheduler: FakeScheduler) -> None:
    clock = SteppingClock()
    watched = memory(scheduler, clock)
    scheduler.instances["case-1"] = instance_state("closed", status="COMPLETED")
    assert not await watched.is_lost()
    watched.canary = "case-2"
    clock.now += 400 * DAY
    assert await watched.is_lost()
