# ruff: noqa: A002 -- input is the protocol's word
"""The history events that the scheduler itself writes. `at` is microseconds since 1970 UTC.

`event_id` is the id of the action that an event confirms, and -1 for everything else: the worker matches them.
"""

from collections.abc import Mapping

from local.scheduler.protocol.wire import StringValue, pb, status_code, text, timestamp
from local.scheduler.store.rows import Status


def orchestrator_started(at: int) -> pb.HistoryEvent:
    """Opens a turn; its time is the orchestrator's clock."""
    return pb.HistoryEvent(eventId=-1, timestamp=timestamp(at), orchestratorStarted=pb.OrchestratorStartedEvent())


def execution_started(
    at: int,
    *,
    instance_id: str,
    execution_id: str,
    name: str,
    version: str | None,
    input: str | None,
    tags: Mapping[str, str] | None,
    trace: pb.TraceContext | None = None,
    parent: pb.ParentInstanceInfo | None = None,
    start_at: int | None = None,
) -> pb.HistoryEvent:
    """The first event of an execution."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        executionStarted=pb.ExecutionStartedEvent(
            name=name,
            version=text(version),
            input=text(input),
            orchestrationInstance=pb.OrchestrationInstance(
                instanceId=instance_id, executionId=StringValue(value=execution_id)
            ),
            parentInstance=parent,
            scheduledStartTimestamp=None if start_at is None else timestamp(start_at),
            parentTraceContext=trace,
            tags=tags,
        ),
    )


def execution_completed(
    at: int, status: int, output: str | None, failure: pb.TaskFailureDetails | None
) -> pb.HistoryEvent:
    """The last event of an execution."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        executionCompleted=pb.ExecutionCompletedEvent(
            orchestrationStatus=status_code(status), result=text(output), failureDetails=failure
        ),
    )


def task_completed(at: int, task: int, result: str | None) -> pb.HistoryEvent:
    """An activity's result."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        taskCompleted=pb.TaskCompletedEvent(taskScheduledId=task, result=text(result)),
    )


def task_failed(at: int, task: int, failure: pb.TaskFailureDetails) -> pb.HistoryEvent:
    """An activity's failure."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        taskFailed=pb.TaskFailedEvent(taskScheduledId=task, failureDetails=failure),
    )


def child_ended(
    at: int, task: int, status: int, output: str | None, failure: pb.TaskFailureDetails | None
) -> pb.HistoryEvent:
    """A sub-orchestration's result or failure, for its parent."""
    if status == Status.COMPLETED:
        return pb.HistoryEvent(
            eventId=-1,
            timestamp=timestamp(at),
            subOrchestrationInstanceCompleted=pb.SubOrchestrationInstanceCompletedEvent(
                taskScheduledId=task, result=text(output)
            ),
        )
    if failure is None:
        word = Status(status).name.lower()
        failure = failure_details(f"SubOrchestration{word.title()}", f"The sub-orchestration was {word}.")
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        subOrchestrationInstanceFailed=pb.SubOrchestrationInstanceFailedEvent(
            taskScheduledId=task, failureDetails=failure
        ),
    )


def event_raised(at: int, name: str, input: str | None) -> pb.HistoryEvent:
    """An external event."""
    return pb.HistoryEvent(
        eventId=-1, timestamp=timestamp(at), eventRaised=pb.EventRaisedEvent(name=name, input=text(input))
    )


def suspended(at: int, reason: str | None) -> pb.HistoryEvent:
    """The orchestration pauses."""
    return pb.HistoryEvent(
        eventId=-1, timestamp=timestamp(at), executionSuspended=pb.ExecutionSuspendedEvent(input=text(reason))
    )


def resumed(at: int, reason: str | None) -> pb.HistoryEvent:
    """The orchestration is resumed."""
    return pb.HistoryEvent(
        eventId=-1, timestamp=timestamp(at), executionResumed=pb.ExecutionResumedEvent(input=text(reason))
    )


def terminated(at: int, output: str | None, recurse: bool) -> pb.HistoryEvent:
    """The orchestration is to end now."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        executionTerminated=pb.ExecutionTerminatedEvent(input=text(output), recurse=recurse),
    )


def rewound(at: int, reason: str | None, parent_execution_id: str | None) -> pb.HistoryEvent:
    """The failed orchestration is to forget its failures."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        executionRewound=pb.ExecutionRewoundEvent(reason=text(reason), parentExecutionId=text(parent_execution_id)),
    )


def timer_fired(at: int, timer: int, fire_at: int) -> pb.HistoryEvent:
    """A timer's time has come."""
    return pb.HistoryEvent(
        eventId=-1, timestamp=timestamp(at), timerFired=pb.TimerFiredEvent(timerId=timer, fireAt=timestamp(fire_at))
    )


def lock_granted(at: int, section: str) -> pb.HistoryEvent:
    """All locks of a critical section are held."""
    return pb.HistoryEvent(
        eventId=-1, timestamp=timestamp(at), entityLockGranted=pb.EntityLockGrantedEvent(criticalSectionId=section)
    )


def operation_completed(at: int, request_id: str, output: str | None) -> pb.HistoryEvent:
    """An entity call's result."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        entityOperationCompleted=pb.EntityOperationCompletedEvent(requestId=request_id, output=text(output)),
    )


def operation_failed(at: int, request_id: str, failure: pb.TaskFailureDetails) -> pb.HistoryEvent:
    """An entity call's failure."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        entityOperationFailed=pb.EntityOperationFailedEvent(requestId=request_id, failureDetails=failure),
    )


def signal(at: int, request_id: str, operation: str, input: str | None, target: str) -> pb.HistoryEvent:
    """A one-way entity operation."""
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp(at),
        entityOperationSignaled=pb.EntityOperationSignaledEvent(
            requestId=request_id, operation=operation, input=text(input), targetInstanceId=text(target)
        ),
    )


def failure_details(kind: str, message: str) -> pb.TaskFailureDetails:
    """A failure that the scheduler itself reports; trying again would not help."""
    return pb.TaskFailureDetails(errorType=kind, errorMessage=message, isNonRetriable=True)
