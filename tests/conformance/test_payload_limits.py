"""Payloads that Azure Durable Task Scheduler would not take are not taken here either, and nothing gets stuck."""

from collections.abc import Callable, Generator
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from durabletask import task

from tests.conformance.harness import RunningScheduler, Wire, sdk_client, sdk_worker
from tests.conformance.messages import call, complete, schedule, send_event, signal, text

LIMIT = 1024 * 1024
LARGEST = "x" * LIMIT
TOO_LARGE = "x" * (LIMIT + 1)

Request = Callable[[Wire], Any]
CONTINUED = pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW
FAILED = pb.ORCHESTRATION_STATUS_FAILED
PAYLOADS: dict[str, Request] = {
    "input": lambda wire: wire.start("x", "new", TOO_LARGE),
    "input in other letters": lambda wire: wire.start("x", "new", "é" * (LIMIT // 2 + 1)),
    "tags": lambda wire: wire.start("x", "new", tags={"key": TOO_LARGE[3:] + "y"}),
    "event": lambda wire: wire.raise_event("a", "e", TOO_LARGE),
    "signal": lambda wire: wire.signal("@counter@1", "add", TOO_LARGE),
    "later signal": lambda wire: wire.signal("@counter@1", "add", TOO_LARGE, at=4e9),
    "output": lambda wire: wire("TerminateInstance", pb.TerminateRequest(instanceId="a", output=text(TOO_LARGE))),
    "suspend": lambda wire: wire("SuspendInstance", pb.SuspendRequest(instanceId="a", reason=text(TOO_LARGE))),
    "resume": lambda wire: wire("ResumeInstance", pb.ResumeRequest(instanceId="a", reason=text(TOO_LARGE))),
    "rewind": lambda wire: wire("RewindInstance", pb.RewindInstanceRequest(instanceId="a", reason=text(TOO_LARGE))),
    "skip": lambda wire: wire(
        "SkipGracefulOrchestrationTerminations",
        pb.SkipGracefulOrchestrationTerminationsRequest(
            instanceBatch=pb.InstanceBatch(instanceIds=["a"]), reason=text(TOO_LARGE)
        ),
    ),
}


@pytest.mark.parametrize("request_", PAYLOADS.values(), ids=PAYLOADS)
def test_requests_with_a_payload_too_large_are_refused(wire: Wire, request_: Request) -> None:
    wire.start("x", "a")
    with pytest.raises(grpc.RpcError) as refused:
        request_(wire)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]
    assert "bytes, and at most 1,048,576 are taken" in str(refused.value.details())  # type: ignore[attr-defined]
    assert wire.status("a") == "PENDING"
    assert wire.state("new") is None


def test_the_largest_payloads_are_served(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a", LARGEST)
    worker.end_turn(worker.turn(), schedule(1, "step", LARGEST), status=LARGEST)
    item = worker.activity()
    assert item.activityRequest.input.value == LARGEST
    worker.end_activity(item, "1")
    worker.end_turn(worker.turn(), complete(2, LARGEST))
    state = wire.state("a")
    assert state.input.value == state.output.value == state.customStatus.value == LARGEST


def failed_step(item: Any) -> tuple[str, Any]:
    """(kind, failure) of the last event of a turn."""
    event = item.orchestratorRequest.newEvents[-1]
    kind = event.WhichOneof("eventType")
    return kind, getattr(event, kind).failureDetails


STEPS: dict[str, tuple[Any, str]] = {
    "activity": (schedule(1, "step", TOO_LARGE), "taskFailed"),
    "sub-orchestration": (
        pb.OrchestratorAction(
            id=1,
            createSubOrchestration=pb.CreateSubOrchestrationAction(name="kid", instanceId="k", input=text(TOO_LARGE)),
        ),
        "subOrchestrationInstanceFailed",
    ),
    "call": (
        pb.OrchestratorAction(
            id=1,
            sendEntityMessage=pb.SendEntityMessageAction(
                entityOperationCalled=pb.EntityOperationCalledEvent(
                    requestId="r1", operation="add", targetInstanceId=text("@counter@1"), input=text(TOO_LARGE)
                )
            ),
        ),
        "entityOperationFailed",
    ),
}


@pytest.mark.parametrize(("action", "kind"), STEPS.values(), ids=STEPS)
def test_a_step_with_an_input_too_large_fails(wire: Wire, action: Any, kind: str) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), action)
    found, failure = failed_step(worker.turn())
    assert found == kind
    assert "has 1,048,577 bytes, and at most 1,048,576 are taken" in failure.errorMessage
    assert failure.isNonRetriable
    assert sum(event.ByteSize() for event in wire.history("a")) < 1000, "the input itself is not kept"
    assert wire.state("k") is None


def test_an_activity_result_too_large_fails_the_activity(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), schedule(1, "step"))
    worker.end_activity(worker.activity(), TOO_LARGE)
    kind, failure = failed_step(worker.turn())
    assert kind == "taskFailed"
    assert failure.errorMessage.startswith("The result of the activity has 1,048,577 bytes")
    assert failure.isNonRetriable
    assert worker.nothing(0.3)


def test_an_activity_failure_too_large_is_cut(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), schedule(1, "step"))
    item = worker.activity()
    details = pb.TaskFailureDetails(errorType="E", errorMessage="no " + TOO_LARGE, stackTrace=text(TOO_LARGE))
    wire(
        "CompleteActivityTask",
        pb.ActivityResponse(instanceId="a", taskId=1, failureDetails=details, completionToken=item.completionToken),
    )
    _, failure = failed_step(worker.turn())
    assert failure.errorType == "E"
    assert failure.errorMessage.startswith("no xxx")
    assert "(cut: the failure had 2,097," in failure.errorMessage
    assert failure.ByteSize() < 5000


def _big_signal() -> Any:
    action = signal("@counter@1")
    action.sendEntityMessage.entityOperationSignaled.input.value = TOO_LARGE
    return action


def _big_event() -> Any:
    action = send_event("other")
    action.sendEvent.data.value = TOO_LARGE
    return action


TURNS: dict[str, tuple[str, Any]] = {
    "output": ("The output", complete(1, TOO_LARGE)),
    "next input": ("The input of the next execution", complete(1, TOO_LARGE, CONTINUED)),
    "signal": ("The signal 'add'", _big_signal()),
    "event": ("The event 'e'", _big_event()),
    "termination": (
        "The reason of the termination",
        pb.OrchestratorAction(
            id=1,
            terminateOrchestration=pb.TerminateOrchestrationAction(instanceId="other", reason=text(TOO_LARGE)),
        ),
    ),
}


@pytest.mark.parametrize(("what", "action"), TURNS.values(), ids=TURNS)
def test_an_oversized_payload_in_a_turn_fails_its_instance(wire: Wire, what: str, action: Any) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), action)
    assert wire.status("a") == "FAILED"
    assert wire.state("a").failureDetails.errorMessage.startswith(f"{what} has 1,048,577 bytes")
    assert worker.nothing(0.3)


def test_a_custom_status_too_large_fails_its_instance(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), schedule(1, "step"), status=TOO_LARGE)
    assert wire.status("a") == "FAILED"
    assert wire.state("a").failureDetails.errorMessage.startswith("The custom status has 1,048,577 bytes")


def test_a_failure_of_an_instance_too_large_is_cut(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    details = pb.TaskFailureDetails(errorType="E", errorMessage="no " + TOO_LARGE)
    worker.end_turn(worker.turn(), complete(1, None, FAILED, failureDetails=details))
    state = wire.state("a")
    assert state.failureDetails.errorMessage.startswith("no xxx")
    assert state.ByteSize() < 6000
    assert sum(event.ByteSize() for event in wire.history("a")) < 6000


BATCHES: dict[str, tuple[str | None, str, list[Any]]] = {
    "state": (TOO_LARGE, "The state of the entity", []),
    "signal": (
        "5",
        "The signal 'add'",
        [
            pb.OperationAction(
                sendSignal=pb.SendSignalAction(instanceId="@counter@2", name="add", input=text(TOO_LARGE))
            )
        ],
    ),
    "start": (
        "5",
        "The input of 'born'",
        [
            pb.OperationAction(
                startNewOrchestration=pb.StartNewOrchestrationAction(
                    instanceId="born", name="baby", input=text(TOO_LARGE)
                )
            )
        ],
    ),
}


@pytest.mark.parametrize(("state", "what", "actions"), BATCHES.values(), ids=BATCHES)
def test_an_entity_answer_too_large_fails_its_batch(
    wire: Wire, state: str | None, what: str, actions: list[Any]
) -> None:
    worker = wire.worker("w")
    wire.signal("@counter@1", "set")
    worker.end_batch(worker.batch(), "3")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), call(1, "@counter@1", "add", "r1", "a"))
    worker.end_batch(worker.batch(), state, results=["5"], actions=actions)
    kind, failure = failed_step(worker.turn())
    assert kind == "entityOperationFailed"
    assert failure.errorMessage.startswith(f"{what} has 1,048,577 bytes")
    found = wire("GetEntity", pb.GetEntityRequest(instanceId="@counter@1", includeState=True)).entity
    assert (found.serializedState.value, found.backlogQueueSize) == ("3", 0)
    assert wire.state("born") is None


def test_an_operation_result_too_large_fails_the_operation(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), call(1, "@counter@1", "add", "r1", "a"))
    worker.end_batch(worker.batch(), "5", results=[TOO_LARGE])
    kind, failure = failed_step(worker.turn())
    assert kind == "entityOperationFailed"
    assert failure.errorMessage.startswith("The result of the operation has 1,048,577 bytes")


def test_an_sdk_caller_sees_an_oversized_result(scheduler: RunningScheduler) -> None:
    def hoard(activity: task.ActivityContext, _: object) -> str:
        return TOO_LARGE

    def caller(ctx: task.OrchestrationContext, _: object) -> Generator[task.Task[Any], Any, str]:
        try:
            yield ctx.call_activity(hoard)
        except task.TaskFailedError as failed:
            return failed.details.message
        return "it came through"

    with sdk_client(scheduler.address) as client, sdk_worker(scheduler.address, caller, hoard):
        state = client.wait_for_orchestration_completion(client.schedule_new_orchestration(caller), timeout=60)
        assert state is not None
        assert "The result of the activity has 1,048,579 bytes" in str(state.serialized_output)


# -- answers ----------------------------------------------------------------------------------------------------------


def test_a_page_of_large_instances_fits_into_a_message(wire: Wire) -> None:
    ids = [f"i{number}" for number in range(6)]
    for instance_id in ids:
        wire.start("x", instance_id, LARGEST)
    found: list[str] = []
    token = ""
    while True:
        query = pb.InstanceQuery(fetchInputsAndOutputs=True, continuationToken=text(token))
        page = wire("QueryInstances", pb.QueryInstancesRequest(query=query))
        assert page.ByteSize() < 4 * LIMIT
        found += [state.instanceId for state in page.orchestrationState]
        token = page.continuationToken.value
        if not token:
            break
    assert found == ids


def test_a_page_of_large_entities_fits_into_a_message(wire: Wire) -> None:
    worker = wire.worker("w")
    ids = [f"@counter@{number}" for number in range(6)]
    for entity_id in ids:
        wire.signal(entity_id, "set")
        worker.end_batch(worker.batch(), LARGEST)
    found: list[str] = []
    token = ""
    while True:
        query = pb.EntityQuery(includeState=True, continuationToken=text(token))
        page = wire("QueryEntities", pb.QueryEntitiesRequest(query=query))
        assert page.ByteSize() < 4 * LIMIT
        found += [entity.instanceId for entity in page.entities]
        token = page.continuationToken.value
        if not token:
            break
    assert found == ids


def test_the_history_of_one_large_turn_comes_in_pieces(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), *(schedule(number, "step", LARGEST) for number in range(1, 6)))
    inputs = [event.taskScheduled.input.value for event in wire.history("a") if event.HasField("taskScheduled")]
    assert inputs == [LARGEST] * 5
