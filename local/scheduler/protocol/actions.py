"""What an orchestrator's actions mean: pure, from the worker's response to a list of intentions.

The worker answers a turn with actions. Each action but the completing one is confirmed by a history event whose
`eventId` is the action's id, otherwise the next replay raises a non-determinism error.
"""

from dataclasses import dataclass, field

from local.scheduler.protocol.wire import micros, optional_text, pb, timestamp
from local.scheduler.store.rows import TERMINAL, Status


@dataclass(slots=True)
class Child:
    """A sub-orchestration to start."""

    task: int
    instance_id: str
    name: str
    version: str | None
    input: str | None
    trace: pb.TraceContext | None
    tags: dict[str, str]

    def id_for(self, parent: str) -> str:
        """The id that was asked for, or one made of the parent's."""
        return self.instance_id or f"{parent}:{self.task:04x}"


@dataclass(slots=True)
class Message:
    """An external event for another orchestration."""

    instance_id: str
    name: str
    input: str | None


@dataclass(slots=True)
class Completion:
    """How an execution ended. `status` is CONTINUED_AS_NEW when another one follows."""

    status: int
    output: str | None
    failure: pb.TaskFailureDetails | None
    carryover: list[pb.HistoryEvent]
    new_version: str | None


@dataclass(slots=True)
class Outcome:
    """Everything that a turn asks for, in the order in which it was asked."""

    confirmations: list[pb.HistoryEvent] = field(default_factory=list[pb.HistoryEvent])
    activities: list[tuple[int, pb.ScheduleTaskAction]] = field(default_factory=list[tuple[int, pb.ScheduleTaskAction]])
    timers: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    children: list[Child] = field(default_factory=list[Child])
    messages: list[Message] = field(default_factory=list[Message])
    entity_messages: list[pb.SendEntityMessageAction] = field(default_factory=list[pb.SendEntityMessageAction])
    terminations: list[pb.TerminateOrchestrationAction] = field(default_factory=list[pb.TerminateOrchestrationAction])
    completion: Completion | None = None
    rewound_history: list[pb.HistoryEvent] | None = None

    @property
    def ends(self) -> bool:
        """Whether the instance reaches a final status."""
        return self.completion is not None and self.completion.status in TERMINAL

    @property
    def continues(self) -> bool:
        """Whether the instance starts over as a new execution."""
        return self.completion is not None and self.completion.status == Status.CONTINUED_AS_NEW


def read_actions(actions: list[pb.OrchestratorAction], now: int) -> Outcome:
    """The outcome of a turn; `now` (microseconds) stamps the confirmations."""
    outcome = Outcome()
    for action in actions:
        kind = action.WhichOneof("orchestratorActionType")
        reader = _READERS.get(kind or "")
        if reader is not None:
            reader(outcome, action, now)
    return outcome


def _confirm(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> pb.HistoryEvent:
    event = pb.HistoryEvent(eventId=action.id, timestamp=timestamp(now))
    outcome.confirmations.append(event)
    return event


def _schedule_task(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> None:
    task = action.scheduleTask
    scheduled = _confirm(outcome, action, now).taskScheduled
    # The fields of the action and of the event share name and type, not numbers.
    scheduled.name = task.name
    if task.HasField("version"):
        scheduled.version.value = task.version.value
    if task.HasField("input"):
        scheduled.input.value = task.input.value
    if task.HasField("parentTraceContext"):
        scheduled.parentTraceContext.CopyFrom(task.parentTraceContext)
    if task.tags:
        scheduled.tags.update(task.tags)
    outcome.activities.append((action.id, task))


def _create_timer(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> None:
    _confirm(outcome, action, now).timerCreated.fireAt.CopyFrom(action.createTimer.fireAt)
    outcome.timers.append((action.id, micros(action.createTimer.fireAt)))


def _create_child(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> None:
    child = action.createSubOrchestration
    trace = child.parentTraceContext if child.HasField("parentTraceContext") else None
    created = pb.SubOrchestrationInstanceCreatedEvent(
        instanceId=child.instanceId,
        name=child.name,
        version=child.version if child.HasField("version") else None,
        input=child.input if child.HasField("input") else None,
        parentTraceContext=trace,
        tags=child.tags,
    )
    _confirm(outcome, action, now).subOrchestrationInstanceCreated.CopyFrom(created)
    outcome.children.append(
        Child(
            action.id,
            child.instanceId,
            child.name,
            optional_text(child, "version"),
            optional_text(child, "input"),
            trace,
            dict(child.tags),
        )
    )


def _send_event(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> None:
    sent = action.sendEvent
    target = sent.instance.instanceId
    event = _confirm(outcome, action, now).eventSent
    event.instanceId = target
    event.name = sent.name
    if sent.HasField("data"):
        event.input.value = sent.data.value
    outcome.messages.append(Message(target, sent.name, optional_text(sent, "data")))


def _send_entity_message(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> None:
    message = action.sendEntityMessage
    event = _confirm(outcome, action, now)
    match message.WhichOneof("EntityMessageType"):
        case "entityOperationSignaled":
            event.entityOperationSignaled.CopyFrom(message.entityOperationSignaled)
        case "entityOperationCalled":
            event.entityOperationCalled.CopyFrom(message.entityOperationCalled)
        case "entityLockRequested":
            event.entityLockRequested.CopyFrom(message.entityLockRequested)
        case "entityUnlockSent":
            event.entityUnlockSent.CopyFrom(message.entityUnlockSent)
        case _:
            outcome.confirmations.pop()
            return
    outcome.entity_messages.append(message)


def _terminate(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> None:
    del now  # no event kind confirms this action
    outcome.terminations.append(action.terminateOrchestration)


def _complete(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> None:
    del now  # the end of the execution is an event of its own
    done = action.completeOrchestration
    outcome.completion = Completion(
        done.orchestrationStatus,
        optional_text(done, "result"),
        done.failureDetails if done.HasField("failureDetails") else None,
        list(done.carryoverEvents),
        optional_text(done, "newVersion"),
    )


def _rewind(outcome: Outcome, action: pb.OrchestratorAction, now: int) -> None:
    del now
    outcome.rewound_history = list(action.rewindOrchestration.newHistory)


_READERS = {
    "scheduleTask": _schedule_task,
    "createTimer": _create_timer,
    "createSubOrchestration": _create_child,
    "sendEvent": _send_event,
    "sendEntityMessage": _send_entity_message,
    "terminateOrchestration": _terminate,
    "completeOrchestration": _complete,
    "rewindOrchestration": _rewind,
}
