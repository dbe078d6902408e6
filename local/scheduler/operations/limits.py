"""The limits of the managed service for ids and payloads, enforced for every caller.

A client's request is refused. A worker reports once, so after a refusal of its report the work would be delivered
again without end: an id or payload beyond a limit there fails the step that needs it or, where nothing waits for a
result, the instance or the batch.
"""

from collections.abc import Iterable, Mapping

from local.scheduler.errors import BadRequest, MessageTooLarge
from local.scheduler.operations.context import OperationContext
from local.scheduler.protocol import events
from local.scheduler.protocol.actions import Outcome
from local.scheduler.protocol.wire import optional_text, pb
from local.scheduler.store.rows import Instance

MAX_ID = 100  # characters
TRIMMED = 4_000  # characters of a failure's message that is kept of one too large


def check_id(instance_id: str) -> None:
    """Raises BadRequest for an instance or entity id that the managed service would not take."""
    if len(instance_id) > MAX_ID:
        raise BadRequest(_too_long(instance_id))


def check_size(context: OperationContext, what: str, *texts: str | None) -> None:
    """Raises MessageTooLarge when these are together larger than one payload may be."""
    size = _size(texts, context.limits.payload)
    if size is not None:
        raise MessageTooLarge(what, size, context.limits.payload)


def size_failure(
    context: OperationContext, what: str, text: str | None, tags: Mapping[str, str] | None = None
) -> pb.TaskFailureDetails | None:
    """The failure of a step whose payload is too large; None when it is not."""
    size = _size((text, *(tags or {}), *(tags or {}).values()), context.limits.payload)
    if size is None:
        return None
    return events.failure_details("MessageTooLarge", str(MessageTooLarge(what, size, context.limits.payload)))


def trim_failure(failure: pb.TaskFailureDetails, limit: int) -> pb.TaskFailureDetails:
    """A failure that fits: of one that is larger than a payload may be, the beginning of its message is kept."""
    size = failure.ByteSize()
    if size <= limit:
        return failure
    return pb.TaskFailureDetails(
        errorType=failure.errorType[:TRIMMED],
        errorMessage=f"{failure.errorMessage[:TRIMMED]} … (cut: the failure had {size:,} bytes, at most {limit:,} fit)",
        isNonRetriable=failure.isNonRetriable,
    )


def turn_limit_failure(
    context: OperationContext, row: Instance, response: pb.OrchestratorResponse, outcome: Outcome
) -> pb.TaskFailureDetails | None:
    """Why this turn cannot be carried out, if it cannot."""
    return _id_failure(context, row.hub, _ids_in_turn(row, outcome)) or _size_failure(
        context, _payloads_in_turn(response, outcome)
    )


def batch_limit_failure(
    context: OperationContext, hub: int, result: pb.EntityBatchResult
) -> pb.TaskFailureDetails | None:
    """Why this answer of an entity cannot be taken, if it cannot."""
    return _id_failure(context, hub, _ids_in_batch(result)) or _size_failure(context, _payloads_in_batch(result))


def drop_oversized_inputs(outcome: Outcome, limit: int) -> None:
    """Keeps the inputs of steps that failed for their size out of the history."""
    for event in outcome.confirmations:
        match event.WhichOneof("eventType"):
            case "taskScheduled":
                step = event.taskScheduled
            case "subOrchestrationInstanceCreated":
                step = event.subOrchestrationInstanceCreated
            case "entityOperationCalled":
                step = event.entityOperationCalled
            case _:
                continue
        if _size((optional_text(step, "input"),), limit) is not None:
            step.ClearField("input")


def _size(texts: Iterable[str | None], limit: int) -> int | None:
    """How many bytes these have together, when that is more than the limit."""
    present = [text for text in texts if text]
    # A character has four bytes at most: nearly everything needs no encoding to be seen to fit.
    if 4 * sum(map(len, present)) <= limit:
        return None
    size = sum(len(text.encode()) for text in present)
    return size if size > limit else None


def _size_failure(
    context: OperationContext, payloads: Iterable[tuple[str, str | None]]
) -> pb.TaskFailureDetails | None:
    for what, text in payloads:
        failure = size_failure(context, what, text)
        if failure is not None:
            return failure
    return None


def _payloads_in_turn(response: pb.OrchestratorResponse, outcome: Outcome) -> Iterable[tuple[str, str | None]]:
    """What no step waits for: activities, sub-orchestrations and calls fail by themselves."""
    yield "The custom status", optional_text(response, "customStatus")
    if outcome.completion is not None:
        yield "The input of the next execution" if outcome.continues else "The output", outcome.completion.output
    for message in outcome.messages:
        yield f"The event '{message.name}'", message.input
    for action in outcome.terminations:
        yield "The reason of the termination", optional_text(action, "reason")
    for sent in outcome.entity_messages:
        signal = sent.entityOperationSignaled
        yield f"The signal '{signal.operation}'", optional_text(signal, "input")


def _payloads_in_batch(result: pb.EntityBatchResult) -> Iterable[tuple[str, str | None]]:
    yield "The state of the entity", optional_text(result, "entityState")
    for action in result.actions:
        yield f"The signal '{action.sendSignal.name}'", optional_text(action.sendSignal, "input")
        started = action.startNewOrchestration
        yield f"The input of '{started.instanceId}'", optional_text(started, "input")


def _too_long(instance_id: str) -> str:
    return (
        f"The id '{instance_id[:40]}…' has {len(instance_id):,} characters: "
        f"ids of instances and entities have at most {MAX_ID}."
    )


def _id_failure(context: OperationContext, hub: int, ids: Iterable[str]) -> pb.TaskFailureDetails | None:
    for instance_id in ids:
        if len(instance_id) > MAX_ID and not _exists(context, hub, instance_id):
            return events.failure_details("InvalidArgument", _too_long(instance_id))
    return None


def _exists(context: OperationContext, hub: int, instance_id: str) -> bool:
    # A database may hold longer ids from before there was a limit: they are served to their end.
    if instance_id.startswith("@"):
        return context.store.find_entity(hub, instance_id) is not None
    return context.store.find_instance(hub, instance_id) is not None


def _ids_in_turn(row: Instance, outcome: Outcome) -> Iterable[str]:
    for child in outcome.children:
        yield child.id_for(row.id)
    for message in outcome.messages:
        yield message.instance_id
    for action in outcome.terminations:
        yield action.instanceId
    for sent in outcome.entity_messages:
        yield sent.entityOperationSignaled.targetInstanceId.value
        yield sent.entityOperationCalled.targetInstanceId.value
        yield from sent.entityLockRequested.lockSet


def _ids_in_batch(result: pb.EntityBatchResult) -> Iterable[str]:
    for action in result.actions:
        yield action.sendSignal.instanceId
        yield action.startNewOrchestration.instanceId
