"""Details in which Azure's scheduler differs from the SDK's own backend, as its other clients rely on them."""

import time
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from durabletask import entities
from durabletask.client import EntityQuery
from durabletask.entities import EntityInstanceId

from local.scheduler.store.rows import Status
from tests.conformance.harness import RunningScheduler, Wire, eventually, sdk_client, sdk_worker
from tests.conformance.messages import child, complete, kinds, lock, schedule, text, timer


def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), str(caught.value.details())  # type: ignore[attr-defined]


# -- histories --------------------------------------------------------------------------------------------------------


def test_the_history_of_one_activity_has_six_events(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), schedule(1, "step"))
    worker.end_activity(worker.activity(), "1")
    worker.end_turn(worker.turn(), complete(2, "1"))
    assert kinds(wire.history("a")) == [
        "orchestratorStarted", "executionStarted", "taskScheduled",
        "orchestratorStarted", "taskCompleted", "executionCompleted",
    ]  # fmt: skip


def test_each_turn_is_opened_and_none_is_closed(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), schedule(1, "step"))
    worker.end_activity(worker.activity(), "1")
    worker.end_turn(worker.turn(), timer(2, time.time() + 0.1))
    worker.end_turn(worker.turn(), child(3, "kid", "k"))
    worker.end_turn(worker.turn(), complete(1, "1"))
    turn = worker.turn()
    assert kinds(turn.orchestratorRequest.pastEvents) == kinds(wire.history("a"))
    worker.end_turn(turn, complete(4, "1"))
    assert kinds(wire.history("a")) == [
        "orchestratorStarted", "executionStarted", "taskScheduled",
        "orchestratorStarted", "taskCompleted", "timerCreated",
        "orchestratorStarted", "timerFired", "subOrchestrationInstanceCreated",
        "orchestratorStarted", "subOrchestrationInstanceCompleted", "executionCompleted",
    ]  # fmt: skip


# -- restart ----------------------------------------------------------------------------------------------------------


def test_a_running_instance_is_restarted_under_a_new_id(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a", '"in"', version=text("2"), tags={"team": "red"})
    worker.end_turn(worker.turn())
    request = pb.RestartInstanceRequest(instanceId="a", restartWithNewInstanceId=True)
    new_id = wire("RestartInstance", request).instanceId
    started = worker.turn().orchestratorRequest.newEvents[1].executionStarted
    assert new_id != "a"
    assert started.orchestrationInstance.instanceId == new_id
    assert (started.input.value, started.version.value, dict(started.tags)) == ('"in"', "2", {"team": "red"})
    assert wire.status("a") == "RUNNING"


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "SUSPENDED"])
def test_an_instance_at_work_keeps_its_id(wire: Wire, status: str) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    turn = worker.turn()
    if status != "PENDING":
        worker.end_turn(turn)
    if status == "SUSPENDED":
        wire("SuspendInstance", pb.SuspendRequest(instanceId="a"))
        worker.end_turn(worker.turn())
    code, words = refusal(lambda: wire("RestartInstance", pb.RestartInstanceRequest(instanceId="a")))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert f"is {status.lower()}: only one that has ended can be restarted under its id." in words
    assert wire.status("a") == status


# -- entities without state -------------------------------------------------------------------------------------------


def exists(wire: Wire, entity_id: str) -> bool:
    answer = wire("GetEntity", pb.GetEntityRequest(instanceId=entity_id, includeState=True))
    assert answer.exists == answer.HasField("entity")
    return answer.exists


def test_a_scheduled_signal_alone_makes_no_entity(wire: Wire) -> None:
    wire.signal("@c@1", "add", at=time.time() + 0.6)
    assert not exists(wire, "@c@1")
    worker = wire.worker("w")
    worker.end_batch(worker.batch(), "5")
    assert exists(wire, "@c@1")


def test_an_entity_exists_after_its_first_batch(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.signal("@c@1", "add")
    batch = worker.batch()
    assert not exists(wire, "@c@1")
    worker.end_batch(batch, "5")
    assert exists(wire, "@c@1")


def test_a_locked_entity_without_state_does_not_exist(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), lock(1, "cs", "a", "@c@1"))
    worker.turn()
    assert not exists(wire, "@c@1")


def test_an_entity_whose_state_was_deleted_does_not_exist(scheduler: RunningScheduler) -> None:
    def counter(entity: entities.EntityContext, amount: int | None) -> None:
        entity.set_state(amount)

    entity_id = EntityInstanceId("counter", "one")
    with sdk_client(scheduler.address) as client, sdk_worker(scheduler.address, counter):
        client.signal_entity(entity_id, "set", 5)
        eventually(lambda: client.get_entity(entity_id) is not None)
        later = time.time() + 3600
        wire = Wire(scheduler.address)
        wire.signal(str(entity_id), "set", "6", at=later)
        client.signal_entity(entity_id, "delete")
        eventually(lambda: client.get_entity(entity_id) is None)
        assert list(client.get_all_entities(EntityQuery())) == []
        wire.close()


# -- reuse of ids -----------------------------------------------------------------------------------------------------


def policy(*statuses: int) -> Any:
    return pb.OrchestrationIdReusePolicy(replaceableStatus=statuses)  # type: ignore[arg-type]


AT_WORK = (Status.PENDING, Status.RUNNING, Status.SUSPENDED)
CONTRADICTION = "Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances"


@pytest.mark.parametrize("status", AT_WORK, ids=[status.name for status in AT_WORK])
@pytest.mark.parametrize("instance_id", ["a", "free"])
def test_replacing_what_runs_needs_terminated_too(wire: Wire, status: Status, instance_id: str) -> None:
    wire.start("x", "a", '"old"')
    ended = (Status.COMPLETED, Status.FAILED, Status.CANCELED)
    code, words = refusal(
        lambda: wire.start("x", instance_id, '"new"', orchestrationIdReusePolicy=policy(status, *ended))
    )
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert words.startswith(CONTRADICTION)
    assert wire.state("a").input.value == '"old"'
    assert wire.state("free") is None


@pytest.mark.parametrize(
    ("statuses", "replaced"),
    [
        ((*AT_WORK, Status.TERMINATED), True),
        ((Status.PENDING, Status.TERMINATED), True),
        ((Status.RUNNING, Status.TERMINATED), False),
        ((Status.COMPLETED, Status.FAILED, Status.CANCELED), False),
        ((Status.TERMINATED,), False),
    ],
)
def test_a_policy_replaces_what_it_names(wire: Wire, statuses: tuple[int, ...], replaced: bool) -> None:
    wire.start("x", "a", '"old"')
    if replaced:
        wire.start("x", "a", '"new"', orchestrationIdReusePolicy=policy(*statuses))
        assert wire.state("a").input.value == '"new"'
    else:
        code, _ = refusal(lambda: wire.start("x", "a", orchestrationIdReusePolicy=policy(*statuses)))
        assert code == grpc.StatusCode.ALREADY_EXISTS


def test_a_policy_with_an_unknown_status_is_refused(wire: Wire) -> None:
    code, words = refusal(lambda: wire.start("x", "a", orchestrationIdReusePolicy=policy(42)))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "42 is not a status of an orchestration" in words
