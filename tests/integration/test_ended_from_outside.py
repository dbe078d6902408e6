"""An operator ends an orchestration directly in the scheduler: the case goes to a person."""

from collections.abc import Generator

import pytest
from durabletask.azuremanaged.client import DurableTaskSchedulerClient

from contracts.names import analyst_decision
from tests.integration.test_one_case import awaits_review
from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack


@pytest.fixture
def operator(stack: LocalStack) -> Generator[DurableTaskSchedulerClient]:
    client = DurableTaskSchedulerClient(
        host_address=f"http://127.0.0.1:{stack.env['SCHEDULER_PORT']}",
        taskhub="default",
        token_credential=None,
        secure_channel=False,
    )
    try:
        yield client
    finally:
        client.close()


def failures_of(stack: LocalStack, case_id: str) -> list[str]:
    """Why the orchestration failed, each time."""
    history = stack.http.get(f"/api/cases/{case_id}/history").json()["items"]
    return [event["data"]["reason"] for event in history if event["type"] == "orchestration_failed"]


def test_a_terminated_case_is_decided_and_carried_out(stack: LocalStack, operator: DurableTaskSchedulerClient) -> None:
    case_id = stack.start_case(foreign_login(stack.customer("sim_swap", 2), alert_id="terminated"))
    asked = stack.wait_for_case(case_id, awaits_review(1))

    operator.terminate_orchestration(case_id, output="cleaning up")
    stack.wait_for_line(f"{case_id} failed and is handed to a person.")

    view = stack.case(case_id)
    assert (view.state, view.outcome, view.review) == ("awaiting_review", None, asked.review)
    assert failures_of(stack, case_id) == ["The investigation was terminated in the scheduler: cleaning up"]
    assert stack.decide(view, "approve", action="lock_account").status_code == 202
    assert stack.wait_for_case(case_id, lambda case: case.state == "closed").outcome == "account_locked"


def test_history_grown_too_large_ends_with_a_person(stack: LocalStack, operator: DurableTaskSchedulerClient) -> None:
    case_id = stack.start_case(foreign_login(stack.customer("sim_swap", 3), alert_id="overgrown"))
    stack.wait_for_case(case_id, awaits_review(1))

    for _ in range(6):
        operator.raise_orchestration_event(case_id, analyst_decision(1), data="x" * 900_000)
    stack.wait_for_line(f"{case_id} failed and is handed to a person.")

    view = stack.wait_for_case(case_id, awaits_review(1))
    (reason,) = failures_of(stack, case_id)
    assert reason.startswith("The investigation failed in the scheduler: ")
    assert stack.decide(view, "reject", feedback="Look again.").status_code == 202
    again = stack.wait_for_case(case_id, awaits_review(2))
    assert stack.decide(again, "approve", action="lock_account").status_code == 202
    assert stack.wait_for_case(case_id, lambda case: case.state == "closed").outcome == "account_locked"
