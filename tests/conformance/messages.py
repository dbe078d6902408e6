# ruff: noqa: A002 -- input is the protocol's word
"""Messages of the protocol as the conformance suite writes and reads them: actions of a turn, kinds of events."""

from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue


def text(value: str | None) -> StringValue | None:
    return None if value is None else StringValue(value=value)


def stamp(seconds: float) -> Timestamp:
    return Timestamp(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))


def schedule(task: int, name: str, input: str | None = None) -> Any:
    return pb.OrchestratorAction(id=task, scheduleTask=pb.ScheduleTaskAction(name=name, input=text(input)))


def timer(task: int, at: float) -> Any:
    return pb.OrchestratorAction(id=task, createTimer=pb.CreateTimerAction(fireAt=stamp(at)))


def child(task: int, name: str, instance_id: str) -> Any:
    return pb.OrchestratorAction(
        id=task, createSubOrchestration=pb.CreateSubOrchestrationAction(name=name, instanceId=instance_id)
    )


def call(task: int, entity: str, operation: str, request_id: str, caller: str) -> Any:
    message = pb.EntityOperationCalledEvent(
        requestId=request_id, operation=operation, parentInstanceId=text(caller), targetInstanceId=text(entity)
    )
    return pb.OrchestratorAction(id=task, sendEntityMessage=pb.SendEntityMessageAction(entityOperationCalled=message))


def lock(task: int, section: str, caller: str, *entities: str) -> Any:
    message = pb.EntityLockRequestedEvent(criticalSectionId=section, lockSet=entities, parentInstanceId=text(caller))
    return pb.OrchestratorAction(id=task, sendEntityMessage=pb.SendEntityMessageAction(entityLockRequested=message))


def unlock(task: int, section: str, caller: str, entity: str) -> Any:
    message = pb.EntityUnlockSentEvent(
        criticalSectionId=section, targetInstanceId=text(entity), parentInstanceId=text(caller)
    )
    return pb.OrchestratorAction(id=task, sendEntityMessage=pb.SendEntityMessageAction(entityUnlockSent=message))


def send_event(target: str) -> Any:
    sent = pb.SendEventAction(instance=pb.OrchestrationInstance(instanceId=target), name="e")
    return pb.OrchestratorAction(id=1, sendEvent=sent)


def signal(target: str) -> Any:
    message = pb.EntityOperationSignaledEvent(requestId="r", operation="add", targetInstanceId=text(target))
    sent = pb.SendEntityMessageAction(entityOperationSignaled=message)
    return pb.OrchestratorAction(id=1, sendEntityMessage=sent)


def complete(
    task: int, result: str | None = None, status: Any = pb.ORCHESTRATION_STATUS_COMPLETED, **fields: Any
) -> Any:
    return pb.OrchestratorAction(
        id=task,
        completeOrchestration=pb.CompleteOrchestrationAction(orchestrationStatus=status, result=text(result), **fields),
    )


def kinds(events: Any) -> list[str]:
    """The names of history events."""
    return [event.WhichOneof("eventType") for event in events]


def new_kinds(item: Any) -> list[str]:
    return kinds(item.orchestratorRequest.newEvents)
