"""What a killed worker costs: in the middle of each of a case's four agents, one model call more and no other."""

import time
from collections.abc import Callable

import pytest

from contracts.fraud_case import FraudCaseView
from contracts.report import SPECIALISTS
from tests.integration.test_one_case import awaits_review
from tests.support.alerts import foreign_login
from tests.support.stack import CASE_TIMEOUT_S, LocalStack


def model_calls_of(stack: LocalStack, investigate: Callable[[], FraudCaseView]) -> tuple[int, FraudCaseView]:
    """How many model calls an investigation takes from its start until a person is asked."""
    stack.wait_until_nothing_is_investigated()
    before = stack.model_stats()["calls"]
    view = investigate()
    return stack.model_stats()["calls"] - before, view


def wait_until_only_that_agent_thinks(stack: LocalStack, case_id: str, agent: str) -> None:
    """Returns once every report that can be there without this agent's answer is there, and its call is under way."""
    others = [specialist for specialist in SPECIALISTS if specialist != agent]
    deadline = time.monotonic() + CASE_TIMEOUT_S
    while time.monotonic() < deadline:
        reported = [report.specialist for report in stack.case(case_id).reports]
        if reported == others and stack.model_stats()["in_flight"] == 1:
            return
        time.sleep(0.02)  # the model tells nobody that it has begun to think
    raise AssertionError(f"The call of the {agent} never was the only one under way.")


@pytest.mark.parametrize("agent", [*SPECIALISTS, "aggregator"])
def test_worker_killed_during_agent_call_repeats_only_that(stack: LocalStack, agent: str) -> None:
    customer = stack.customer("sim_swap")

    def undisturbed() -> FraudCaseView:
        case_id = stack.start_case(foreign_login(customer, alert_id=f"whole-{agent}"))
        return stack.wait_for_case(case_id, awaits_review(1))

    def killed() -> FraudCaseView:
        with stack.slow_model(latency_s=30.0, agent=agent):
            case_id = stack.start_case(foreign_login(customer, alert_id=f"killed-{agent}"))
            wait_until_only_that_agent_thinks(stack, case_id, agent)
            stack.kill("worker")
        return stack.wait_for_case(case_id, awaits_review(1))

    whole, _ = model_calls_of(stack, undisturbed)
    paid, view = model_calls_of(stack, killed)

    assert paid == whole + 1
    assert [report.status for report in view.reports] == ["ok", "ok", "ok"]
    assert view.assessment is not None
    assert view.assessment.overall_risk_score is not None
