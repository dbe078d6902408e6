"""The worker of the tests of lost work: `python poison_worker.py ENDPOINT LOG`. Some of its work kills it."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

from durabletask import entities, task
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker

Steps = Generator[task.Task[Any], Any, Any]


def die(what: str) -> None:
    """Notes what is at work and ends the process as the system does when memory is short."""
    with Path(sys.argv[2]).open("a", encoding="utf-8") as log:
        log.write(f"{what}\n")
    os.kill(os.getpid(), signal.SIGKILL)


def poison(activity: task.ActivityContext, _: object) -> None:
    die("activity")


def harmless(activity: task.ActivityContext, value: int) -> int:
    return value + 1


def calls_poison(ctx: task.OrchestrationContext, _: object) -> Steps:
    try:
        yield ctx.call_activity(poison)
    except task.TaskFailedError as failed:
        result = yield ctx.call_activity(harmless, input=1)
        return [failed.details.error_type, failed.details.message, result]


def is_poison(ctx: task.OrchestrationContext, _: object) -> Steps:
    yield ctx.create_timer(timedelta(milliseconds=1))
    die("turn")


def counter(entity: entities.EntityContext, amount: int) -> int:
    if entity.operation == "poison":
        die("operation")
    value = entity.get_state(int, 0) + amount
    entity.set_state(value)
    return value


def calls_entity(ctx: task.OrchestrationContext, _: object) -> Steps:
    target = entities.EntityInstanceId("counter", "one")
    first = yield ctx.call_entity(target, "add", 1)
    try:
        yield ctx.call_entity(target, "poison", 1)
    except task.TaskFailedError as failed:
        second = yield ctx.call_entity(target, "add", 1)
        return [first, str(failed), second]


def main() -> None:
    logging.disable(logging.CRITICAL)
    worker = DurableTaskSchedulerWorker(
        host_address=sys.argv[1], taskhub="default", token_credential=None, secure_channel=False
    )
    orchestrators: list[Any] = [calls_poison, is_poison, calls_entity]
    for orchestrator in orchestrators:
        worker.add_orchestrator(orchestrator)
    worker.add_activity(poison)
    worker.add_activity(harmless)
    worker.add_entity(counter)
    worker.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
