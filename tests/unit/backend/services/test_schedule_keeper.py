"""The scheduler has each schedule as it is on record, whatever it has lost, and runs that were lost are made up for."""

from datetime import UTC, date, datetime, timedelta

import pytest

from backend.executor import BlockingExecutor
from backend.services.durable_schedules import ScheduleSight
from backend.services.errors import SchedulerUnavailable
from backend.services.schedule_keeper import ScheduleKeeper
from casebook.async_api import AsyncSchedules
from casebook.database.transactions import Transactions
from casebook.schedules_api import SchedulesApi
from contracts.schedules import BY_SCHEDULE, RESET_COUNTS
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler

pytestmark = pytest.mark.anyio


class WallClock:
    """The time as the test says."""

    now = datetime(2026, 11, 29, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall() -> WallClock:
    return WallClock()


@pytest.fixture
def record(book: CaseBook, wall: WallClock) -> SchedulesApi:
    with book.transactions.read() as connection:
        return SchedulesApi(Transactions(connection.engine, wall))


@pytest.fixture
def keeper(record: SchedulesApi, scheduler: FakeScheduler, wall: WallClock) -> ScheduleKeeper:
    return ScheduleKeeper(AsyncSchedules(record, BlockingExecutor()), scheduler.schedules, wall)


async def sweep(keeper: ScheduleKeeper, times: int = 3) -> None:
    for _ in range(times):
        await keeper.sweep()


async def test_schedule_is_made_once(keeper: ScheduleKeeper, scheduler: FakeScheduler) -> None:
    assert keeper.is_armed(RESET_COUNTS) is None
    await sweep(keeper)
    assert scheduler.keeps.orders == ["create_schedule"]
    assert keeper.is_armed(RESET_COUNTS) is True


async def test_lost_schedule_is_made_again_and_stays_paused(
    keeper: ScheduleKeeper, record: SchedulesApi, scheduler: FakeScheduler
) -> None:
    await sweep(keeper)
    record.pause(RESET_COUNTS, "maria")
    await sweep(keeper)
    scheduler.keeps.sight = None
    await sweep(keeper)
    assert scheduler.keeps.orders == ["create_schedule", "pause_schedule"] * 2
    record.resume(RESET_COUNTS, "maria")
    await sweep(keeper)
    assert scheduler.keeps.sight == ScheduleSight(is_paused=False, is_as_planned=True)


@pytest.mark.parametrize("is_paused", [True, False])
async def test_schedule_of_another_release_is_mended(
    keeper: ScheduleKeeper, scheduler: FakeScheduler, is_paused: bool
) -> None:
    scheduler.keeps.sight = ScheduleSight(is_paused, is_as_planned=False)
    await sweep(keeper)
    assert scheduler.keeps.orders == ["update_schedule", *(["resume_schedule"] if is_paused else [])]


async def test_schedule_that_nothing_wakes_is_made_again(keeper: ScheduleKeeper, scheduler: FakeScheduler) -> None:
    scheduler.keeps.sight = ScheduleSight(is_paused=False, is_as_planned=True, is_waiting=False)
    await sweep(keeper)
    assert scheduler.keeps.orders == ["create_schedule"]
    assert keeper.is_armed(RESET_COUNTS) is True


async def test_without_a_worker_it_is_not_armed(keeper: ScheduleKeeper, scheduler: FakeScheduler) -> None:
    scheduler.keeps.has_worker = False
    await sweep(keeper)
    assert keeper.is_armed(RESET_COUNTS) is False


async def test_unreachable_scheduler_is_not_known_to_have_it(keeper: ScheduleKeeper, scheduler: FakeScheduler) -> None:
    await sweep(keeper)
    scheduler.reachable = False
    with pytest.raises(SchedulerUnavailable):
        await keeper.sweep()
    assert keeper.is_armed(RESET_COUNTS) is None


async def test_lost_run_is_made_up_for_after_a_while(
    keeper: ScheduleKeeper, record: SchedulesApi, scheduler: FakeScheduler, wall: WallClock
) -> None:
    await sweep(keeper)
    wall.now = datetime(2026, 11, 30, 0, 1, 59, tzinfo=UTC)
    await sweep(keeper)
    assert scheduler.keeps.runs == []
    wall.now += timedelta(seconds=1)
    await keeper.sweep()
    assert scheduler.keeps.runs == [date(2026, 11, 30)]
    assert record.run_due(RESET_COUNTS, BY_SCHEDULE)
    await sweep(keeper)
    assert len(scheduler.keeps.runs) == 1


async def test_nothing_is_made_up_for_while_paused(
    keeper: ScheduleKeeper, record: SchedulesApi, scheduler: FakeScheduler, wall: WallClock
) -> None:
    await sweep(keeper)
    record.pause(RESET_COUNTS, "maria")
    wall.now += timedelta(days=3)
    await sweep(keeper)
    record.resume(RESET_COUNTS, "maria")
    await sweep(keeper)
    assert scheduler.keeps.runs == []
