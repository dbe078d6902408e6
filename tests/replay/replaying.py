"""Replays a recorded history against today's orchestration code: the only place that reaches into the SDK for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from durabletask import task
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.json_format import MessageToJson, Parse
from pydantic import JsonValue, TypeAdapter

from contracts.names import COUNT_RESET, INVESTIGATION, INVESTIGATION_VERSION, REVERSAL, TASK_REMINDER
from worker.adapters.scheduler import SchedulerAddress, open_worker
from worker.orchestrations.count_reset import count_reset
from worker.orchestrations.investigation import investigation
from worker.orchestrations.reversal import reversal
from worker.orchestrations.task_reminder import task_reminder

Orchestrator = Callable[..., Any]
History = tuple[pb.HistoryEvent, ...]
ORCHESTRATORS: Mapping[str, Orchestrator] = {
    INVESTIGATION: investigation,
    REVERSAL: reversal,
    TASK_REMINDER: task_reminder,
    COUNT_RESET: count_reset,
}

NOWHERE = SchedulerAddress("127.0.0.1:9", secure=False)
_events: TypeAdapter[list[dict[str, JsonValue]]] = TypeAdapter(list[dict[str, JsonValue]])
_json: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
FAILED = "end ORCHESTRATION_STATUS_FAILED"


class HistoryDiverged(Exception):
    """Today's code replays the history, but would now do something else than it did then."""


@dataclass(frozen=True)
class Step:
    """Something that an orchestration asked for: in a history, or today."""

    number: int
    what: str
    payload: JsonValue


def read_history(path: Path) -> History:
    """The events of a recording. Raises OSError, or ValueError when it is none."""
    events = _events.validate_json(path.read_bytes())
    return tuple(Parse(_json.dump_json(event), pb.HistoryEvent()) for event in events)


def write_history(path: Path, history: Sequence[pb.HistoryEvent]) -> None:
    """Keep a recording, one event a line."""
    lines = ",\n".join(MessageToJson(event, indent=None, sort_keys=True) for event in history)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def orchestrator_of(history: History) -> Orchestrator:
    """Today's code of the orchestration whose history this is."""
    return ORCHESTRATORS[_started(history).name]


def replay(
    history: History, orchestrator: Orchestrator | None = None, version: str = INVESTIGATION_VERSION
) -> list[Step]:
    """Run today's code through every turn of a history; the steps of its last turn.

    `version`: that of the release whose code it is.

    Raises task.NonDeterminismError where the code asks for other things than are on record, and HistoryDiverged
    where it asks for the same with other contents, or ends in another way.
    """
    orchestrator = orchestrator or orchestrator_of(history)
    last: list[Step] | None = None
    # The last turn first: with the whole history behind it, the SDK itself notices every step that is not on record.
    for start, end in reversed(_turns(history)):
        turn = history[start:end]
        steps = run_turn(
            history[:start], tuple(event for event in turn if _step_of(event) is None), orchestrator, version
        )
        recorded = [step for event in turn if (step := _step_of(event)) is not None]
        for then, now in zip(recorded, steps, strict=False):
            _refuse_other(then, now)
        if len(recorded) != len(steps):
            raise HistoryDiverged(f"It took the steps {recorded}, today it takes {steps}.")
        last = steps if last is None else last
    if last is None:
        raise ValueError("This history has no turn.")
    return last


def run_turn(
    past: History,
    received: History,
    orchestrator: Orchestrator = investigation,
    version: str = INVESTIGATION_VERSION,
) -> list[Step]:
    """What today's code asks for when `received` arrives after `past`. Raises task.NonDeterminismError."""
    worker = open_worker(NOWHERE, "replay", threads=8, version=version)
    worker.add_orchestrator(orchestrator)
    sidecar = _Sidecar()
    started = _started((*past, *received))
    request = pb.OrchestratorRequest(
        instanceId=started.orchestrationInstance.instanceId, pastEvents=past, newEvents=received
    )
    worker._execute_orchestrator(request, sidecar, "token")  # pyright: ignore[reportPrivateUsage] - no public replay
    return sorted((_step_taken(action) for action in sidecar.actions), key=lambda step: step.number)


def _started(history: History) -> pb.ExecutionStartedEvent:
    return next(event for event in history if event.HasField("executionStarted")).executionStarted


class _Sidecar:
    """Takes the answer of one turn."""

    def __init__(self) -> None:
        self.actions: Sequence[pb.OrchestratorAction] = ()

    def CompleteOrchestratorTask(self, response: pb.OrchestratorResponse) -> None:  # noqa: N802 - the protocol's name
        self.actions = tuple(response.actions)

    def AbandonTaskOrchestratorWorkItem(self, _: pb.AbandonOrchestrationTaskRequest) -> None:  # noqa: N802
        raise HistoryDiverged("This release hands the case back: its version is newer than INVESTIGATION_VERSION.")


def _turns(history: History) -> list[tuple[int, int]]:
    starts = [index for index, event in enumerate(history) if event.HasField("orchestratorStarted")]
    return list(zip(starts, [*starts[1:], len(history)], strict=True))


def _step_of(event: pb.HistoryEvent) -> Step | None:
    """The step that a history confirms with this event, or None for what arrived from outside."""
    if event.HasField("taskScheduled"):
        scheduled = event.taskScheduled
        return Step(event.eventId, f"activity {scheduled.name}", _read(scheduled.input.value))
    if event.HasField("timerCreated"):
        return Step(event.eventId, "timer", event.timerCreated.fireAt.ToJsonString())
    if event.HasField("entityOperationCalled"):
        return _entity_step(event.eventId, event.entityOperationCalled)
    if event.HasField("executionCompleted"):
        completed = event.executionCompleted
        # The in-memory backend keeps what an orchestration failed of with its instance, and not always in its history.
        return _end(completed.orchestrationStatus, completed.result.value or completed.failureDetails.errorMessage)
    return None


def _step_taken(action: pb.OrchestratorAction) -> Step:
    if action.HasField("scheduleTask"):
        return Step(action.id, f"activity {action.scheduleTask.name}", _read(action.scheduleTask.input.value))
    if action.HasField("createTimer"):
        return Step(action.id, "timer", action.createTimer.fireAt.ToJsonString())
    if action.HasField("sendEntityMessage"):
        return _entity_step(action.id, action.sendEntityMessage.entityOperationCalled)
    completed = action.completeOrchestration
    if completed.failureDetails.errorType.endswith(task.NonDeterminismError.__name__):
        raise task.NonDeterminismError(completed.failureDetails.errorMessage)
    return _end(completed.orchestrationStatus, completed.result.value or completed.failureDetails.errorMessage)


def _entity_step(number: int, called: pb.EntityOperationCalledEvent) -> Step:
    what = f"entity {called.targetInstanceId.value} {called.operation}"
    return Step(number, what, _read(called.input.value))


def _end(status: int, result: str) -> Step:
    # An end has no number in a history, and nothing comes after it.
    return Step(2**31, f"end {pb.OrchestrationStatus.Name(status)}", result)


def _read(text: str) -> JsonValue:
    return _json.validate_json(text or "null")


def _refuse_other(then: Step, now: Step) -> None:
    failed_alike = then.what == now.what == FAILED and not then.payload
    same = failed_alike or _still_says(then.payload, now.payload)
    if (then.number, then.what) != (now.number, now.what) or not same:
        raise HistoryDiverged(f"It was {then}, today it is {now}.")


def _still_says(then: JsonValue, now: JsonValue) -> bool:
    """Whether everything that was said is still said; a later release may say more."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        return all(key in now and _still_says(value, now[key]) for key, value in then.items())
    if isinstance(then, list) and isinstance(now, list):
        return len(then) == len(now) and all(_still_says(*pair) for pair in zip(then, now, strict=True))
    return then == now
