"""The worker of the crash tests: `python chaos_worker.py ENDPOINT LOG`. It is there to be killed."""

import logging
import os
import sys
import threading
from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask import entities, task
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker

Steps = Generator[task.Task[Any], Any, Any]

log_path = os.devnull


def step(activity: task.ActivityContext, value: int) -> int:
    with open(log_path, "a", encoding="utf-8") as log:  # noqa: PTH123 -- one append, many processes
        log.write(f"{activity.orchestration_id}#{activity.task_id}\n")
    return value + 1


def chain(ctx: task.OrchestrationContext, value: int) -> Steps:
    for _ in range(3):
        value = yield ctx.call_activity(step, input=value)
    return value


def fan(ctx: task.OrchestrationContext, width: int) -> Steps:
    results: list[int] = yield task.when_all([ctx.call_activity(step, input=n) for n in range(width)])
    return sum(results)


def nap(ctx: task.OrchestrationContext, millis: int) -> Steps:
    yield ctx.create_timer(timedelta(milliseconds=millis))
    value = yield ctx.call_activity(step, input=millis)
    return value


def listen(ctx: task.OrchestrationContext, _: object) -> Steps:
    value = yield ctx.wait_for_external_event("go")
    value = yield ctx.call_activity(step, input=value)
    return value


def family(ctx: task.OrchestrationContext, value: int) -> Steps:
    results: list[int] = yield task.when_all([ctx.call_sub_orchestrator(chain, input=value + n) for n in range(3)])
    return sum(results)


def loop(ctx: task.OrchestrationContext, state: list[int]) -> Steps:
    left, total = state
    total = yield ctx.call_activity(step, input=total)
    if left > 1:
        ctx.continue_as_new([left - 1, total])
        return None
    return total


def account(entity: entities.EntityContext, amount: int) -> int:
    balance = entity.get_state(int, 0)
    if entity.operation == "add":
        balance += amount
        entity.set_state(balance)
    return balance


def transfer(ctx: task.OrchestrationContext, order: list[Any]) -> Steps:
    source, target, amount = order
    one, two = entities.EntityInstanceId("account", source), entities.EntityInstanceId("account", target)
    with (yield ctx.lock_entities([one, two])):
        before_one = yield ctx.call_entity(one, "get", 0)
        before_two = yield ctx.call_entity(two, "get", 0)
        after_one = yield ctx.call_entity(one, "add", -amount)
        yield ctx.call_activity(step, input=0)
        after_two = yield ctx.call_entity(two, "add", amount)
    return (before_one - amount == after_one) and (before_two + amount == after_two)


def main() -> None:
    global log_path
    log_path = sys.argv[2]
    logging.disable(logging.CRITICAL)
    worker = DurableTaskSchedulerWorker(
        host_address=sys.argv[1], taskhub="default", token_credential=None, secure_channel=False
    )
    orchestrators: list[Any] = [chain, fan, nap, listen, family, loop, transfer]
    for orchestrator in orchestrators:
        worker.add_orchestrator(orchestrator)
    worker.add_activity(step)
    worker.add_entity(account)
    worker.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
