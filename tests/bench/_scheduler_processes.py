"""The processes that the scheduler benchmark measures, each started as `python _scheduler_processes.py ROLE …`.

peer    the SDK's in-memory backend, as the yardstick
worker  a worker with the benchmark's orchestrations
fill    writes N finished instances into a data folder, as fast as the store takes them
"""

import argparse
import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from durabletask import entities, task

Steps = Generator[task.Task[Any], Any, Any]

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def step(_: task.ActivityContext, value: int) -> int:
    return value + 1


def chain(ctx: task.OrchestrationContext, value: int) -> Steps:
    for _ in range(3):
        value = yield ctx.call_activity(step, input=value)
    return value


def instant(_: task.OrchestrationContext, value: int) -> int:
    return value


def fan_out(ctx: task.OrchestrationContext, width: int) -> Steps:
    results: list[int] = yield task.when_all([ctx.call_activity(step, input=n) for n in range(width)])
    return sum(results)


def wait_for_go(ctx: task.OrchestrationContext, _: object) -> Steps:
    value = yield ctx.wait_for_external_event("go")
    return value


def counter(ctx: entities.EntityContext, amount: int) -> None:
    ctx.set_state(ctx.get_state(int, 0) + amount)


def run_worker(endpoint: str) -> None:
    from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker

    quiet = logging.getLogger("bench")
    quiet.setLevel(logging.ERROR)
    worker = DurableTaskSchedulerWorker(
        host_address=endpoint, taskhub="default", token_credential=None, secure_channel=False, logger=quiet
    )
    for orchestrator in (chain, instant, fan_out, wait_for_go):
        worker.add_orchestrator(orchestrator)
    worker.add_activity(step)
    worker.add_entity(counter)
    worker.start()
    _until_told()
    worker.stop()


def run_peer(port: int, stored: int) -> None:
    import durabletask.internal.orchestrator_service_pb2 as pb
    from durabletask.testing import in_memory_backend

    logging.disable(logging.WARNING)
    backend = in_memory_backend.InMemoryOrchestrationBackend(port=port)
    instances: dict[str, Any] = backend._instances  # pyright: ignore[reportPrivateUsage] -- there is no public way
    for n in range(stored):
        key = f"stored-{n:06d}"
        now = datetime.now(UTC)
        instances[key] = in_memory_backend.OrchestrationInstance(
            key, "chain", pb.ORCHESTRATION_STATUS_COMPLETED, created_at=now, last_updated_at=now, completed_at=now
        )
    backend.start()
    _until_told()


def run_fill(data: Path, stored: int) -> None:
    from local.scheduler.engine import Engine, Options
    from local.scheduler.operations.completion import finish
    from local.scheduler.operations.context import OperationContext
    from local.scheduler.protocol import events
    from local.scheduler.protocol.wire import join_events
    from local.scheduler.store.rows import Status

    def add(context: OperationContext, first: int) -> None:
        hub = context.store.hubs().get("default") or context.store.insert_hub("default", context.now)
        for n in range(first, min(first + 500, stored)):
            row = context.create_instance(hub=hub, instance_id=f"stored-{n:06d}", name="chain", version=None, input="1")
            done = events.execution_completed(context.now, Status.COMPLETED, "4", None)
            context.store.append_history(row.key, join_events([done] * 12))
            context.store.save_instance(finish(context, row, Status.COMPLETED, "4", None))
        context.effects.instances.clear()

    async def fill() -> None:
        engine = Engine(Options(data, durable=False))
        for first in range(0, stored, 500):
            await engine.perform(lambda context, first=first: add(context, first))
        await engine.stop()

    asyncio.run(fill())


def _until_told() -> None:
    done = threading.Event()

    def stop(number: int, frame: object) -> None:
        done.set()

    signal.signal(signal.SIGTERM, stop)
    print("ready", flush=True)  # noqa: T201 -- the benchmark waits for this line
    done.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=("peer", "worker", "fill"))
    parser.add_argument("--endpoint", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--stored", type=int, default=0)
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    if arguments.role == "worker":
        run_worker(arguments.endpoint)
    elif arguments.role == "peer":
        run_peer(arguments.port, arguments.stored)
    else:
        run_fill(arguments.data, arguments.stored)


if __name__ == "__main__":
    main()
