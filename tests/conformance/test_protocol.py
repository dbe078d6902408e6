"""The semantics that are easy to get wrong, looked at on the wire."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest

from local.scheduler.dispatch.workers import RETURNED_GRACES
from tests.conformance.harness import RawWorker, RunningScheduler, Wire, eventually
from tests.conformance.messages import (
    call,
    child,
    complete,
    kinds,
    lock,
    new_kinds,
    schedule,
    stamp,
    text,
    timer,
)

FAILED = pb.ORCHESTRATION_STATUS_FAILED
CONTINUED = pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW
GRACE_S = 600.0
"""No test takes so long."""


def code(error: Any) -> Any:
    return error.value.code()


def test_each_action_is_confirmed_under_its_own_id(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "other")
    worker.turn()
    wire.start("all", "a")
    worker.end_turn(
        worker.turn(),
        schedule(1, "step"),
        timer(2, time.time() + 100),
        child(3, "kid", "k"),
        pb.OrchestratorAction(
            id=4,
            sendEvent=pb.SendEventAction(instance=pb.OrchestrationInstance(instanceId="other"), name="e"),
        ),
        call(5, "@c@1", "op", "r5", "a"),
        lock(6, "cs", "a", "@c@2"),
    )
    confirmed = {event.eventId: event.WhichOneof("eventType") for event in wire.history("a") if event.eventId >= 0}
    assert confirmed == {
        1: "taskScheduled", 2: "timerCreated", 3: "subOrchestrationInstanceCreated", 4: "eventSent",
        5: "entityOperationCalled", 6: "entityLockRequested",
    }  # fmt: skip


def test_continue_as_new_orders_carried_events_before_new_ones(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("loop", "a", tags={"team": "red"}, version=text("1.0"))
    turn = worker.turn()
    old = turn.orchestratorRequest.executionId.value
    wire.raise_event("a", "arrived", "2")
    carried = pb.HistoryEvent(eventId=-1, eventRaised=pb.EventRaisedEvent(name="carried"))
    worker.end_turn(turn, complete(1, '"next"', CONTINUED, carryoverEvents=[carried], newVersion=text("2.0")))
    request = worker.turn().orchestratorRequest
    assert not request.pastEvents
    assert kinds(request.newEvents) == ["orchestratorStarted", "executionStarted", "eventRaised", "eventRaised"]
    assert [event.eventRaised.name for event in request.newEvents[2:]] == ["carried", "arrived"]
    started = request.newEvents[1].executionStarted
    assert (started.input.value, started.version.value, dict(started.tags)) == ('"next"', "2.0", {"team": "red"})
    assert request.executionId.value == started.orchestrationInstance.executionId.value != old


def test_continue_as_new_releases_locks_and_drops_timers(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("loop", "a")
    worker.end_turn(worker.turn(), lock(1, "cs", "a", "@c@1"), timer(2, time.time() + 0.3))
    worker.end_turn(worker.turn(), complete(3, "1", CONTINUED))
    worker.end_turn(worker.turn())
    wire.signal("@c@1", "op")
    worker.batch()
    assert worker.nothing(0.5)


def test_a_rewind_turn_is_sent_alone(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("fragile", "a")
    failure = pb.TaskFailureDetails(errorType="E", errorMessage="no")
    worker.end_turn(worker.turn(), complete(1, None, FAILED, failureDetails=failure))
    wire("RewindInstance", pb.RewindInstanceRequest(instanceId="a", reason=text("fixed")))
    wire.raise_event("a", "held")
    turn = worker.turn()
    request = turn.orchestratorRequest
    assert kinds(request.newEvents) == ["orchestratorStarted", "executionRewound"]
    assert kinds(request.pastEvents)[-1] == "executionCompleted"
    kept = [event for event in request.pastEvents if not event.HasField("executionCompleted")]
    action = pb.RewindOrchestrationAction(newHistory=[*kept, *request.newEvents])
    worker.end_turn(turn, pb.OrchestratorAction(id=-1, rewindOrchestration=action))
    again = worker.turn()
    assert new_kinds(again) == ["orchestratorStarted", "eventRaised"]
    assert "executionCompleted" not in kinds(again.orchestratorRequest.pastEvents)
    assert wire.status("a") == "RUNNING"


def test_rewind_keeps_the_results_that_came_after_the_failure(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("fan", "a")
    worker.end_turn(worker.turn(), schedule(1, "good"), schedule(2, "slow"))
    good, slow = worker.activity(), worker.activity()
    worker.end_activity(good, "1")
    failure = pb.TaskFailureDetails(errorType="E", errorMessage="no")
    worker.end_turn(worker.turn(), complete(3, None, FAILED, failureDetails=failure))
    worker.end_activity(slow, '"late"')
    wire("RewindInstance", pb.RewindInstanceRequest(instanceId="a"))
    turn = worker.turn()
    request = turn.orchestratorRequest
    kept = [event for event in request.pastEvents if not event.HasField("executionCompleted")]
    action = pb.RewindOrchestrationAction(newHistory=[*kept, *request.newEvents])
    worker.end_turn(turn, pb.OrchestratorAction(id=-1, rewindOrchestration=action))
    assert new_kinds(worker.turn()) == ["orchestratorStarted", "taskCompleted"]


def test_only_a_failed_instance_can_be_rewound(wire: Wire) -> None:
    wire.start("x", "a")
    with pytest.raises(grpc.RpcError) as refused:
        wire("RewindInstance", pb.RewindInstanceRequest(instanceId="a"))
    assert code(refused) == grpc.StatusCode.FAILED_PRECONDITION
    with pytest.raises(grpc.RpcError) as unknown:
        wire("RewindInstance", pb.RewindInstanceRequest(instanceId="nobody"))
    assert code(unknown) == grpc.StatusCode.NOT_FOUND


def test_timers_and_delayed_signals_survive_a_restart(scheduler: RunningScheduler) -> None:
    wire = Wire(scheduler.address)
    first = wire.worker("w")
    wire.start("waits", "a")
    at = time.time() + 1.5
    first.end_turn(first.turn(), timer(1, at))
    wire.signal("@c@1", "later", at=at)
    first.drop()
    scheduler.restart()
    worker = eventually(lambda: _worker(scheduler))
    items = [worker.next_any(), worker.next_any()]
    assert time.time() >= at - 0.01
    assert {item.WhichOneof("request") for item in items} == {"orchestratorRequest", "entityRequestV2"}
    wire.close()


def _worker(scheduler: RunningScheduler) -> Any:
    return Wire(scheduler.address).worker("again")


def test_a_suspended_instance_gets_everything_on_resume(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn())
    wire("SuspendInstance", pb.SuspendRequest(instanceId="a"))
    worker.end_turn(worker.turn())
    assert wire.status("a") == "SUSPENDED"
    wire.raise_event("a", "one")
    wire.raise_event("a", "two")
    assert worker.nothing(0.3)
    wire("ResumeInstance", pb.ResumeRequest(instanceId="a"))
    turn = worker.turn()
    assert new_kinds(turn) == ["orchestratorStarted", "eventRaised", "eventRaised", "executionResumed"]
    worker.end_turn(turn)
    assert wire.status("a") == "RUNNING"


def test_an_id_is_reused_only_as_the_policy_says(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), complete(1, '"old"'))
    with pytest.raises(grpc.RpcError) as taken:
        wire.start("x", "a")
    assert code(taken) == grpc.StatusCode.ALREADY_EXISTS
    policy = pb.OrchestrationIdReusePolicy(replaceableStatus=[pb.ORCHESTRATION_STATUS_COMPLETED])
    wire.start("x", "a", '"new"', orchestrationIdReusePolicy=policy)
    assert wire.state("a").input.value == '"new"'
    with pytest.raises(grpc.RpcError) as running:
        wire.start("x", "a", orchestrationIdReusePolicy=policy)
    assert code(running) == grpc.StatusCode.ALREADY_EXISTS


def test_a_turn_of_a_replaced_instance_is_stale(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    old = worker.turn()
    policy = pb.OrchestrationIdReusePolicy(
        replaceableStatus=[
            pb.ORCHESTRATION_STATUS_PENDING, pb.ORCHESTRATION_STATUS_RUNNING, pb.ORCHESTRATION_STATUS_TERMINATED,
        ]
    )  # fmt: skip
    wire.start("x", "a", orchestrationIdReusePolicy=policy)
    worker.end_turn(old, complete(1, '"old"'))
    assert wire.status("a") == "PENDING"
    worker.end_turn(worker.turn(), complete(1, '"new"'))
    assert wire.state("a").output.value == '"new"'


def test_a_duplicate_child_id_fails_the_call_only(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("busy", "k")
    worker.turn()
    wire.start("parent", "p")
    worker.end_turn(worker.turn(), child(1, "kid", "k"))
    turn = worker.turn()
    assert turn.orchestratorRequest.newEvents[-1].WhichOneof("eventType") == "subOrchestrationInstanceFailed"
    assert wire.status("k") == "PENDING"


def test_work_item_filters_look_at_name_and_version(wire: Wire) -> None:
    filters = pb.WorkItemFilters(orchestrations=[pb.OrchestrationFilter(name="x", versions=["2"])])
    picky = wire.worker("picky", workItemFilters=filters)
    wire.start("x", "old", version=text("1"))
    wire.start("y", "other")
    assert picky.nothing(0.3)
    wire.start("x", "new", version=text("2"))
    assert picky.turn().orchestratorRequest.instanceId == "new"
    anything = wire.worker("anything")
    assert {anything.turn().orchestratorRequest.instanceId for _ in range(2)} == {"old", "other"}


def test_a_turn_answered_in_parts_counts_when_complete(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    turn = worker.turn()
    part = pb.OrchestratorResponse(
        instanceId="a", completionToken=turn.completionToken, actions=[schedule(1, "step")], isPartial=True
    )
    wire("CompleteOrchestratorTask", part)
    assert worker.nothing(0.2)
    worker.end_turn(turn, schedule(2, "step"))
    assert {worker.activity().activityRequest.taskId for _ in range(2)} == {1, 2}


def test_a_long_history_is_streamed_in_pieces(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn())
    for number in range(4):
        wire.raise_event("a", f"e{number}", "x" * 400_000)
        worker.end_turn(worker.turn())
    request = pb.StreamInstanceHistoryRequest(instanceId="a")
    chunks = list(wire.stub.StreamInstanceHistory(request, metadata=wire.metadata, timeout=60))
    assert len(chunks) > 1
    assert sum(event.HasField("eventRaised") for chunk in chunks for event in chunk.events) == 4


def test_skipping_graceful_termination_needs_no_worker(wire: Wire) -> None:
    wire.start("x", "a")
    answer = wire(
        "SkipGracefulOrchestrationTerminations",
        pb.SkipGracefulOrchestrationTerminationsRequest(
            instanceBatch=pb.InstanceBatch(instanceIds=["a", "nobody"]), reason=text('"enough"')
        ),
    )
    assert list(answer.unterminatedInstanceIds) == ["nobody"]
    assert (wire.status("a"), wire.state("a").output.value) == ("TERMINATED", '"enough"')


def test_a_delayed_start_can_be_terminated_before_it_begins(wire: Wire) -> None:
    wire.start("x", "a", scheduledStartTimestamp=stamp(time.time() + 100))
    wire("TerminateInstance", pb.TerminateRequest(instanceId="a", output=text('"no"')))
    assert wire.status("a") == "TERMINATED"


def test_task_hubs_are_deleted_with_everything_in_them(scheduler: RunningScheduler) -> None:
    one = Wire(scheduler.address, "one")
    one.start("x", "a")
    one.signal("@c@1", "op")
    one("DeleteTaskHub", pb.DeleteTaskHubRequest())
    one("CreateTaskHub", pb.CreateTaskHubRequest())
    assert one.state("a") is None
    assert one.worker("w").nothing(0.3)
    one.close()


def test_trace_context_tags_and_versions_reach_activity_and_child(wire: Wire) -> None:
    worker = wire.worker("w")
    trace = pb.TraceContext(traceParent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    wire.start("x", "a", parentTraceContext=trace)
    turn = worker.turn()
    assert turn.orchestratorRequest.newEvents[1].executionStarted.parentTraceContext == trace
    action = pb.ScheduleTaskAction(name="step", version=text("3"), tags={"k": "v"}, parentTraceContext=trace)
    wire(
        "CompleteOrchestratorTask",
        pb.OrchestratorResponse(
            instanceId="a", completionToken=turn.completionToken,
            actions=[pb.OrchestratorAction(id=1, scheduleTask=action)],
            orchestrationTraceContext=pb.OrchestrationTraceContext(spanID=text("abc")),
        ),
    )  # fmt: skip
    item = worker.activity()
    request = item.activityRequest
    assert (request.version.value, dict(request.tags), request.parentTraceContext) == ("3", {"k": "v"}, trace)
    worker.end_activity(item, "1")
    assert worker.turn().orchestratorRequest.orchestrationTraceContext.spanID.value == "abc"


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[RunningScheduler]:
    """A scheduler whose grace periods end when a test brings on their end."""
    running = RunningScheduler(tmp_path / "data", grace=GRACE_S)
    yield running
    running.stop()


def come_back(scheduler: RunningScheduler, wire: Wire, lost: RawWorker) -> RawWorker:
    """The same worker on a new stream, when the scheduler has noticed the end of the old one."""
    lost.drop()
    scheduler.wait_for_workers(0)
    back = wire.worker("host:1:same")
    scheduler.wait_for_workers(1)
    return back


def test_a_reconnecting_worker_keeps_what_it_surely_has(waiting: RunningScheduler) -> None:
    wire = Wire(waiting.address)
    first = wire.worker("host:1:same")
    wire.start("x", "a")
    first.end_turn(first.turn(), schedule(1, "one"), schedule(2, "two"))
    one, two = first.activity(), first.activity()
    first.end_activity(two, '"2"')  # proves that everything before it has arrived
    back = come_back(waiting, wire, first)
    waiting.pass_time(GRACE_S * (RETURNED_GRACES - 1))
    kinds_seen = [item.WhichOneof("request") for item in back.rest(1.2)]
    assert "activityRequest" not in kinds_seen
    back.end_activity(one, '"1"')
    wire.close()


def test_an_activity_is_redelivered_when_its_result_was_lost(waiting: RunningScheduler) -> None:
    wire = Wire(waiting.address)
    first = wire.worker("host:1:same")
    wire.start("x", "a")
    first.end_turn(first.turn(), schedule(1, "one"), schedule(2, "two"))
    first.activity()
    first.end_activity(first.activity(), '"2"')
    back = come_back(waiting, wire, first)  # has finished "one", could not report it, and will not try again
    waiting.pass_time(GRACE_S * RETURNED_GRACES)
    items = [back.next_any(), back.next_any()]
    assert [item.activityRequest.name for item in items if item.HasField("activityRequest")] == ["one"]
    assert new_kinds(next(item for item in items if item.HasField("orchestratorRequest")))[-1] == "taskCompleted"
    assert back.nothing(0.5)
    wire.close()
