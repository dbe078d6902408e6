"""What survives `kill -9` of a part. Each test kills real processes of the shared stack."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.integration.test_one_case import account_status, awaits_review
from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack


def at_once(times: int, call: Callable[[], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(times) as pool:
        return [future.result() for future in [pool.submit(call) for _ in range(times)]]


def test_case_awaiting_review_survives_death_of_the_worker(stack: LocalStack) -> None:
    customer = stack.customer("account_takeover", 2)
    case_id = stack.start_case(foreign_login(customer))
    view = stack.wait_for_case(case_id, awaits_review(1))
    stack.wait_until_nothing_is_investigated()
    calls_before = stack.model_stats()["calls"]

    stack.kill("worker")
    assert stack.decide(view, "approve", action="lock_account").status_code == 202
    closed = stack.wait_for_case(case_id, lambda case: case.state == "closed")

    assert closed.outcome == "account_locked"
    assert account_status(stack, customer["customer_id"]) == "locked"
    assert stack.model_stats()["calls"] == calls_before, "the restarted worker paid for a model call again"


def test_a_decision_survives_the_death_of_the_backend(stack: LocalStack) -> None:
    case_id = stack.start_case(foreign_login(stack.customer("account_takeover", 3)))
    view = stack.wait_for_case(case_id, awaits_review(1))
    assert stack.decide(view, "approve", action="lock_account").status_code == 202
    stack.kill("backend")
    stack.wait_until_backend_answers()
    assert stack.wait_for_case(case_id, lambda case: case.state == "closed").outcome == "account_locked"


def test_case_opened_during_tool_server_outage_is_investigated_afterwards(stack: LocalStack) -> None:
    stack.kill("mcp")
    case_id = stack.start_case(foreign_login(stack.customer("account_takeover", 3), alert_id="tools-down"))
    view = stack.wait_for_case(case_id, awaits_review(1))
    assert view.assessment is not None


def test_two_simultaneous_starts_of_an_alert_open_one_case(stack: LocalStack) -> None:
    alert = foreign_login(stack.customer("travel", 3), alert_id="pressed-twice")
    answers = at_once(8, lambda: stack.http.post("/api/workflow/start", json=alert))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert {answer.json()["instance_id"] for answer in answers} == {"case-pressed-twice"}


def test_two_simultaneous_deciders_get_one_acceptance_and_one_sentence(stack: LocalStack) -> None:
    case_id = stack.start_case(foreign_login(stack.customer("travel", 3), severity="critical", alert_id="two-people"))
    view = stack.wait_for_case(case_id, awaits_review(1))
    answers = at_once(2, lambda: stack.decide(view, "approve", action="lock_account"))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"].endswith(".")


def test_worker_killed_during_specialists_repeats_only_calls_in_flight(stack: LocalStack) -> None:
    customer = stack.customer("sim_swap")
    stack.wait_until_nothing_is_investigated()
    before = stack.model_stats()["calls"]
    stack.wait_for_case(stack.start_case(foreign_login(customer, alert_id="undisturbed")), awaits_review(1))
    undisturbed = stack.model_stats()["calls"] - before

    with stack.slow_model(latency_s=20.0):
        before = stack.model_stats()["calls"]
        case_id = stack.start_case(foreign_login(customer, alert_id="killed-in-the-middle"))
        in_flight = stack.wait_for_model_calls_in_flight(3)
        stack.kill("worker")
    view = stack.wait_for_case(case_id, awaits_review(1))
    paid = stack.model_stats()["calls"] - before
    assert view.assessment is not None
    assert all(report.status == "ok" for report in view.reports)
    assert undisturbed < paid <= undisturbed + in_flight


def test_case_awaiting_review_survives_death_of_the_scheduler(stack: LocalStack) -> None:
    case_id = stack.start_case(foreign_login(stack.customer("sim_swap", 1), alert_id="scheduler-killed"))
    view = stack.wait_for_case(case_id, awaits_review(1))
    stack.wait_until_nothing_is_investigated()
    calls = stack.model_stats()["calls"]
    stack.kill("scheduler")
    assert stack.decide(view, "approve", action="lock_account").status_code == 202
    closed = stack.wait_for_case(case_id, lambda case: case.state == "closed")
    assert closed.outcome == "account_locked"
    assert stack.model_stats()["calls"] == calls, "the restarted scheduler started the investigation again"
