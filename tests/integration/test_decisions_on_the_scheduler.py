"""Decisions and deadlines with the real scheduler: late and doubled answers, restarts, and timers that survive them."""

import itertools
from collections.abc import Iterable, Iterator
from typing import TypeVar

import pytest
from durabletask.azuremanaged.client import DurableTaskSchedulerClient

from runtime.data_converter import PydanticDataConverter
from tests.conformance.harness import RunningScheduler
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.cases import a_decision, a_policy
from tests.unit.worker.support.lab import CONVERTER, AsItIs, Lab, RunningCase, register
from worker.adapters.scheduler import SchedulerAddress, open_worker

T = TypeVar("T")

SOON_H = 0.005
"""18 seconds: a worker may need three to find a restarted scheduler, and reminds of nothing after the deadline."""
PATIENCE_S = 180.0
"""For what hangs."""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningScheduler]:
    running = RunningScheduler(tmp_path_factory.mktemp("scheduler") / "data")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def lab(scheduler: RunningScheduler) -> Iterator[Lab]:
    """The real orchestration and entity on the real scheduler; activities follow a script."""
    scripts: dict[str, CaseScript] = {}

    def client(converter: PydanticDataConverter) -> DurableTaskSchedulerClient:
        return DurableTaskSchedulerClient(
            host_address=scheduler.address,
            taskhub="default",
            token_credential=None,
            secure_channel=False,
            data_converter=converter,
        )

    with (
        open_worker(SchedulerAddress(scheduler.address, secure=False), "default", threads=16) as worker,
        client(CONVERTER) as polite,
        client(AsItIs()) as rude,
    ):
        register(worker, scripts)
        worker.start()
        yield Lab(polite, rude, scripts, itertools.count(1))


def once(things: Iterable[T]) -> list[T]:
    """Each thing once: an activity whose answer a restart swallowed is called again."""
    return list(dict.fromkeys(things))


def reject_and_meddle(case: RunningCase) -> None:
    """Reject the first round, then send every answer again that was, could have been or must not be given to it."""
    first = case.script.opening(1)
    rejection = case.reject(first)
    case.send(1, rejection)
    approval = a_decision(first.review.review_id, first.assessment, action="lock_account")
    case.send(1, approval)
    case.script.opening(2)
    for late in (rejection, approval):
        case.send(1, late)
        case.send(2, late)


def test_late_and_doubled_decisions_never_reach_the_next_round(lab: Lab) -> None:
    cases = [lab.start() for _ in range(20)]
    for case in cases:
        reject_and_meddle(case)
    for case in cases:
        case.decide(case.script.opening(2), "clear")
        case.send(2, a_decision(f"{case.order.case_id}:r2", case.script.opening(2).assessment, action="lock_account"))

    assert [case.outcome(PATIENCE_S) for case in cases] == ["cleared"] * 20
    for case in cases:
        assert case.script.rounds == [1, 2]
        assert (case.script.orders, case.script.outcomes) == ([], ["cleared"])


def test_late_decisions_do_not_outlive_a_scheduler_restart_either(lab: Lab, scheduler: RunningScheduler) -> None:
    case = lab.start()
    reject_and_meddle(case)
    scheduler.restart()
    first = case.script.opening(1)
    case.send(2, a_decision(first.review.review_id, first.assessment, action="lock_account"))
    case.decide(case.script.opening(2), "clear")

    assert case.outcome(PATIENCE_S) == "cleared"
    assert once(case.script.rounds) == [1, 2]
    assert case.script.orders == []


def test_a_doubled_approval_is_carried_out_once(lab: Lab) -> None:
    case = lab.start()
    approval = case.decide(case.script.opening(), "lock_account")
    case.send(1, approval)

    assert case.outcome(PATIENCE_S) == "account_locked"
    assert [order.decision for order in case.script.orders] == [approval]


def test_reminder_escalation_and_second_deadline_survive_a_scheduler_restart(
    lab: Lab, scheduler: RunningScheduler
) -> None:
    hurried = a_policy(approval_timeout_hours=SOON_H, escalation_timeout_hours=SOON_H, remind_before_share=0.75)
    case = lab.start(CaseScript(policy=hurried))
    opening = case.script.opening()
    scheduler.restart()

    assert case.outcome(PATIENCE_S) == "unresolved"
    escalated = case.script.escalation().review
    assert once(reminder.at for reminder in case.script.reminders) == [opening.review.remind_at, escalated.remind_at]
    assert (escalated.required_role, escalated.review_id) == ("manager", opening.review.review_id)
    assert once(review.review_id for review in case.script.expired) == [opening.review.review_id]
    assert case.script.orders == []


def test_an_answer_after_the_last_deadline_changes_nothing(lab: Lab) -> None:
    hurried = a_policy(approval_timeout_hours=0.0001, escalation_timeout_hours=0.0001)
    case = lab.start(CaseScript(policy=hurried))
    opening = case.script.opening()
    outcome = case.outcome(PATIENCE_S)

    case.decide(opening, "lock_account")

    assert outcome == case.outcome(PATIENCE_S) == "unresolved"
    assert case.script.orders == []
