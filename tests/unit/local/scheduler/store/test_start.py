"""A start reads what is unfinished, and nothing of what is over."""

import asyncio
from pathlib import Path
from typing import NamedTuple

import durabletask.internal.orchestrator_service_pb2 as pb
import pytest

from local.scheduler.core import Core, Options
from local.scheduler.operations import activities, entities
from local.scheduler.operations.unit import Unit
from local.scheduler.runtime import events
from local.scheduler.store.rows import DueKind, Status
from local.scheduler.wire import join_events

HOUR = 3_600_000_000


class Start(NamedTuple):
    """What a start has found, and what it cost: instructions of SQLite's virtual machine."""

    figures: dict[str, int]
    steps: int


def add_history(unit: Unit, hub: int, finished: int) -> None:
    for number in range(finished):
        row = unit.create_instance(hub=hub, instance_id=f"old-{number}", name="chain", version=None, input="1")
        done = events.execution_completed(unit.now, Status.COMPLETED, "4", None)
        unit.store.append_history(row.key, join_events([done] * 5))
        unit.store.save_instance(unit.finish(row, Status.COMPLETED, "4", None))
        idle = unit.store.insert_entity(hub, f"@counter@{number}", unit.now)
        unit.store.save_entity(idle._replace(state="1"))


def add_open_work(unit: Unit, hub: int) -> None:
    one, other, _ = (unit.store.worker_key(f"host:{number}:uuid@1", None) for number in range(3))
    for number in range(3):
        row = unit.create_instance(hub=hub, instance_id=f"open-{number}", name="chain", version=None, input="1")
        activities.schedule(unit, row, 1, pb.ScheduleTaskAction(name="step"))
        unit.add_due(unit.now + HOUR, DueKind.TIMER, row.key, 0, events.timer_fired(unit.now, 2, unit.now))
        entities.signal_entity(unit, hub, pb.SignalEntityRequest(instanceId=f"@open@{number}", name="add"))
    leased = unit.changes.activities[0]
    activities.lease(unit, leased.key, one)
    entities.lease_batch(unit, unit.changes.entities[0].key, other)


def start_with(folder: Path, finished: int) -> Start:
    async def measure() -> Start:
        core = Core(Options(folder, durable=False))

        def fill(unit: Unit) -> None:
            hub = unit.store.insert_hub("default", unit.now)
            add_history(unit, hub, finished)
            add_open_work(unit, hub)

        await core.perform(fill)
        await core.stop()
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        core = Core(Options(folder, durable=False))
        core.database.connection.set_progress_handler(count, 1)
        await core.start()
        found = Start(core.dispatcher.figures(), steps)
        await core.stop()
        return found

    return asyncio.run(measure())


@pytest.mark.parametrize("finished", [200, 2000])
def test_the_work_of_a_start_does_not_grow_with_what_is_finished(tmp_path: Path, finished: int) -> None:
    none = start_with(tmp_path / "none", 0)
    many = start_with(tmp_path / "many", finished)
    assert many == none
    assert many.figures["leases"] == 2
    assert many.figures["ready_orchestrations"] == 3
    assert many.figures["ready_activities"] == 2
    assert many.figures["ready_entities"] == 2
    assert many.steps > 0
