"""What the worker is made of."""

from typing import Any, cast

import pytest
from durabletask.task import RetryPolicy

from contracts import names
from tests.unit.worker.support.agents import FakeTools, ScriptedModel
from tests.unit.worker.support.cases import a_policy
from worker.agents.limits import Limits
from worker.orchestrations import activity_stubs
from worker.ports.record import CaseRecord, ChatRecord, ScheduleRecord, TaskRecord
from worker.wiring import wire_activities

ACTIVITIES = {
    names.START_ROUND,
    names.START_CASE,
    names.RUN_SPECIALIST,
    names.RECORD_REPORT,
    names.ASSESS_RISK,
    names.ASSESS_WITHOUT_MODEL,
    names.ASK_PERSON,
    names.READ_DECISION,
    names.REMIND_REVIEW,
    names.ESCALATE_TO_MANAGER,
    names.EXPIRE_REVIEW,
    names.CHECK_FACTS,
    names.NOTE_CHANGED_FACTS,
    names.CLOSE_CASE,
    names.DRAFT_REPLY,
    names.SEND_REPLY,
    names.FOLLOW_DECISION,
    names.GIVE_UP_TURN,
    names.TELL_OVERDUE,
    names.RESET_COUNTS,
}
THAT_ACT = {
    names.EXECUTE_ACTION,
    names.RECONCILE_ACTION,
    names.EXECUTE_REVERSAL,
    names.RECONCILE_REVERSAL,
}


def wired() -> dict[str, Any]:
    nobody, no_chat = cast("CaseRecord", object()), cast("ChatRecord", object())
    no_tasks, no_schedules = cast("TaskRecord", NoTasks()), cast("ScheduleRecord", object())
    gateway = cast("Any", Gateway())
    records = (nobody, no_chat, no_tasks, no_schedules)
    activities = wire_activities(*records, ScriptedModel([]), FakeTools(), gateway, a_policy(), Limits())
    return {activity.__name__: activity for activity in activities}


class Gateway:
    """The way to write; only its identity matters here."""


class NoTasks:
    """The record of tasks; only its identity matters here."""


def test_every_activity_an_orchestration_calls_is_registered() -> None:
    assert set(wired()) == ACTIVITIES | THAT_ACT


def test_only_activities_that_act_hold_the_write_path() -> None:
    holders = {name for name, activity in wired().items() if _reaches(activity.__self__, Gateway, 4)}

    assert holders == THAT_ACT


def test_only_the_assistant_and_reminders_reach_tasks() -> None:
    holders = {name for name, activity in wired().items() if _reaches(activity.__self__, NoTasks, 6)}

    assert holders == {names.DRAFT_REPLY, names.SEND_REPLY, names.FOLLOW_DECISION, names.GIVE_UP_TURN} | {
        names.TELL_OVERDUE
    }


def _reaches(owner: object, wanted: type, depth: int) -> bool:
    if isinstance(owner, wanted):
        return True
    return depth > 0 and any(_reaches(part, wanted, depth - 1) for part in getattr(owner, "__dict__", {}).values())


def delays(policy: RetryPolicy) -> list[float]:
    """The pauses between a call's attempts, in seconds."""
    first = policy.first_retry_interval.total_seconds()
    longest = policy.max_retry_interval.total_seconds() if policy.max_retry_interval else float("inf")
    factor = policy.backoff_coefficient or 1.0
    return [min(longest, first * factor**attempt) for attempt in range(policy.max_number_of_attempts - 1)]


@pytest.mark.parametrize(
    ("policy", "least_s", "most_s"),
    [
        (activity_stubs.THINKING, 30, 60),
        (activity_stubs.ACTING, 10 * 60, 20 * 60),
        (activity_stubs.SENDING, 25, 35),
        (activity_stubs.REMINDING, 5, 10),
        (activity_stubs.RECORDING, 20 * 3600, 30 * 3600),
    ],
    ids=["thinking", "acting", "sending", "reminding", "recording"],
)
def test_retries_go_on_about_as_long_as_promised(policy: RetryPolicy, least_s: float, most_s: float) -> None:
    assert least_s <= sum(delays(policy)) <= most_s
