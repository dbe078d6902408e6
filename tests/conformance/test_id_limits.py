"""Ids that Azure Durable Task Scheduler would not take are not taken here either, and nothing gets stuck on them."""

from collections.abc import Callable
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest

from local.scheduler.operations import limits
from tests.conformance.harness import Wire
from tests.conformance.messages import call, child, complete, kinds, lock, schedule, send_event, signal, stamp

LONGEST = "i" * 100
TOO_LONG = "i" * 101
LONGEST_ENTITY = "@counter@" + "k" * 91
TOO_LONG_ENTITY = "@counter@" + "k" * 92

Request = Callable[[Wire], Any]
REQUESTS: dict[str, Request] = {
    "start": lambda wire: wire.start("x", TOO_LONG),
    "start later": lambda wire: wire.start("x", TOO_LONG, scheduledStartTimestamp=stamp(4e9)),
    "get": lambda wire: wire("GetInstance", pb.GetInstanceRequest(instanceId=TOO_LONG)),
    "wait for start": lambda wire: wire("WaitForInstanceStart", pb.GetInstanceRequest(instanceId=TOO_LONG)),
    "wait for end": lambda wire: wire("WaitForInstanceCompletion", pb.GetInstanceRequest(instanceId=TOO_LONG)),
    "raise": lambda wire: wire.raise_event(TOO_LONG, "e"),
    "suspend": lambda wire: wire("SuspendInstance", pb.SuspendRequest(instanceId=TOO_LONG)),
    "resume": lambda wire: wire("ResumeInstance", pb.ResumeRequest(instanceId=TOO_LONG)),
    "terminate": lambda wire: wire("TerminateInstance", pb.TerminateRequest(instanceId=TOO_LONG)),
    "rewind": lambda wire: wire("RewindInstance", pb.RewindInstanceRequest(instanceId=TOO_LONG)),
    "restart": lambda wire: wire("RestartInstance", pb.RestartInstanceRequest(instanceId=TOO_LONG)),
    "history": lambda wire: wire.history(TOO_LONG),
    "signal": lambda wire: wire.signal(TOO_LONG_ENTITY, "add"),
    "signal later": lambda wire: wire.signal(TOO_LONG_ENTITY, "add", at=4e9),
    "get entity": lambda wire: wire("GetEntity", pb.GetEntityRequest(instanceId=TOO_LONG_ENTITY)),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_requests_with_an_id_too_long_are_refused(wire: Wire, request_: Request) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        request_(wire)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]
    details = str(refused.value.details())  # type: ignore[attr-defined]
    assert "has 101 characters: ids of instances and entities have at most 100." in details


def test_the_longest_ids_are_served(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", LONGEST)
    worker.end_turn(worker.turn(), call(1, LONGEST_ENTITY, "add", "r1", LONGEST))
    worker.end_batch(worker.batch(), "1", results=["1"])
    worker.end_turn(worker.turn(), complete(2, '"done"'))
    assert wire.status(LONGEST) == "COMPLETED"


ACTIONS: dict[str, Any] = {
    "sub-orchestration": child(1, "kid", TOO_LONG),
    "event": send_event(TOO_LONG),
    "termination": pb.OrchestratorAction(
        id=1, terminateOrchestration=pb.TerminateOrchestrationAction(instanceId=TOO_LONG)
    ),
    "signal": signal(TOO_LONG_ENTITY),
    "call": call(1, TOO_LONG_ENTITY, "add", "r", "a"),
    "lock": lock(1, "cs", "a", "@counter@1", TOO_LONG_ENTITY),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_an_overlong_id_in_a_turn_fails_its_instance(wire: Wire, action: Any) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), schedule(5, "step"), action)
    state = wire.state("a")
    assert wire.status("a") == "FAILED"
    assert "has 101 characters" in state.failureDetails.errorMessage
    assert kinds(wire.history("a")) == ["orchestratorStarted", "executionStarted", "executionCompleted"]
    assert worker.nothing(0.3), "nothing of such a turn is done, and it is not sent again"


def test_a_derived_child_id_is_measured(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", LONGEST)
    worker.end_turn(worker.turn(), child(1, "kid", ""))
    assert wire.status(LONGEST) == "FAILED"


@pytest.mark.parametrize(
    "action",
    [
        pb.OperationAction(sendSignal=pb.SendSignalAction(instanceId=TOO_LONG_ENTITY, name="add")),
        pb.OperationAction(
            startNewOrchestration=pb.StartNewOrchestrationAction(instanceId=TOO_LONG, name="baby"),
        ),
    ],
    ids=["signal", "start"],
)
def test_an_overlong_id_fails_an_entity_batch(wire: Wire, action: Any) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), call(1, "@counter@1", "add", "r1", "a"))
    worker.end_batch(worker.batch(), "5", results=["5"], actions=[action])
    event = worker.turn().orchestratorRequest.newEvents[-1].entityOperationFailed
    assert event.requestId == "r1"
    assert "has 101 characters" in event.failureDetails.errorMessage
    assert not wire("GetEntity", pb.GetEntityRequest(instanceId="@counter@1")).exists


def test_an_instance_failed_for_its_id_can_be_rewound(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), child(1, "kid", TOO_LONG))
    wire("RewindInstance", pb.RewindInstanceRequest(instanceId="a"))
    turn = worker.turn()
    request = turn.orchestratorRequest
    kept = [event for event in request.pastEvents if not event.HasField("executionCompleted")]
    action = pb.RewindOrchestrationAction(newHistory=[*kept, *request.newEvents])
    worker.end_turn(turn, pb.OrchestratorAction(id=-1, rewindOrchestration=action))
    worker.end_turn(worker.turn(), child(1, "kid", "short enough"))
    assert worker.turn().orchestratorRequest.instanceId == "short enough"


def test_longer_ids_of_an_older_database_are_served(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = wire.worker("w")
    with monkeypatch.context() as before:
        before.setattr(limits, "MAX_ID", 200)
        wire.start("x", TOO_LONG)
        wire.signal(TOO_LONG_ENTITY, "add")
        worker.end_turn(worker.turn())
        worker.end_batch(worker.batch(), "1")
    wire.raise_event(TOO_LONG, "e")
    worker.end_turn(worker.turn(), call(1, TOO_LONG_ENTITY, "add", "r", TOO_LONG))
    wire.signal(TOO_LONG_ENTITY, "add")
    assert worker.batch().entityRequestV2.instanceId == TOO_LONG_ENTITY
