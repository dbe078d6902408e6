"""What the SDK's in-memory backend cannot do, one test each. `better` expects it to fail there."""

import queue
import threading
import time
from collections.abc import Generator
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from durabletask import task

from tests.conformance.harness import Backend, RawWorker, RunningScheduler, Wire, eventually, sdk_worker, status_name
from tests.conformance.messages import call, child, complete, lock, new_kinds, schedule, stamp, unlock

Steps = Generator[task.Task[Any], Any, Any]


@pytest.fixture
def to(better: Backend) -> Any:
    connection = Wire(better.address, patience_s=better.patience_s)
    yield connection
    connection.close()


def test_an_activity_is_redelivered_with_a_new_token(to: Wire) -> None:
    first = to.worker("host:1:first")
    to.start("chain", "a")
    first.end_turn(first.turn(), schedule(1, "step"))
    lost = first.activity()
    first.drop()
    second = to.worker("host:2:second")
    again = second.activity()
    assert again.activityRequest == lost.activityRequest
    assert again.completionToken != lost.completionToken


def test_a_turn_of_a_lost_worker_is_redelivered(to: Wire) -> None:
    first = to.worker("host:1:first")
    to.start("chain", "a")
    lost = first.turn()
    first.drop()
    again = to.worker("host:2:second").turn()
    assert again.orchestratorRequest.instanceId == lost.orchestratorRequest.instanceId
    assert again.completionToken != lost.completionToken


def test_an_entity_batch_of_a_lost_worker_is_redelivered(to: Wire) -> None:
    first = to.worker("host:1:first")
    to.signal("@counter@c", "add", "1")
    first.batch()
    first.drop()
    again = to.worker("host:2:second").batch()
    assert again.entityRequestV2.operationRequests[0].entityOperationSignaled.operation == "add"


def test_an_abandoned_activity_is_offered_again(to: Wire) -> None:
    worker = to.worker("w")
    to.start("chain", "a")
    worker.end_turn(worker.turn(), schedule(1, "step"))
    token = worker.activity().completionToken
    to("AbandonTaskActivityWorkItem", pb.AbandonActivityTaskRequest(completionToken=token))
    assert worker.activity().activityRequest.name == "step"


def test_everything_survives_a_restart(better: Backend, to: Wire) -> None:
    to.start("chain", "a", '"input"')
    to.raise_event("a", "early")
    better.restart()
    found = eventually(lambda: _try_state(to, "a"), to.patience_s)
    assert found.input.value == '"input"'
    assert new_kinds(to.worker("w").turn()) == ["orchestratorStarted", "executionStarted", "eventRaised"]


def _try_state(to: Wire, instance_id: str) -> Any:
    try:
        return to.state(instance_id)
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.UNAVAILABLE:  # type: ignore[attr-defined]
            raise
        return None


def test_many_waiting_clients_do_not_block_work(better: Backend, to: Wire) -> None:
    def quick(ctx: task.OrchestrationContext, _: object) -> str:
        return "done"

    def patient(ctx: task.OrchestrationContext, _: object) -> Steps:
        yield ctx.wait_for_external_event("go")

    with sdk_worker(better.address, quick, patient):
        to.start("patient", "slow")
        slow = pb.GetInstanceRequest(instanceId="slow")
        wait = to.stub.WaitForInstanceCompletion.future
        # On one connection, what is asked for first arrives first.
        calls = [wait(slow, metadata=to.metadata, timeout=to.patience_s) for _ in range(12)]
        to.start("quick", "fast")
        fast = pb.GetInstanceRequest(instanceId="fast", getInputsAndOutputs=True)
        answer = to("WaitForInstanceCompletion", fast)
        assert not any(each.done() for each in calls), "the others had to give up first"
        assert answer.orchestrationState.output.value == '"done"'
        to.raise_event("slow", "go")
        ended = {status_name(each.result().orchestrationState.orchestrationStatus) for each in calls}
        assert ended == {"COMPLETED"}


def test_a_start_time_is_kept(to: Wire) -> None:
    worker = to.worker("w")
    begin = time.time()
    to.start("later", "a", scheduledStartTimestamp=stamp(begin + 1.0))
    worker.turn()
    assert time.time() - begin >= 1.0


def test_terminate_reaches_the_children(to: Wire) -> None:
    worker = to.worker("w")
    to.start("parent", "p")
    worker.end_turn(worker.turn(), child(1, "kid", "k"))
    worker.end_turn(worker.turn())
    to("TerminateInstance", pb.TerminateRequest(instanceId="p", recursive=True))
    told = {worker.turn().orchestratorRequest.instanceId for _ in range(2)}
    assert told == {"p", "k"}


def test_purge_reaches_the_children(to: Wire) -> None:
    worker = to.worker("w")
    to.start("parent", "p")
    worker.end_turn(worker.turn(), child(1, "kid", "k"))
    worker.end_turn(worker.turn(), complete(1, "1"))
    worker.end_turn(worker.turn(), complete(2, "1"))
    answer = to("PurgeInstances", pb.PurgeInstancesRequest(instanceId="p", recursive=True))
    assert answer.deletedInstanceCount == 2
    assert to.state("k") is None


def test_a_parent_hears_of_its_child_after_a_restart(better: Backend, to: Wire) -> None:
    first = to.worker("w")
    to.start("parent", "p")
    first.end_turn(first.turn(), child(1, "kid", "k"))
    first.end_turn(first.turn())
    first.drop()
    better.restart()
    eventually(lambda: _try_state(to, "k"), to.patience_s)
    worker = to.worker("w2")
    to.raise_event("k", "go")
    worker.end_turn(worker.turn(), complete(1, '"late"'))
    assert "subOrchestrationInstanceCompleted" in new_kinds(worker.turn())


def test_a_parent_hears_of_a_slow_child(to: Wire) -> None:
    worker = to.worker("w")
    to.start("parent", "p")
    worker.end_turn(worker.turn(), child(1, "kid", "k"))
    worker.end_turn(worker.turn())
    assert worker.nothing(31)  # nothing happens for this long: that is what is tested
    to.raise_event("k", "go")
    worker.end_turn(worker.turn(), complete(1, '"late"'))
    assert "subOrchestrationInstanceCompleted" in new_kinds(worker.turn())


def test_a_locked_entity_serves_only_the_holder(to: Wire) -> None:
    worker = to.worker("w")
    to.start("holder", "h")
    worker.end_turn(worker.turn(), lock(1, "cs", "h", "@acc@1"))
    granted = worker.turn()
    assert "entityLockGranted" in new_kinds(granted)
    to.signal("@acc@1", "foreign")
    assert worker.nothing(0.5)
    worker.end_turn(granted, call(2, "@acc@1", "own", "r1", "h"))
    batch = worker.batch()
    assert [op.entityOperationCalled.operation for op in batch.entityRequestV2.operationRequests] == ["own"]
    worker.end_batch(batch, "1")
    worker.end_turn(worker.turn(), unlock(3, "cs", "h", "@acc@1"), complete(4))
    after = worker.batch()
    assert [op.entityOperationSignaled.operation for op in after.entityRequestV2.operationRequests] == ["foreign"]


def test_results_of_an_older_generation_do_not_leak(to: Wire) -> None:
    worker = to.worker("w")
    to.start("loop", "a")
    worker.end_turn(worker.turn(), schedule(1, "slow"))
    late = worker.activity()
    to.raise_event("a", "next")
    worker.end_turn(worker.turn(), complete(2, "2", pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW))
    fresh = worker.turn()
    assert new_kinds(fresh) == ["orchestratorStarted", "executionStarted"]
    worker.end_turn(fresh)
    worker.end_activity(late, '"old"')
    assert worker.nothing(0.5)


def test_a_history_over_the_message_limit_fails(to: Wire) -> None:
    worker = to.worker("w")
    to.start("big", "a")
    worker.end_turn(worker.turn())
    for number in range(6):
        to.raise_event("a", f"e{number}", '"' + "x" * 900_000 + '"')
        eventually(lambda: to.status("a") == "FAILED" or _ends_a_turn(worker), to.patience_s)
        if to.status("a") == "FAILED":
            break
    assert to.status("a") == "FAILED"
    assert "continue_as_new" in to.state("a").failureDetails.errorMessage


def _ends_a_turn(worker: RawWorker) -> bool:
    """Ends the turn that has come, if one has."""
    try:
        turn = worker.turn(timeout=0.1)
    except queue.Empty:
        return False
    worker.end_turn(turn)
    return True


def test_concurrency_limits_are_honoured(to: Wire) -> None:
    worker = to.worker("w", maxConcurrentActivityWorkItems=2)  # four are there, two may come
    to.start("fan", "a")
    worker.end_turn(worker.turn(), *(schedule(n, "step") for n in range(1, 5)))
    first, _ = worker.activity(), worker.activity()
    assert worker.nothing(0.4)
    worker.end_activity(first, "1")
    assert worker.two() == ["activityRequest", "orchestratorRequest"]


def test_task_hubs_are_separate(better: Backend) -> None:
    one, two = Wire(better.address, "one"), Wire(better.address, "two")
    one.start("chain", "a")
    assert two.state("a") is None
    assert two.worker("w").nothing(0.4)
    one.close()
    two.close()


def test_an_idle_worker_gets_health_pings(to: Wire) -> None:
    worker = to.worker("w")
    worker.next("healthPing")


def test_a_stale_activity_result_changes_nothing(to: Wire) -> None:
    first = to.worker("host:1:first")
    to.start("chain", "a")
    first.end_turn(first.turn(), schedule(1, "step"))
    lost = first.activity()
    first.drop()
    second = to.worker("host:2:second")
    again = second.activity()
    second.end_activity(again, '"right"')
    second.end_turn(second.turn())
    second.end_activity(lost, '"stale"')
    assert second.nothing(0.4)


def test_finished_instances_leave_nothing_in_memory(scheduler: RunningScheduler, wire: Wire) -> None:
    worker = wire.worker("w")
    for number in range(20):
        wire.start("quick", f"q{number}")
        worker.end_turn(worker.turn(), complete(1, "1"))
    gauges = scheduler.on_loop(scheduler.engine.dispatcher.gauges)
    held = scheduler.on_loop(lambda: len(scheduler.engine._store._rows))  # pyright: ignore[reportPrivateUsage]
    assert gauges["leases"] == gauges["ready_orchestrations"] == gauges["waiting_clients"] == held == 0


def test_custom_status_of_many_waiting_threads_is_seen(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("slow", "a")
    answers: list[str] = []

    def wait() -> None:
        answer = wire("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId="a"))
        answers.append(status_name(answer.orchestrationState.orchestrationStatus))

    threads = [threading.Thread(target=wait) for _ in range(30)]
    for thread in threads:
        thread.start()
    turn = worker.turn()
    worker.end_turn(turn, status='"half"')
    assert wire.state("a").customStatus.value == '"half"'
    wire.raise_event("a", "go")
    worker.end_turn(worker.turn(), complete(1, "1"))
    for thread in threads:
        thread.join(60)
    assert answers == ["COMPLETED"] * 30
