"""How an order of the customer store says for whom it is."""

from datetime import UTC, datetime

import pytest

from contracts.effect import Effect, order_reason, read_order

AT = datetime(2026, 3, 15, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize("code", [None, "account_takeover"])
@pytest.mark.parametrize("person", ["ana", "auth0|Åse (Ops team)", "a: approved by b"])
def test_reason_of_an_order_tells_case_and_person(person: str, code: str | None) -> None:
    order = read_order("key", AT, order_reason("case-rule-1", person, code))

    assert (order.case_id, order.approved_by) == ("case-rule-1", person)
    assert order.spoken == f"2026-03-15T13:30:00Z by case-rule-1, approved by {person}"


@pytest.mark.parametrize("reason", ["", "The records say so.", "case-1: takeover", "case 1: approved by ana"])
def test_other_reasons_name_nobody(reason: str) -> None:
    order = read_order("records:7", AT, reason)

    assert (order.case_id, order.approved_by) == (None, None)
    assert order.by == "an order of no case (under the key 'records:7')"


def test_effect_without_earlier_orders_is_written_as_before() -> None:
    effect = Effect(key="case-1:lock_account:7", action="lock_account", status="done", result={})

    assert "already" not in effect.model_dump()
