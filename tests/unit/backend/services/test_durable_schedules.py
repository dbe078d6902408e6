"""Schedules on a real hub, done by the SDK's own entity and orchestration."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, date, datetime

import pytest
from durabletask.client import TaskHubGrpcClient
from durabletask.entities import EntityContext, EntityInstanceId
from durabletask.scheduled import (
    ScheduleCreationOptions,
    ScheduleDescription,
    ScheduledTaskClient,
    ScheduleUpdateOptions,
)
from durabletask.scheduled.models import ScheduleConfiguration
from durabletask.worker import TaskHubGrpcWorker

from backend.services.durable_schedules import EVERY, FIRST_MIDNIGHT, Operation, Schedules, ScheduleSight
from backend.services.errors import SchedulerUnavailable, TaskHubTaken
from backend.services.scheduler import open_scheduler
from contracts.schedules import RESET_COUNTS
from runtime.data_converter import PydanticDataConverter
from tests.support.stack import free_ports
from worker.orchestrations.hub import hub_owner

pytestmark = pytest.mark.anyio

RUNNING, PAUSED = ScheduleSight(is_paused=False, is_as_planned=True), ScheduleSight(is_paused=True, is_as_planned=True)


def count_reset(_: object, order: object) -> str:
    return f"reset by {order}"


@pytest.fixture
def worker(hub: str) -> Generator[None]:
    with TaskHubGrpcWorker(host_address=hub, data_converter=PydanticDataConverter()) as worker:
        worker.add_orchestrator(hub_owner)
        worker.add_orchestrator(count_reset)
        worker.configure_scheduled_tasks()
        worker.start()
        yield


@pytest.fixture
async def schedules(hub: str) -> AsyncGenerator[Schedules]:
    async with open_scheduler(hub, "desk", "casebook-a") as scheduler:
        yield scheduler.schedules


async def until(schedules: Schedules, wanted: ScheduleSight) -> None:
    async with asyncio.timeout(60):
        while True:
            if await schedules.look(RESET_COUNTS) == wanted:
                return
            await asyncio.sleep(0.02)


async def planned(hub: str) -> ScheduleDescription:
    """The schedule as the SDK's client sees it, once it has planned its next run."""
    with TaskHubGrpcClient(host_address=hub, data_converter=PydanticDataConverter()) as client:
        async with asyncio.timeout(60):
            while True:
                made = await asyncio.to_thread(ScheduledTaskClient(client).get_schedule, "reset-counts")
                if made is not None and made.next_run_at is not None:
                    return made
                await asyncio.sleep(0.02)


@pytest.mark.usefixtures("worker")
async def test_schedule_is_made_paused_and_resumed(hub: str, schedules: Schedules) -> None:
    begun = datetime.now(UTC)
    assert await schedules.look(RESET_COUNTS) is None
    steps: tuple[tuple[Operation, ScheduleSight], ...] = (
        ("create_schedule", RUNNING),
        ("pause_schedule", PAUSED),
        ("resume_schedule", RUNNING),
        ("create_schedule", RUNNING),
    )
    for operation, then in steps:
        await schedules.order(RESET_COUNTS, operation)
        await until(schedules, then)
    made = await planned(hub)
    assert (made.schedule_id, made.orchestration_name, made.interval) == ("reset-counts", "count_reset", EVERY)
    assert str(made.next_run_at).endswith("00:00:00+00:00")
    # Unless it has become midnight since.
    assert made.last_run_at is None or made.last_run_at.date() > begun.date()


@pytest.mark.usefixtures("worker")
async def test_schedule_that_others_changed_is_mended(hub: str, schedules: Schedules) -> None:
    await schedules.order(RESET_COUNTS, "create_schedule")
    await until(schedules, RUNNING)
    with TaskHubGrpcClient(host_address=hub, data_converter=PydanticDataConverter()) as client:
        handle = ScheduledTaskClient(client).get_schedule_client("reset-counts")
        await asyncio.to_thread(handle.update, ScheduleUpdateOptions(interval=2 * EVERY))
    await until(schedules, ScheduleSight(is_paused=False, is_as_planned=False))
    await schedules.order(RESET_COUNTS, "update_schedule")
    await until(schedules, RUNNING)


async def put(hub: str, state: object) -> None:
    """Have the schedule's entity in this state, as another release may have left it."""

    def schedule(ctx: EntityContext, given: object) -> None:
        ctx.set_state(given)

    of_another_release = EntityInstanceId("schedule", RESET_COUNTS)
    with TaskHubGrpcWorker(host_address=hub) as worker, TaskHubGrpcClient(host_address=hub) as client:
        worker.add_entity(schedule)
        worker.start()
        client.signal_entity(of_another_release, "keep", state)
        async with asyncio.timeout(60):
            while True:
                found = await asyncio.to_thread(client.get_entity, of_another_release)
                if found is not None and found.get_typed_state() is not None:
                    break
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("state", [5, {"Status": 1, "ScheduleConfiguration": {"Interval": "daily"}}])
async def test_schedule_that_nobody_can_read_is_none(hub: str, schedules: Schedules, state: object) -> None:
    await put(hub, state)
    assert await schedules.look(RESET_COUNTS) is None


@pytest.mark.parametrize("next_run_at", [None, "2026-01-05T00:00:00+00:00", "2026-01-05T00:00:00"])
async def test_schedule_whose_waking_was_lost_is_seen(hub: str, schedules: Schedules, next_run_at: str | None) -> None:
    configuration = ScheduleConfiguration.from_create_options(
        ScheduleCreationOptions(RESET_COUNTS, "count_reset", EVERY, start_at=FIRST_MIDNIGHT)
    )
    lost = {"Status": 1, "NextRunAt": next_run_at, "ScheduleConfiguration": configuration.to_json()}
    await put(hub, lost)
    assert await schedules.look(RESET_COUNTS) == RUNNING._replace(is_waiting=False)


@pytest.mark.usefixtures("worker")
async def test_run_of_a_day_can_be_started_again(hub: str, schedules: Schedules) -> None:
    for _ in range(2):
        await schedules.run_again(RESET_COUNTS, date(2026, 11, 30))
        with TaskHubGrpcClient(host_address=hub) as client:
            instance = "reset-counts-2026-11-30-again"
            state = await asyncio.to_thread(client.wait_for_orchestration_completion, instance, timeout=60)
            assert state is not None
            assert state.serialized_output == '"reset by None"'


async def test_operations_do_not_pile_up_without_a_worker(hub: str, schedules: Schedules) -> None:
    for _ in range(5):
        await schedules.order(RESET_COUNTS, "create_schedule")
    with TaskHubGrpcClient(host_address=hub) as client:
        names = [state.name for state in client.get_all_orchestration_states()]
    assert names.count("execute_schedule_operation_orchestrator") == 1


async def test_other_casebook_touches_no_schedule(hub: str, schedules: Schedules) -> None:
    assert await schedules.look(RESET_COUNTS) is None
    async with open_scheduler(hub, "desk", "casebook-b") as scheduler:
        for attempt in (
            scheduler.schedules.look(RESET_COUNTS),
            scheduler.schedules.order(RESET_COUNTS, "pause_schedule"),
            scheduler.schedules.run_again(RESET_COUNTS, date(2026, 11, 30)),
        ):
            with pytest.raises(TaskHubTaken):
                await attempt


async def test_scheduler_that_is_away_is_said_to_be() -> None:
    async with open_scheduler(f"http://127.0.0.1:{free_ports(1)[0]}", "desk", "casebook-a") as scheduler:
        with pytest.raises(SchedulerUnavailable):
            await scheduler.schedules.look(RESET_COUNTS)
