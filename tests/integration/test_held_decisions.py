"""A decision that can be taken back, on the whole stack: it takes effect after its hold, through crashes too."""

from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from contracts.case import CaseEvent
from contracts.fraud_case import FraudCaseView
from tests.integration.test_one_case import account_status, awaits_review
from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    """A stack whose decisions are held; longer than a backend takes to come back."""
    data = tmp_path_factory.mktemp("held")
    with LocalStack(data, "--no-simulator", env={"DECISION_HOLD_SECONDS": "12"}) as running:
        yield running


def log_of(stack: LocalStack, case_id: str) -> dict[str, CaseEvent]:
    items = stack.http.get(f"/api/cases/{case_id}/history").json()["items"]
    return {event.type: event for event in map(CaseEvent.model_validate, items)}


def is_closed(view: FraudCaseView) -> bool:
    return view.state == "closed"


def test_backend_killed_in_the_hold_delivers_after_it(held: LocalStack) -> None:
    customer = held.customer("account_takeover", 2)
    case_id = held.start_case(foreign_login(customer))
    view = held.wait_for_case(case_id, awaits_review(1))
    accepted = held.decide(view, "approve", action="lock_account")
    until = datetime.fromisoformat(accepted.json()["held_until"])

    held.kill("backend")
    meanwhile = account_status(held, customer["customer_id"])
    if datetime.now(UTC) < until:
        assert meanwhile == "active"
    held.wait_until_backend_answers()
    closed = held.wait_for_case(case_id, is_closed)

    assert closed.outcome == "account_locked"
    log = log_of(held, case_id)
    assert log["hold_ended"].at >= until
    assert log["effect_started"].at > log["hold_ended"].at
    assert account_status(held, customer["customer_id"]) == "locked"


def test_decision_withdrawn_does_nothing_and_is_made_anew(held: LocalStack) -> None:
    customer = held.customer("account_takeover", 3)
    case_id = held.start_case(foreign_login(customer))
    view = held.wait_for_case(case_id, awaits_review(1))
    assert held.decide(view, "approve", action="lock_account").status_code == 202

    withdrawn = held.http.delete(f"/api/cases/{case_id}/decision")
    assert withdrawn.status_code == 200, withdrawn.text
    again = held.case(case_id)
    assert (again.review, again.decisions, again.hold) == (view.review, (), None)
    assert held.decide(again, "reject", feedback="Look at his journeys.").status_code == 202

    held.wait_for_case(case_id, awaits_review(2))
    assert "effect_started" not in log_of(held, case_id)
    assert account_status(held, customer["customer_id"]) == "active"
