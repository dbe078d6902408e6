"""A failure that is marked as final ends a step, whatever attempts its policy still has."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from durabletask import task
from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from tests.replay.record_histories import recording_of
from tests.replay.replaying import History, Step, read_history, run_turn
from worker.domain.failures import sentence_for, unavailable_report

EXHAUSTED = "Activity 'x' was handed out 10 times and no worker completed it: each was lost with it."
LATER = Timestamp(seconds=1_800_000_000)


def failed(step: int, *, final: bool) -> History:
    details = pb.TaskFailureDetails(errorType="DeliveriesExhausted", errorMessage=EXHAUSTED, isNonRetriable=final)
    event = pb.TaskFailedEvent(taskScheduledId=step, failureDetails=details)
    return opened(pb.HistoryEvent(eventId=-1, timestamp=LATER, taskFailed=event))


def opened(*events: pb.HistoryEvent) -> History:
    start = pb.HistoryEvent(eventId=-1, timestamp=LATER, orchestratorStarted=pb.OrchestratorStartedEvent())
    return (start, *events)


def asks_twice(ctx: task.OrchestrationContext, _: object) -> Generator[task.Task[Any], Any, str]:
    policy = task.RetryPolicy(first_retry_interval=timedelta(seconds=5), max_number_of_attempts=4)
    try:
        yield ctx.call_activity("step", retry_policy=policy)
    except task.TaskFailedError as failure:
        return failure.details.error_type
    return "answered"


def asks_a_child_twice(ctx: task.OrchestrationContext, _: object) -> Generator[task.Task[Any], Any, str]:
    policy = task.RetryPolicy(first_retry_interval=timedelta(seconds=5), max_number_of_attempts=4)
    try:
        yield ctx.call_sub_orchestrator("child", retry_policy=policy)
    except task.TaskFailedError as failure:
        return failure.details.error_type
    return "answered"


def begun(orchestrator: Any, first: pb.HistoryEvent) -> History:
    started = helpers.new_execution_started_event(orchestrator.__name__, "a", None)
    return (*opened(started), first)


SCHEDULED = pb.HistoryEvent(eventId=1, timestamp=LATER, taskScheduled=pb.TaskScheduledEvent(name="step"))
CREATED = pb.HistoryEvent(
    eventId=1,
    timestamp=LATER,
    subOrchestrationInstanceCreated=pb.SubOrchestrationInstanceCreatedEvent(name="child", instanceId="c"),
)


def test_a_final_failure_ends_an_activity() -> None:
    (end,) = run_turn(begun(asks_twice, SCHEDULED), failed(1, final=True), asks_twice)
    assert end.payload == '"DeliveriesExhausted"'


def test_any_other_failure_is_tried_again() -> None:
    (step,) = run_turn(begun(asks_twice, SCHEDULED), failed(1, final=False), asks_twice)
    assert step.what == "timer"


@pytest.mark.parametrize(("final", "what"), [(True, "end ORCHESTRATION_STATUS_COMPLETED"), (False, "timer")])
def test_a_final_failure_ends_a_sub_orchestration(final: bool, what: str) -> None:
    details = pb.TaskFailureDetails(errorType="DeliveriesExhausted", errorMessage=EXHAUSTED, isNonRetriable=final)
    event = pb.SubOrchestrationInstanceFailedEvent(taskScheduledId=1, failureDetails=details)
    received = opened(pb.HistoryEvent(eventId=-1, timestamp=LATER, subOrchestrationInstanceFailed=event))
    (step,) = run_turn(begun(asks_a_child_twice, CREATED), received, asks_a_child_twice)
    assert step.what == what


def test_a_final_failure_replays_to_the_same_end() -> None:
    history = (*begun(asks_twice, SCHEDULED), *failed(1, final=True))
    (end,) = run_turn(history, opened(), asks_twice)
    assert end.payload == '"DeliveriesExhausted"'


# -- the investigation ------------------------------------------------------------------------------------------------


def upto(recording: Path, activity: str) -> tuple[History, int]:
    """A recording up to the turn that asked for an activity, and the activity's number."""
    history = read_history(recording)
    at = next(number for number, event in enumerate(history) if event.taskScheduled.name == activity)
    turn_end = next(
        (number for number in range(at, len(history)) if history[number].HasField("orchestratorStarted")), len(history)
    )
    return history[:turn_end], history[at].eventId


def next_steps(activity: str) -> list[Step]:
    """What an investigation does when an activity has killed every worker that got it."""
    past, number = upto(recording_of("approve-lock"), activity)
    return run_turn(past, failed(number, final=True))


def test_specialist_that_kills_its_workers_is_unavailable_at_once() -> None:
    (step,) = next_steps("run_specialist")
    assert step.what == "activity record_report"
    assert isinstance(step.payload, dict)
    assert step.payload["error"] == "deliveries-exhausted"
    report = unavailable_report("usage", 1, sentence_for("deliveries-exhausted"))
    assert (report.status, report.reason) == ("unavailable", "Every worker that was given this work was lost with it.")


def test_assessment_that_kills_its_workers_goes_to_a_person() -> None:
    (step,) = next_steps("assess_risk")
    assert step.what == "activity assess_without_model"


def test_effect_that_kills_its_workers_is_looked_up_immediately() -> None:
    (step,) = next_steps("execute_action")
    assert step.what == "activity reconcile_action"


@pytest.mark.parametrize("activity", ["start_case", "ask_person", "check_facts"])
def test_no_step_that_kills_workers_is_tried_all_day(activity: str) -> None:
    steps = next_steps(activity)
    assert steps
    assert "timer" not in [step.what for step in steps]
