"""A start reads what is unfinished, and nothing of what is over."""

import asyncio
from pathlib import Path
from typing import NamedTuple

import durabletask.internal.orchestrator_service_pb2 as pb
import pytest

from local.scheduler.engine import Engine, Options
from local.scheduler.operations import activities, entities
from local.scheduler.operations.completion import finish
from local.scheduler.operations.context import OperationContext
from local.scheduler.protocol import events
from local.scheduler.protocol.wire import join_events
from local.scheduler.store.rows import DueKind, Status

HOUR = 3_600_000_000


class Start(NamedTuple):
    """What a start has found, and what it cost: instructions of SQLite's virtual machine."""

    gauges: dict[str, int]
    steps: int


def add_history(context: OperationContext, hub: int, finished: int) -> None:
    for number in range(finished):
        row = context.create_instance(hub=hub, instance_id=f"old-{number}", name="chain", version=None, input="1")
        done = events.execution_completed(context.now, Status.COMPLETED, "4", None)
        context.store.append_history(row.key, join_events([done] * 5))
        context.store.save_instance(finish(context, row, Status.COMPLETED, "4", None))
        idle = context.store.insert_entity(hub, f"@counter@{number}", context.now)
        context.store.save_entity(idle._replace(state="1"))


def add_open_work(context: OperationContext, hub: int) -> None:
    one, other, _ = (context.store.worker_key(f"host:{number}:uuid@1", None) for number in range(3))
    for number in range(3):
        row = context.create_instance(hub=hub, instance_id=f"open-{number}", name="chain", version=None, input="1")
        activities.schedule(context, row, 1, pb.ScheduleTaskAction(name="step"))
        context.add_due(context.now + HOUR, DueKind.TIMER, row.key, 0, events.timer_fired(context.now, 2, context.now))
        entities.signal_entity(context, hub, pb.SignalEntityRequest(instanceId=f"@open@{number}", name="add"))
    leased = context.effects.activities[0]
    activities.lease(context, leased.key, one)
    entities.lease_batch(context, context.effects.entities[0].key, other)


def start_with(folder: Path, finished: int) -> Start:
    async def measure() -> Start:
        engine = Engine(Options(folder, durable=False))

        def fill(context: OperationContext) -> None:
            hub = context.store.insert_hub("default", context.now)
            add_history(context, hub, finished)
            add_open_work(context, hub)

        await engine.perform(fill)
        await engine.stop()
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        engine = Engine(Options(folder, durable=False))
        engine.database.connection.set_progress_handler(count, 1)
        await engine.start()
        found = Start(engine.dispatcher.gauges(), steps)
        await engine.stop()
        return found

    return asyncio.run(measure())


@pytest.mark.parametrize("finished", [200, 2000])
def test_a_start_reads_unfinished_work_only(tmp_path: Path, finished: int) -> None:
    none = start_with(tmp_path / "none", 0)
    many = start_with(tmp_path / "many", finished)
    assert many == none
    assert many.gauges["leases"] == 2
    assert many.gauges["ready_orchestrations"] == 3
    assert many.gauges["ready_activities"] == 2
    assert many.gauges["ready_entities"] == 2
    assert many.steps > 0
