"""Orchestrator turns: assembled, and committed as one transaction.

The commit of a turn consumes the events that were sent, appends them to the history, and stores everything the
orchestrator asked for. Either all of it happens or nothing.
"""

from dataclasses import dataclass
from uuid import uuid4

from local.scheduler.operations import activities, entities
from local.scheduler.operations.completion import finish, forget, remove_instance
from local.scheduler.operations.context import WAKES_SUSPENDED, OperationContext, log
from local.scheduler.operations.instances import raise_event, rewind, terminate
from local.scheduler.operations.limits import drop_oversized_inputs, size_failure, trim_failure, turn_limit_failure
from local.scheduler.protocol import events
from local.scheduler.protocol.actions import Child, Completion, Outcome, read_actions
from local.scheduler.protocol.wire import (
    NEW_EVENTS,
    PAST_EVENTS,
    frame,
    join_events,
    micros,
    pb,
    split_events,
    text,
    timestamp,
    to_bytes,
)
from local.scheduler.store.rows import DueKind, InboxKind, InboxRow, Instance, Status, Uses


@dataclass(slots=True)
class Turn:
    """A turn that is out with a worker. It is not stored: after a restart it is simply sent again."""

    instance: int
    generation: int
    events: bytes  # what was sent as new, framed as past events
    consumed: list[int]
    kinds: list[int]
    more: bool  # not everything that waited fitted into the request


class HistoryTooLarge(Exception):
    """No worker could receive this instance's next turn; `fail_too_large` ends it."""

    def __init__(self, row: Instance, size: int) -> None:
        super().__init__(row.id)
        self.row = row
        self.size = size


def prepare(context: OperationContext, key: int) -> tuple[Turn, bytes] | None:
    """The next turn of an instance with the serialized OrchestratorRequest; None when there is nothing to do.

    Only reads. Raises HistoryTooLarge.
    """
    row = context.store.instance(key)
    if row is None or row.ended or row.delayed:
        return None
    waiting = context.store.inbox(key)
    if row.rewinding:
        waiting = [item for item in waiting if item.kind == InboxKind.REWIND][:1]
    if not waiting or (row.status == Status.SUSPENDED and not any(item.kind in WAKES_SUSPENDED for item in waiting)):
        return None
    past = context.store.history(key)
    opening = to_bytes(events.orchestrator_started(context.now))
    taken, stale = _fit(row, waiting, context.limits.request - len(past) - len(opening))
    if taken is None:
        raise HistoryTooLarge(row, len(past) + sum(len(item.event) for item in waiting))
    bodies = [opening, *(item.event for item in taken if item.event)]
    head = pb.OrchestratorRequest(instanceId=row.id, executionId=text(row.execution_id))
    if row.trace is not None:
        head.orchestrationTraceContext.MergeFromString(row.trace)
    request = b"".join((to_bytes(head), past, *(frame(NEW_EVENTS, body) for body in bodies)))
    sent = b"".join(frame(PAST_EVENTS, body) for body in bodies)
    consumed = [item.key for item in taken] + stale
    return Turn(
        key, row.generation, sent, consumed, [item.kind for item in taken], len(consumed) < len(waiting)
    ), request


def _fit(row: Instance, waiting: list[InboxRow], room: int) -> tuple[list[InboxRow] | None, list[int]]:
    """(what fits into the request, keys of results for older generations); None when not even one event fits."""
    taken: list[InboxRow] = []
    stale: list[int] = []
    for item in waiting:
        if item.generation is not None and item.generation != row.generation:
            stale.append(item.key)
            continue
        room -= len(item.event) + 6
        if room < 0:
            return (taken or None), stale
        taken.append(item)
    return taken, stale


def fail_too_large(context: OperationContext, error: HistoryTooLarge) -> None:
    """Ends the instance with a message that says why."""
    row = context.store.instance(error.row.key)
    if row is None or row.ended:
        return
    failure = events.failure_details(
        "HistoryTooLarge",
        f"The history of '{row.id}' has reached {error.size:,} bytes with what waits for it, and a worker can receive "
        f"{context.limits.message:,}: use continue_as_new, smaller payloads, or a payload store.",
    )
    log.error("%s", failure.errorMessage)
    done = events.execution_completed(context.now, Status.FAILED, None, failure)
    context.store.append_history(row.key, join_events([done]))
    context.store.clear_inbox(row.key)
    context.store.save_instance(finish(context, row, Status.FAILED, None, failure))


def complete(
    context: OperationContext, turn: Turn, response: pb.OrchestratorResponse, actions: list[pb.OrchestratorAction]
) -> bool:
    """Commits a turn; False when the instance has meanwhile been replaced or purged."""
    row = context.store.instance(turn.instance)
    if row is None or row.generation != turn.generation or row.ended:
        return False
    outcome = read_actions(actions, context.now)
    if outcome.rewound_history is not None:
        context.store.take_inbox(turn.consumed)
        _rewind(context, row, outcome.rewound_history)
        return True
    failure = turn_limit_failure(context, row, response, outcome)
    if failure is not None:
        fail_turn(context, turn, failure)
        return True
    context.store.take_inbox(turn.consumed)
    if row.status == Status.PENDING:
        context.effects.status_changes.append((row.hub, row.id))
    was = row.status
    row = row._replace(
        status=_status_after(row.status, turn.kinds),
        updated_at=context.now,
        custom_status=response.customStatus.value if response.HasField("customStatus") else row.custom_status,
        trace=_trace(response, row),
    )
    row = _note_uses(row, outcome)
    _apply_actions(context, row, outcome)
    drop_oversized_inputs(outcome, context.limits.payload)
    completion = outcome.completion
    if completion is not None and completion.failure is not None:
        completion.failure = trim_failure(completion.failure, context.limits.payload)
    if completion is not None and outcome.continues:
        context.store.save_instance(_continue_as_new(context, row, turn, completion))
        return True
    closing = list(outcome.confirmations)
    if completion is not None and outcome.ends:
        closing.append(
            events.execution_completed(context.now, completion.status, completion.output, completion.failure)
        )
        row = finish(context, row, completion.status, completion.output, completion.failure)
        if InboxKind.TERMINATE_RECURSIVE in turn.kinds:
            _terminate_children(context, row, completion)
    blob = turn.events + join_events(closing)
    context.store.append_history(row.key, blob)
    row = row._replace(history_bytes=row.history_bytes + len(blob))
    context.store.save_instance(row)
    # Whatever came while the turn was out has asked for a turn of its own, unless the instance was suspended then.
    if not row.ended and (turn.more or (was == Status.SUSPENDED and context.store.has_inbox(row.key))):
        context.wake(row, InboxKind.RESUME)
    return True


def fail_turn(context: OperationContext, turn: Turn, failure: pb.TaskFailureDetails) -> None:
    """Ends the instance instead of its turn: nothing that the turn asked for is done, or on record."""
    row = context.store.instance(turn.instance)
    if row is None or row.generation != turn.generation or row.ended:
        return
    context.store.take_inbox(turn.consumed)
    log.error("Orchestration instance '%s' failed: %s", row.id, failure.errorMessage)
    done = events.execution_completed(context.now, Status.FAILED, None, failure)
    blob = turn.events + join_events([done])
    context.store.append_history(row.key, blob)
    row = row._replace(history_bytes=row.history_bytes + len(blob))
    context.store.save_instance(finish(context, row, Status.FAILED, None, failure))


def _note_uses(row: Instance, outcome: Outcome) -> Instance:
    uses = row.uses
    if outcome.timers:
        uses |= Uses.TIMERS
    if any(message.HasField("entityLockRequested") for message in outcome.entity_messages):
        uses |= Uses.LOCKS
    return row if uses == row.uses else row._replace(uses=uses)


def _status_after(status: int, kinds: list[int]) -> int:
    if status == Status.PENDING:
        status = Status.RUNNING
    for kind in kinds:
        if kind == InboxKind.SUSPEND:
            status = Status.SUSPENDED
        elif kind == InboxKind.RESUME:
            status = Status.RUNNING
    return status


def _trace(response: pb.OrchestratorResponse, row: Instance) -> bytes | None:
    if not response.HasField("orchestrationTraceContext"):
        return row.trace
    return to_bytes(response.orchestrationTraceContext) or row.trace


def _apply_actions(context: OperationContext, row: Instance, outcome: Outcome) -> None:
    """Everything but the end of the execution. An orchestrator may end with work that it does not wait for."""
    for task, action in outcome.activities:
        activities.schedule(context, row, task, action)
    if outcome.completion is None:
        for timer, fire_at in outcome.timers:
            _set_timer(context, row, timer, fire_at)
    for child in outcome.children:
        _start_child(context, row, child)
    for message in outcome.messages:
        target = context.store.find_instance(row.hub, message.instance_id)
        if target is not None:
            raise_event(context, target, message.name, message.input)
    for entity_message in outcome.entity_messages:
        entities.receive_message(context, row, entity_message)
    for action in outcome.terminations:
        target = context.store.find_instance(row.hub, action.instanceId)
        if target is not None:
            reason = action.reason.value if action.HasField("reason") else None
            terminate(context, target, reason, recursive=action.recurse)


def _set_timer(context: OperationContext, row: Instance, timer: int, fire_at: int) -> None:
    event = events.timer_fired(fire_at, timer, fire_at)
    if fire_at <= context.now:
        context.post(row, event, generation=row.generation)
    else:
        context.add_due(fire_at, DueKind.TIMER, row.key, row.generation, event)


def _start_child(context: OperationContext, row: Instance, child: Child) -> None:
    child_id = child.id_for(row.id)
    too_large = size_failure(context, f"The input of the sub-orchestration '{child_id}'", child.input, child.tags)
    if too_large is not None:
        event = events.child_ended(context.now, child.task, Status.FAILED, None, too_large)
        context.post(row, event, generation=row.generation)
        return
    existing = context.store.find_instance(row.hub, child_id)
    if existing is not None:
        if not existing.ended or existing.key == row.key:
            failure = events.failure_details(
                "OrchestrationAlreadyExists",
                f"The sub-orchestration '{child_id}' could not be started: an instance with this id is still running.",
            )
            event = events.child_ended(context.now, child.task, Status.FAILED, None, failure)
            context.post(row, event, generation=row.generation)
            return
        remove_instance(context, existing)
    context.create_instance(
        hub=row.hub,
        instance_id=child_id,
        name=child.name,
        version=child.version,
        input=child.input,
        tags=child.tags,
        trace=child.trace,
        parent=(row, child.task),
    )


def _terminate_children(context: OperationContext, row: Instance, completion: Completion) -> None:
    for child in context.store.children(row.key):
        terminate(context, child, completion.output, recursive=True)


def _continue_as_new(context: OperationContext, row: Instance, turn: Turn, completion: Completion) -> Instance:
    """The next execution: started, carried-over events, then what has arrived meanwhile for any generation."""
    arrivals = [
        item for item in context.store.inbox(row.key) if item.generation is None and item.kind != InboxKind.WAKE
    ]
    started = _first_event(context, row, turn)
    context.store.clear_inbox(row.key)
    context.store.replace_history(row.key, None)
    forget(context, row)
    execution_id = uuid4().hex
    version = completion.new_version if completion.new_version is not None else row.version
    event = started.executionStarted
    started.timestamp.CopyFrom(timestamp(context.now))
    event.orchestrationInstance.executionId.value = execution_id
    event.ClearField("input")
    event.ClearField("version")
    event.ClearField("scheduledStartTimestamp")
    if completion.output is not None:
        event.input.value = completion.output
    if version is not None:
        event.version.value = version
    context.store.save_input(row.key, completion.output)
    paused = row.status == Status.SUSPENDED
    row = row._replace(
        execution_id=execution_id, generation=row.generation + 1, version=version, status=Status.RUNNING,
        history_bytes=0, start_at=None,
    )  # fmt: skip
    context.post(row, started, InboxKind.STARTED)
    if paused:
        context.post(row, events.suspended(context.now, None), InboxKind.SUSPEND)
    for carried in completion.carryover:
        context.post(row, carried)
    for item in arrivals:
        context.store.post(row.key, None, item.kind, item.event)
    return row


def _first_event(context: OperationContext, row: Instance, turn: Turn) -> pb.HistoryEvent:
    parts = context.store.history_parts(row.key)
    for event in split_events(parts[0] if parts else turn.events):
        if event.HasField("executionStarted"):
            return event
    return events.execution_started(
        context.now,
        instance_id=row.id,
        execution_id=row.execution_id,
        name=row.name,
        version=None,
        input=None,
        tags=None,
    )


def _rewind(context: OperationContext, row: Instance, history: list[pb.HistoryEvent]) -> None:
    """Takes the history that the worker has cleaned of failures, and makes the instance run on from it."""
    execution_id = row.execution_id
    fired: set[int] = set()
    ended: set[int] = set()
    reason: str | None = None
    for event in history:
        match event.WhichOneof("eventType"):
            case "executionStarted":
                execution_id = event.executionStarted.orchestrationInstance.executionId.value or execution_id
            case "timerFired":
                fired.add(event.timerFired.timerId)
            case "subOrchestrationInstanceCompleted":
                ended.add(event.subOrchestrationInstanceCompleted.taskScheduledId)
            case "executionRewound":
                reason = event.executionRewound.reason.value if event.executionRewound.HasField("reason") else None
            case _:
                pass
    blob = join_events(history)
    context.store.replace_history(row.key, blob)
    row = row._replace(
        execution_id=execution_id, status=Status.RUNNING, rewinding=0, completed_at=None, updated_at=context.now,
        history_bytes=len(blob),
        uses=row.uses | Uses.TIMERS,
    )  # fmt: skip
    context.store.save_instance(row)
    for event in history:
        if event.HasField("timerCreated") and event.eventId not in fired:
            fire_at = event.timerCreated.fireAt
            _set_timer(context, row, event.eventId, micros(fire_at))
        elif event.HasField("subOrchestrationInstanceCreated") and event.eventId not in ended:
            _rewind_child(context, row, event, reason)
    context.post(row, None, InboxKind.WAKE)


def _rewind_child(context: OperationContext, row: Instance, event: pb.HistoryEvent, reason: str | None) -> None:
    created = event.subOrchestrationInstanceCreated
    child = context.store.find_instance(row.hub, created.instanceId)
    if child is not None and child.parent_key == row.key and child.status == Status.FAILED:
        rewind(context, child, reason, parent_execution_id=row.execution_id)
        return
    if child is not None and (not child.ended or child.status == Status.COMPLETED):
        return
    _start_child(
        context,
        row,
        Child(
            event.eventId,
            created.instanceId,
            created.name,
            created.version.value if created.HasField("version") else None,
            created.input.value if created.HasField("input") else None,
            created.parentTraceContext if created.HasField("parentTraceContext") else None,
            dict(created.tags),
        ),
    )
