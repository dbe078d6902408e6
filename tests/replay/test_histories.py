"""Recorded histories replay: open cases in a scheduler continue with the current code."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from durabletask import task
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb

from contracts.names import analyst_decision
from contracts.review import ReviewRequest
from contracts.steps import CaseStart, Conclusion, Investigation, RoundInput
from runtime.data_converter import RawPayload
from tests.replay.record_histories import (
    FOLDER,
    PATHS,
    RECORDINGS,
    REMINDER_RECORDING,
    RESET_RECORDING,
    REVERSAL_RECORDING,
    recording_of,
)
from tests.replay.replaying import FAILED, History, HistoryDiverged, read_history, replay, run_turn
from worker.orchestrations import activity_stubs
from worker.orchestrations import investigation as module

REVERSALS = sorted(FOLDER.glob("reversal-*.json"))
REMINDERS = sorted(FOLDER.glob("reminder-*.json"))
RESETS = sorted(FOLDER.glob("count-reset-*.json"))
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("recording", [*RECORDINGS, *REMINDERS, *RESETS, *REVERSALS], ids=lambda path: path.stem)
def test_recorded_history_is_replayed_to_the_same_end(recording: Path) -> None:
    replay(read_history(recording))


@pytest.mark.parametrize("path", PATHS)
def test_history_replays_alike_with_turns_closed_or_open(path: str) -> None:
    opened = tuple(event for event in read_history(recording_of(path)) if not event.HasField("orchestratorCompleted"))
    closed: list[pb.HistoryEvent] = []
    for event in opened:
        if closed and event.HasField("orchestratorStarted"):
            closed.append(pb.HistoryEvent(eventId=-1, orchestratorCompleted=pb.OrchestratorCompletedEvent()))
        closed.append(event)

    assert replay(opened) == replay(tuple(closed))


@pytest.mark.parametrize("path", PATHS)
def test_every_path_of_this_version_is_on_record(path: str) -> None:
    assert recording_of(path).exists(), "Run scripts/record-histories, and keep the recordings of older versions."


def test_recorded_reversal_of_this_version_ended_as_done() -> None:
    (end,) = replay(read_history(REVERSAL_RECORDING))

    assert end.payload == '"done"'


def test_recorded_reminder_of_this_version_ended_as_told() -> None:
    (end,) = replay(read_history(REMINDER_RECORDING))

    assert end.payload == "true"


def test_recorded_reset_of_this_version_ended_as_done() -> None:
    (end,) = replay(read_history(RESET_RECORDING))

    assert end.payload == "true"


@pytest.mark.parametrize(
    "path",
    [
        "auto-clear",
        "approve-lock",
        "reject-then-approve",
        "memory-lost",
        "resumed",
        "facts-changed",
        "refund-refused",
        "reconciled",
    ],
)
def test_a_recording_ends_as_its_case_did(path: str) -> None:
    outcomes = {
        "auto-clear": "auto_cleared",
        "approve-lock": "account_locked",
        "memory-lost": "cleared",
    }
    outcomes["refund-refused"] = "locked_and_refunded"

    (end,) = replay(read_history(recording_of(path)))

    assert end.what == "end ORCHESTRATION_STATUS_COMPLETED"
    assert end.payload == f'"{outcomes.get(path, "account_locked")}"'


def test_a_recorded_failure_fails_and_closes_nothing() -> None:
    history = read_history(recording_of("orchestration-failed"))

    (end,) = replay(history)

    assert end.what == FAILED
    assert "close_case" not in {event.taskScheduled.name for event in history}


@pytest.mark.parametrize("path", PATHS)
def test_no_step_of_a_history_carries_the_alert(path: str) -> None:
    text = recording_of(path).read_text(encoding="utf-8")

    assert "start_case" in text
    assert "trigger_events" not in text


WAITING = ["awaiting-review", "escalated", "specialist-unavailable", "reminded"]


@pytest.mark.parametrize("path", WAITING)
def test_waiting_case_of_earlier_release_acts_on_its_decision(path: str) -> None:
    history = read_history(recording_of(path))
    review = last_question(history)

    (step,) = run_turn(history, arriving("null"))

    assert step.what == "activity read_decision"
    assert isinstance(step.payload, dict)
    assert step.payload["review_id"] == review.review_id


@pytest.mark.parametrize("payload", ["approve!", "7", '{"verdict": "approve", "mood": "of another release"}'])
def test_whatever_an_event_carries_the_record_is_read(payload: str) -> None:
    history = read_history(recording_of("awaiting-review"))

    (step,) = run_turn(history, arriving(payload))

    assert step.what == "activity read_decision"


def test_awaited_question_is_bound_to_what_was_concluded() -> None:
    history = read_history(recording_of("awaiting-review"))
    judged = next(event.eventId for event in history if event.taskScheduled.name == "assess_risk")
    (answer,) = [event.taskCompleted for event in history if event.taskCompleted.taskScheduledId == judged]

    concluded = Conclusion.model_validate_json(answer.result.value)

    assert last_question(history).assessment_hash == concluded.assessment_hash


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_release_with_another_order_of_calls_is_refused(recording: Path) -> None:
    def investigation(ctx: task.OrchestrationContext, order: RawPayload) -> activity_stubs.Orchestration[CaseStart]:
        read = activity_stubs.decode(order, Investigation)
        yield from activity_stubs.start_round(ctx, RoundInput(case_id=read.case_id, round=1))
        return (yield from activity_stubs.start_case(ctx, read))

    with pytest.raises(task.NonDeterminismError, match="start_round"):
        replay(read_history(recording), investigation)


def test_release_that_leaves_out_a_step_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    history = read_history(recording_of("approve-lock"))

    def forgetful(*_: Any) -> Any:
        yield from ()

    monkeypatch.setattr("worker.orchestrations.agent_memory.CaseMemory.keep_round", forgetful)

    with pytest.raises(task.NonDeterminismError):
        replay(history)


def test_release_that_changes_a_step_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    history = read_history(recording_of("escalated"))
    escalate = activity_stubs.escalate_to_manager
    monkeypatch.setattr(
        activity_stubs,
        "escalate_to_manager",
        lambda ctx, order: escalate(ctx, order.model_copy(update={"round": 7})),  # pyright: ignore
    )

    with pytest.raises(HistoryDiverged, match=r"escalate_to_manager.*'round': 7"):
        replay(history)


def test_a_release_that_allows_fewer_attempts_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    history = read_history(recording_of("specialist-unavailable"))
    fewer = task.RetryPolicy(first_retry_interval=timedelta(seconds=3), max_number_of_attempts=2, backoff_coefficient=3)
    monkeypatch.setattr(activity_stubs, "THINKING", fewer)

    with pytest.raises(task.NonDeterminismError):
        replay(history)


def test_release_that_ends_a_case_differently_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    history = read_history(recording_of("auto-clear"))
    close = module.close

    def close_otherwise(ctx: task.OrchestrationContext, *arguments: Any) -> Any:
        yield from close(ctx, *arguments)
        return "cleared"

    monkeypatch.setattr(module, "close", close_otherwise)

    with pytest.raises(HistoryDiverged, match="end ORCHESTRATION_STATUS_COMPLETED"):
        replay(history)


def test_a_case_of_a_newer_release_is_handed_back() -> None:
    history = read_history(recording_of("auto-clear"))
    for event in history:
        if event.HasField("executionStarted"):
            event.executionStarted.version.value = "2.0"

    with pytest.raises(HistoryDiverged, match="hands the case back"):
        replay(history)


def test_later_release_may_tell_a_step_more_not_less() -> None:
    history = read_history(recording_of("auto-clear"))
    for event in history:
        if event.HasField("taskScheduled") and event.taskScheduled.name == "close_case":
            event.taskScheduled.input.value = '{"case_id": "case-auto-clear"}'
    assert [step.what for step in replay(history)] == ["end ORCHESTRATION_STATUS_COMPLETED"]

    for event in history:
        if event.HasField("taskScheduled") and event.taskScheduled.name == "close_case":
            event.taskScheduled.input.value = '{"case_id": "case-auto-clear", "mood": "of another release"}'
    with pytest.raises(HistoryDiverged, match="mood"):
        replay(history)


def last_question(history: History) -> ReviewRequest:
    """What a person was asked last."""
    number = next(
        event.eventId
        for event in reversed(history)
        if event.HasField("taskScheduled") and event.taskScheduled.name == "ask_person"
    )
    (answer,) = [event.taskCompleted for event in history if event.taskCompleted.taskScheduledId == number]
    return ReviewRequest.model_validate_json(answer.result.value)


def arriving(payload: str) -> History:
    """A turn in which the decision on round 1 arrives."""
    return helpers.new_orchestrator_started_event(NOW), helpers.new_event_raised_event(analyst_decision(1), payload)
