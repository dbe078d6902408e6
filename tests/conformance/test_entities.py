"""Entities on the wire: their locks, and their operations in batches."""

import durabletask.internal.orchestrator_service_pb2 as pb

from tests.conformance.harness import Wire
from tests.conformance.messages import (
    call,
    complete,
    lock,
    new_kinds,
    unlock,
)


def test_locks_are_ordered_and_released_when_their_holder_ends(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("one", "one")
    worker.end_turn(worker.turn(), lock(1, "cs-one", "one", "@acc@a", "@acc@b"))
    granted = worker.turn()
    wire.start("two", "two")
    worker.end_turn(worker.turn(), lock(1, "cs-two", "two", "@acc@a", "@acc@b"))
    assert granted.orchestratorRequest.instanceId == "one"
    assert worker.nothing(0.3)
    worker.end_turn(granted)
    assert _locks(wire) == {"@acc@a": "one", "@acc@b": "one"}
    wire("TerminateInstance", pb.TerminateRequest(instanceId="one"))
    worker.end_turn(worker.turn(), complete(2, None, pb.ORCHESTRATION_STATUS_TERMINATED))
    assert "entityLockGranted" in new_kinds(worker.turn())


def _locks(wire: Wire) -> dict[str, str]:
    query = pb.EntityQuery(includeTransient=True)
    found = wire("QueryEntities", pb.QueryEntitiesRequest(query=query)).entities
    return {entity.instanceId: entity.lockedBy.value for entity in found}


def test_unlock_grants_the_lock_to_the_next(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("one", "one")
    worker.end_turn(worker.turn(), lock(1, "cs1", "one", "@acc@a"))
    held = worker.turn()
    wire.signal("@acc@a", "queued")
    wire.start("two", "two")
    worker.end_turn(worker.turn(), lock(1, "cs2", "two", "@acc@a"))
    worker.end_turn(held, unlock(2, "cs1", "one", "@acc@a"), complete(3))
    batch = worker.batch()
    assert worker.nothing(0.2), "the lock waits for what came before it"
    worker.end_batch(batch, "1")
    assert worker.turn().orchestratorRequest.instanceId == "two"


def test_entity_batches_are_serial_and_unprocessed_operations_return(wire: Wire) -> None:
    for number in range(3):
        wire.signal("@c@1", f"op{number}")
    worker = wire.worker("w")
    batch = worker.batch()
    wire.signal("@c@1", "op3")
    assert worker.nothing(0.3)
    names = [op.entityOperationSignaled.operation for op in batch.entityRequestV2.operationRequests]
    assert names == ["op0", "op1", "op2"]
    worker.end_batch(batch, "1", results=["1"])
    left = worker.batch()
    names = [op.entityOperationSignaled.operation for op in left.entityRequestV2.operationRequests]
    assert names == ["op1", "op2", "op3"]


def test_an_entity_batch_commits_state_results_and_actions_together(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("caller", "a")
    worker.end_turn(worker.turn(), call(1, "@c@1", "op", "r1", "a"))
    batch = worker.batch()
    actions = [
        pb.OperationAction(id=0, sendSignal=pb.SendSignalAction(instanceId="@c@2", name="hop")),
        pb.OperationAction(id=1, startNewOrchestration=pb.StartNewOrchestrationAction(instanceId="born", name="baby")),
    ]
    worker.end_batch(batch, "5", results=["5"], actions=actions)
    worker.end_batch(batch, "6", results=["6"])  # a repeated report is stale and changes nothing
    items = [worker.next_any() for _ in range(3)]
    turns = {item.orchestratorRequest.instanceId: item for item in items if item.HasField("orchestratorRequest")}
    assert set(turns) == {"a", "born"}
    assert turns["a"].orchestratorRequest.newEvents[-1].entityOperationCompleted.output.value == "5"
    assert (
        wire("GetEntity", pb.GetEntityRequest(instanceId="@c@1", includeState=True)).entity.serializedState.value == "5"
    )


def test_an_entity_without_state_leaves_nothing(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.signal("@c@1", "noop")
    worker.end_batch(worker.batch(), None)
    assert not wire("GetEntity", pb.GetEntityRequest(instanceId="@c@1")).exists
    cleaned = wire("CleanEntityStorage", pb.CleanEntityStorageRequest(removeEmptyEntities=True))
    assert cleaned.emptyEntitiesRemoved == cleaned.orphanedLocksReleased == 0
