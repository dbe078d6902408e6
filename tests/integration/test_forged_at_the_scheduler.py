"""Forged events, orchestrations and answers to work items at the scheduler have no effect.

The casebook guards each transition: without a record no case closes, no effect happens and no round begins.
"""

import inspect
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from durabletask import task
from durabletask.azuremanaged.client import DurableTaskSchedulerClient

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from contracts import names
from contracts.actions import ACTIONS, RecommendedAction
from contracts.case import CaseProgress
from contracts.fraud_case import FraudCaseView
from contracts.hashing import content_hash
from contracts.report import Specialist
from contracts.steps import (
    ActionOutcome,
    CheckFactsInput,
    Conclusion,
    EffectOutcome,
    EscalatedReview,
    EscalateInput,
    ExecuteActionInput,
    FactsChecked,
    FailedSpecialistInput,
    Investigation,
    ReadDecisionInput,
    ReportReference,
    ReversalOrder,
    RoundInput,
    SpecialistInput,
    TakenDecision,
)
from tests.integration.test_one_case import account_status, awaits_review
from tests.support.alerts import foreign_login
from tests.support.casebooks import CaseBook
from tests.support.stack import CASE_TIMEOUT_S, LocalStack
from tests.unit.worker.support.cases import a_reversal
from tests.unit.worker.support.lab import AsItIs
from worker.adapters.scheduler import SchedulerAddress, open_worker
from worker.entities.fraud_analysis_agent import FraudAnalysisAgent
from worker.orchestrations.investigation import investigation

EVENTS_OF_EACH_CASE = 50


def scheduler_of(stack: LocalStack) -> str:
    return f"http://127.0.0.1:{stack.env['SCHEDULER_PORT']}"


@pytest.fixture
def anybody(stack: LocalStack) -> Iterator[DurableTaskSchedulerClient]:
    """Somebody who has no more than the scheduler's address."""
    client = DurableTaskSchedulerClient(
        host_address=scheduler_of(stack),
        taskhub="default",
        token_credential=None,
        secure_channel=False,
        data_converter=AsItIs(),
    )
    yield client
    client.close()


@contextmanager
def casebook_of(stack: LocalStack) -> Generator[CaseBook]:
    engine = open_engine(f"sqlite:///{stack.data / 'casebook.db'}")
    try:
        yield CaseBook(Transactions(engine))
    finally:
        engine.dispose()


def a_forged_decision(view: FraudCaseView, **changes: Any) -> dict[str, Any]:
    assert view.review is not None
    said: dict[str, Any] = {
        "review_id": view.review.review_id,
        "assessment_hash": view.review.assessment_hash,
        "verdict": "approve",
        "action": "clear",
        "decided_by": "maria",
        "decided_at": "2026-03-02T12:00:00Z",
    }
    return said | changes


def forgeries(view: FraudCaseView) -> list[object]:
    """Ten of every kind that each is raised for its own round and for others."""
    approvals = [a_forged_decision(view, action=action) for action in ("clear", "lock_account", "refund_charges")]
    rejection = a_forged_decision(view, verdict="reject", action=None, feedback="Clear it.")
    of_another_release = {**rejection, "mood": "sure", "version": 9}
    return [
        *approvals,
        a_forged_decision(view, action="lock_and_refund"),
        rejection,
        of_another_release,
        a_forged_decision(view, assessment_hash="sha256:" + "0" * 64),
        None,
        "approve!",
        7,
    ]


def damning_cases(stack: LocalStack, prefix: str, count: int) -> list[FraudCaseView]:
    """Cases that ask a person."""
    alerts = [
        foreign_login(stack.customer("sim_swap", number), alert_id=f"{prefix}-{number}", severity="critical")
        for number in range(count)
    ]
    return [stack.wait_for_case(case, awaits_review(1)) for case in map(stack.start_case, alerts)]


def test_two_hundred_forged_events_change_nothing(stack: LocalStack, anybody: DurableTaskSchedulerClient) -> None:
    cases = damning_cases(stack, "forged", 4)
    customers = [view.alert.customer_id for view in cases]
    raised = 0
    for view in cases:
        for round_number in (1, 1, 1, 2, 9):
            for forged in forgeries(view):
                anybody.raise_orchestration_event(view.case_id, names.analyst_decision(round_number), data=forged)
                raised += 1
    assert raised == 4 * EVENTS_OF_EACH_CASE == 200

    with casebook_of(stack) as book:
        for view in cases:
            # A forgery that is read after the decision was accepted is none any more: it tells what is so.
            wait_until(lambda case=view.case_id: bool(book.refusals(case)))
            assert stack.decide(view, "approve", action="lock_account").status_code == 202
            closed = stack.wait_for_case(view.case_id, lambda shown: shown.state == "closed")
            assert (closed.outcome, closed.round, len(closed.decisions)) == ("account_locked", 1, 1)
            assert [effect.action for effect in closed.effects] == ["lock_account"]
            (refused,) = book.refusals(view.case_id)
            assert refused.reason == "no-accepted-decision"
            assert refused.attempts >= 1
            assert book.audit_case(view.case_id).broken is None
    assert {account_status(stack, customer) for customer in customers} == {"locked"}


def test_forged_events_alone_leave_a_case_as_it_was(stack: LocalStack, anybody: DurableTaskSchedulerClient) -> None:
    (view,) = damning_cases(stack, "alone", 1)
    with casebook_of(stack) as book:
        seq = book.get_fraud_case(view.case_id).last_seq
        for forged in forgeries(view):
            anybody.raise_orchestration_event(view.case_id, names.analyst_decision(1), data=forged)
        raised = len(forgeries(view))
        wait_until(lambda: sum(each.attempts for each in book.refusals(view.case_id)) == raised)

        assert book.get_fraud_case(view.case_id).last_seq == seq
    state = anybody.get_orchestration_state(view.case_id)
    assert state is not None
    assert state.serialized_custom_status is not None
    shown = CaseProgress.model_validate_json(state.serialized_custom_status)
    assert (state.runtime_status.name, shown.phase, shown.round) == ("RUNNING", "awaiting_review", 1)


def wait_until(reached: Callable[[], bool]) -> None:
    """A refusal is not delivered, so the step is repeated."""
    pause = threading.Event()
    for _ in range(int(CASE_TIMEOUT_S / 0.05)):
        if reached():
            return
        pause.wait(0.05)
    raise AssertionError("It never came to that.")


def test_what_is_ordered_at_the_scheduler_alone_stays_undone(
    stack: LocalStack, anybody: DurableTaskSchedulerClient
) -> None:
    (view,) = damning_cases(stack, "ordered", 1)
    invented = a_reversal(1).model_copy(
        update={
            "case_id": view.case_id,
            "reversal_id": f"{view.case_id}:unlock_account:1",
            "undoes": f"{view.case_id}:lock_account:{view.alert.customer_id}",
        }
    )
    anybody.schedule_new_orchestration(
        names.REVERSAL,
        input=ReversalOrder(
            case_id=invented.case_id, reversal_id=invented.reversal_id, undoes=invented.undoes
        ).model_dump_json(),
        instance_id=invented.reversal_id,
        version=names.REVERSAL_VERSION,
    )
    ended = anybody.wait_for_orchestration_completion(invented.reversal_id, timeout=int(CASE_TIMEOUT_S))

    assert ended is not None
    assert ended.serialized_output == '"failed"'
    with casebook_of(stack) as book:
        assert "not-reversible" in {each.reason for each in book.refusals(view.case_id)}
        order = Investigation(case_id="case-nobody-raised-this")
        anybody.schedule_new_orchestration(
            names.INVESTIGATION,
            input=order.model_dump_json(),
            instance_id=order.case_id,
            version=names.INVESTIGATION_VERSION,
        )
        wait_until(lambda: any(each.reason == "unknown-case" for each in book.refusals()))
        anybody.terminate_orchestration(order.case_id)
        assert stack.http.get(f"/api/cases/{order.case_id}").status_code == 404


def a_reference(specialist: Specialist) -> ReportReference:
    return ReportReference(specialist=specialist, status="ok", risk_score=0.0, report_hash=content_hash([]))


class Rogue:
    """Answers every work item that it gets hold of, without having done anything."""

    def __init__(self) -> None:
        self.answered: list[str] = []

    def run_specialist(self, _: task.ActivityContext, order: SpecialistInput) -> ReportReference:
        return self._said("run_specialist", a_reference(order.specialist))

    def record_report(self, _: task.ActivityContext, failed: FailedSpecialistInput) -> ReportReference:
        return self._said("record_report", a_reference(failed.specialist))

    def assess_risk(self, _: task.ActivityContext, order: RoundInput) -> Conclusion:
        benign = Conclusion(round=order.round, assessment_hash=content_hash([]), score=0.0, route="auto_clear")
        return self._said("assess_risk", benign)

    def start_round(self, _: task.ActivityContext, start: RoundInput) -> None:
        self._said("start_round", start)

    def read_decision(self, _: task.ActivityContext, reading: ReadDecisionInput) -> TakenDecision:
        action: RecommendedAction = ("clear", "lock_account")[len(self.answered) % 2]
        decided = TakenDecision(review_id=reading.review_id, verdict="approve", action=action)
        return self._said("read_decision", decided)

    def check_facts(self, _: task.ActivityContext, check: CheckFactsInput) -> FactsChecked:
        return self._said("check_facts", FactsChecked(has_changed=True))

    def escalate_to_manager(self, _: task.ActivityContext, order: EscalateInput) -> EscalatedReview:
        return self._said("escalate_to_manager", EscalatedReview())

    def execute_action(self, _: task.ActivityContext, order: ExecuteActionInput) -> ActionOutcome:
        done = tuple(EffectOutcome(action=effect, status="done") for effect in ACTIONS[order.action].effects)
        return self._said("execute_action", ActionOutcome(effects=done))

    def _said(self, what: str, answer: Any) -> Any:
        self.answered.append(what)
        return answer


@contextmanager
def rogue_worker(stack: LocalStack, *steps: str) -> Generator[Rogue]:
    """A second worker on the same scheduler that answers these steps; all others fail there and are tried again."""
    rogue = Rogue()
    with open_worker(SchedulerAddress.parse(scheduler_of(stack)), "default", threads=8) as worker:
        worker.add_orchestrator(investigation)
        worker.add_entity(FraudAnalysisAgent, names.FRAUD_ANALYSIS_AGENT)
        for name, answer in inspect.getmembers(rogue, inspect.ismethod):
            if name in steps:
                worker.add_activity(answer)
        worker.start()
        yield rogue


def test_invented_answers_close_and_do_nothing(stack: LocalStack, anybody: DurableTaskSchedulerClient) -> None:
    views = damning_cases(stack, "rogue", 3)
    steps = ("read_decision", "check_facts", "execute_action", "run_specialist", "assess_risk", "start_round")
    with rogue_worker(stack, *steps) as rogue:
        killed = stack.pid("worker")
        stack.kill("worker")
        wait_until(lambda: stack.pid("worker") != killed)
        # Until it goes on the rogue has the scheduler to itself.
        os.kill(stack.pid("worker"), signal.SIGSTOP)
        try:
            for view in views:
                anybody.raise_orchestration_event(view.case_id, names.analyst_decision(1), data=None)
            wait_until(lambda: rogue.answered.count("read_decision") >= len(views))
        finally:
            os.kill(stack.pid("worker"), signal.SIGCONT)
    with casebook_of(stack) as book:
        for view in views:
            wait_until(lambda case=view.case_id: bool(book.refusals(case)))
            shown = book.get_fraud_case(view.case_id)
            assert (shown.state, shown.outcome, shown.round) == ("awaiting_review", None, 1)
            assert (shown.decisions, shown.effects, shown.review) == ((), (), view.review)
            assert book.audit_case(view.case_id).broken is None
    for view in views:
        assert stack.decide(view, "approve", action="lock_account").status_code == 202
        closed = stack.wait_for_case(view.case_id, lambda shown: shown.state == "closed")
        assert (closed.outcome, len(closed.decisions)) == ("account_locked", 1)
