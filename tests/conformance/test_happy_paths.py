# ruff: noqa: A002 -- input is the protocol's word
"""The same programs on this scheduler and on the SDK's own backend: both must give the same answers."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from durabletask import entities, task
from durabletask.client import EntityQuery, OrchestrationQuery, OrchestrationStatus

from tests.conformance.harness import Backend, Wire, eventually, sdk_client, sdk_worker
from tests.conformance.messages import kinds

Steps = Generator[task.Task[Any], Any, Any]


def step(activity: task.ActivityContext, value: int) -> int:
    return value + 1


def chain(ctx: task.OrchestrationContext, value: int) -> Steps:
    for _ in range(3):
        value = yield ctx.call_activity(step, input=value)
    return value


def fan(ctx: task.OrchestrationContext, width: int) -> Steps:
    results: list[int] = yield task.when_all([ctx.call_activity(step, input=n) for n in range(width)])
    return sum(results)


def counter(entity: entities.EntityContext, amount: int) -> int:
    value = entity.get_state(int, 0)
    if entity.operation == "add":
        value += amount
        entity.set_state(value)
    return value


def run(backend: Backend, orchestrator: Any, *functions: Any, input: Any = None, prepare: Any = None) -> Any:
    with sdk_client(backend.address) as client, sdk_worker(backend.address, orchestrator, *functions):
        instance_id = client.schedule_new_orchestration(orchestrator, input=input)
        if prepare is not None:
            prepare(client, instance_id)
        state = client.wait_for_orchestration_completion(instance_id, timeout=60)
        assert state is not None
        return state


def output(state: Any) -> Any:
    assert state.runtime_status == OrchestrationStatus.COMPLETED, state.failure_details
    return json.loads(state.serialized_output)


def test_chain_and_its_history(either: Backend) -> None:
    state = run(either, chain, step, input=1)
    assert output(state) == 4
    wire = Wire(either.address)
    turn = ["orchestratorStarted", "taskCompleted", "taskScheduled"]
    # The SDK's own backend closes each turn with an event that Azure's histories do not have.
    assert [kind for kind in kinds(wire.history(state.instance_id)) if kind != "orchestratorCompleted"] == [
        "orchestratorStarted", "executionStarted", "taskScheduled", *turn, *turn,
        "orchestratorStarted", "taskCompleted", "executionCompleted",
    ]  # fmt: skip
    wire.close()


def test_fan_out(either: Backend) -> None:
    assert output(run(either, fan, step, input=20)) == sum(range(1, 21))


def test_a_failing_activity_fails_the_orchestration(either: Backend) -> None:
    def explode(activity: task.ActivityContext, _: object) -> None:
        raise ValueError("no")

    def call_it(ctx: task.OrchestrationContext, _: object) -> Steps:
        yield ctx.call_activity(explode)

    state = run(either, call_it, explode)
    assert state.runtime_status == OrchestrationStatus.FAILED
    assert "no" in state.failure_details.message


def test_retries_use_timers_and_the_same_task_id(either: Backend) -> None:
    calls: list[int] = []

    def flaky(activity: task.ActivityContext, _: object) -> str:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")
        return "ok"

    def retrying(ctx: task.OrchestrationContext, _: object) -> Steps:
        policy = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=50), max_number_of_attempts=5)
        result = yield ctx.call_activity(flaky, retry_policy=policy)
        return result

    assert output(run(either, retrying, flaky)) == "ok"
    assert len(calls) == 3


def test_events_are_buffered_and_names_ignore_case(either: Backend) -> None:
    def listen(ctx: task.OrchestrationContext, _: object) -> Steps:
        first = yield ctx.wait_for_external_event("A")
        second = yield ctx.wait_for_external_event("b")
        return [first, second]

    def prepare(client: Any, instance_id: str) -> None:
        client.raise_orchestration_event(instance_id, "B", data=2)
        client.raise_orchestration_event(instance_id, "a", data=1)

    assert output(run(either, listen, prepare=prepare)) == [1, 2]


def test_a_timer_wins_without_an_event(either: Backend) -> None:
    def race(ctx: task.OrchestrationContext, _: object) -> Steps:
        event = ctx.wait_for_external_event("go")
        deadline = ctx.create_timer(timedelta(milliseconds=200))
        winner = yield task.when_any([event, deadline])
        return "late" if winner is deadline else "event"

    assert output(run(either, race)) == "late"


def test_sub_orchestrations_give_results_and_failures(either: Backend) -> None:
    def parent(ctx: task.OrchestrationContext, _: object) -> Steps:
        good = yield ctx.call_sub_orchestrator(chain, input=1)
        try:
            yield ctx.call_sub_orchestrator(broken)
        except task.TaskFailedError as error:
            return [good, "wrong" in str(error)]
        return []

    def broken(ctx: task.OrchestrationContext, _: object) -> Any:
        raise ValueError("wrong")

    assert output(run(either, parent, chain, step, broken)) == [4, True]


def test_continue_as_new_keeps_unread_events(either: Backend) -> None:
    def collect(ctx: task.OrchestrationContext, seen: list[int]) -> Steps:
        value = yield ctx.wait_for_external_event("n")
        seen = [*seen, value]
        if len(seen) < 4:
            ctx.continue_as_new(seen, save_events=True)
            return None
        return seen

    def prepare(client: Any, instance_id: str) -> None:
        for n in range(4):
            client.raise_orchestration_event(instance_id, "n", data=n)

    assert output(run(either, collect, input=[], prepare=prepare)) == [0, 1, 2, 3]


def test_entity_calls_signals_and_locks(either: Backend) -> None:
    def use(ctx: task.OrchestrationContext, _: object) -> Steps:
        first = entities.EntityInstanceId("counter", ctx.instance_id + "-a")
        second = entities.EntityInstanceId("counter", ctx.instance_id + "-b")
        ctx.signal_entity(first, "add", 5)
        one = yield ctx.call_entity(first, "add", 1)
        with (yield ctx.lock_entities([second, first])):
            two = yield ctx.call_entity(second, "add", one)
            three = yield ctx.call_entity(first, "get")
        return [one, two, three]

    assert output(run(either, use, counter)) == [6, 6, 6]


def test_suspend_keeps_events_until_resume(either: Backend) -> None:
    def listen(ctx: task.OrchestrationContext, _: object) -> Steps:
        value = yield ctx.wait_for_external_event("go")
        return value

    with sdk_client(either.address) as client, sdk_worker(either.address, listen):
        instance_id = client.schedule_new_orchestration(listen)
        client.wait_for_orchestration_start(instance_id, timeout=60)

        def status() -> Any:
            state = client.get_orchestration_state(instance_id)
            return None if state is None else state.runtime_status

        client.suspend_orchestration(instance_id)
        eventually(lambda: status() == OrchestrationStatus.SUSPENDED)
        client.raise_orchestration_event(instance_id, "go", data=7)
        with pytest.raises(TimeoutError):
            client.wait_for_orchestration_completion(instance_id, timeout=0.5)
        client.resume_orchestration(instance_id)
        state = client.wait_for_orchestration_completion(instance_id, timeout=60)
        assert output(state) == 7


def test_terminate_ends_with_the_given_output(either: Backend) -> None:
    def forever(ctx: task.OrchestrationContext, _: object) -> Steps:
        yield ctx.wait_for_external_event("never")

    def prepare(client: Any, instance_id: str) -> None:
        client.wait_for_orchestration_start(instance_id, timeout=60)
        client.terminate_orchestration(instance_id, output="enough")

    state = run(either, forever, prepare=prepare)
    assert state.runtime_status == OrchestrationStatus.TERMINATED
    assert state.serialized_output == '"enough"'


def test_rewind_repeats_only_what_failed(either: Backend) -> None:
    calls = {"good": 0, "bad": 0}

    def good(activity: task.ActivityContext, _: object) -> int:
        calls["good"] += 1
        return 1

    def bad(activity: task.ActivityContext, _: object) -> int:
        calls["bad"] += 1
        if calls["bad"] == 1:
            raise ValueError("once")
        return 2

    def both(ctx: task.OrchestrationContext, _: object) -> Steps:
        first = yield ctx.call_activity(good)
        second = yield ctx.call_activity(bad)
        return first + second

    with sdk_client(either.address) as client, sdk_worker(either.address, both, good, bad):
        instance_id = client.schedule_new_orchestration(both)
        client.wait_for_orchestration_completion(instance_id, timeout=60)
        client.rewind_orchestration(instance_id, reason="again")
        assert output(client.wait_for_orchestration_completion(instance_id, timeout=60)) == 3
    assert calls == {"good": 1, "bad": 2}


def test_orchestrations_message_each_other(either: Backend) -> None:
    def listener(ctx: task.OrchestrationContext, _: object) -> Steps:
        value = yield ctx.wait_for_external_event("hello")
        return value

    def sender(ctx: task.OrchestrationContext, target: str) -> Steps:
        ctx.send_event(target, "hello", data="from afar")
        yield ctx.call_activity(step, input=1)
        return "sent"

    with sdk_client(either.address) as client, sdk_worker(either.address, listener, sender, step):
        target = client.schedule_new_orchestration(listener)
        client.wait_for_orchestration_start(target, timeout=60)
        client.schedule_new_orchestration(sender, input=target)
        assert output(client.wait_for_orchestration_completion(target, timeout=60)) == "from afar"


def test_queries_page_filter_and_purge(either: Backend) -> None:
    begin = datetime.now(UTC) - timedelta(seconds=2)
    with sdk_client(either.address) as client, sdk_worker(either.address, chain, step):
        ids = [client.schedule_new_orchestration(chain, input=n, instance_id=f"q-{n}") for n in range(5)]
        for instance_id in ids:
            client.wait_for_orchestration_completion(instance_id, timeout=60)
        query = OrchestrationQuery(
            created_time_from=begin, runtime_status=[OrchestrationStatus.COMPLETED], max_instance_count=2,
            fetch_inputs_and_outputs=True,
        )  # fmt: skip
        found = client.get_all_orchestration_states(query)
        assert {(state.instance_id, state.serialized_output) for state in found} == {
            (f"q-{n}", str(n + 3)) for n in range(5)
        }
        page = client.list_instance_ids(page_size=3)
        rest = client.list_instance_ids(page_size=3, continuation_token=page.continuation_token)
        assert sorted([*page.items, *rest.items]) == ids
        assert client.purge_orchestration("q-0").deleted_instance_count == 1
        result = client.purge_orchestrations_by(created_time_from=begin)
        assert result.deleted_instance_count == 4
        assert client.get_all_orchestration_states() == []


def test_entity_queries(either: Backend) -> None:
    with sdk_client(either.address) as client, sdk_worker(either.address, counter):
        ids = [entities.EntityInstanceId("counter", f"k{n}") for n in range(3)]
        for entity_id in ids:
            client.signal_entity(entity_id, "add", 2)
        for entity_id in ids:
            eventually(lambda e=entity_id: (m := client.get_entity(e)) is not None and m.get_state() == "2")
        found = client.get_all_entities(EntityQuery(instance_id_starts_with="@counter@k", page_size=2))
        assert [str(metadata.id) for metadata in found] == [str(entity_id) for entity_id in ids]
