"""What every customer store promises about refunds and their reversal."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.money import Money, in_major_units, written
from mcp_server.records.bundle import CustomerRecords, Dataset
from mcp_server.records.charge import Charge
from mcp_server.records.effect import RefundResult
from mcp_server.store.customer_store import CustomerStore
from mcp_server.store.errors import (
    ChargeAlreadyRefunded,
    ChargeNotFound,
    IdempotencyKeyReused,
    RefundAlreadyReversed,
    RefundNotFound,
    RefundTotalChanged,
)
from mcp_server.tools.billing import BillingTools
from tests.unit.mcp_server.store.accounts import CALLERS, SOMEBODY, SOMEBODY_ELSE
from tests.unit.mcp_server.support import NOW


def spelt(amount_minor: int, currency: str) -> str:
    return written(in_major_units(amount_minor, currency), currency)


def shown(store: CustomerStore, charge_id: str) -> Charge:
    return next(charge for charge in store.charges(SOMEBODY, 200) if charge.charge_id == charge_id)


def statuses(store: CustomerStore) -> dict[str, str]:
    return {charge.charge_id: charge.status for charge in store.charges(SOMEBODY, 200)}


def test_a_refund_gives_back_all_of_the_charges(
    store: CustomerStore, records: CustomerRecords, charge_ids: list[str]
) -> None:
    before = store.billing_summary(SOMEBODY)

    result = store.refund_charges(SOMEBODY, charge_ids, "Not the customer's.", "key")

    total = sum(charge.amount_minor for charge in records.charges[:3])
    assert result.amount_minor == total > 0
    assert [charge.charge_id for charge in result.refunded] == charge_ids
    assert {statuses(store)[charge_id] for charge_id in charge_ids} == {"refunded"}
    assert store.billing_summary(SOMEBODY).balance_minor == before.balance_minor - total


def test_refund_of_an_unexpected_total_changes_nothing(
    store: CustomerStore, records: CustomerRecords, charge_ids: list[str]
) -> None:
    currency = records.charges[0].currency
    total = sum(charge.amount_minor for charge in records.charges[:3])
    whole = re.escape(spelt(total, currency))
    wrong: list[list[Money]] = [
        [Money(amount_minor=total - 1, currency=currency)],
        [Money(amount_minor=total, currency="JPY")],
        [Money(amount_minor=total, currency=currency), Money(amount_minor=1, currency="JPY")],
        [],
    ]
    for expected in wrong:
        with pytest.raises(RefundTotalChanged, match=rf"^The charges add up to {whole}, not"):
            store.refund_charges(SOMEBODY, charge_ids, "Reason.", "key", expected)
    assert (store.effect("key"), {statuses(store)[charge_id] for charge_id in charge_ids}) == (None, {"posted"})

    right = [Money(amount_minor=total - 5, currency=currency), Money(amount_minor=5, currency=currency)]
    first = store.refund_charges(SOMEBODY, charge_ids, "Reason.", "key", right)
    assert first.amount_minor == total
    # A repeated call under the key gets the first result, whatever it expects now.
    for expected in (None, wrong[0]):
        again = store.refund_charges(SOMEBODY, charge_ids, "Reason.", "key", expected)
        assert again == first.model_copy(update={"replayed": True})


def test_repeated_refund_in_any_order_returns_first_result(store: CustomerStore, charge_ids: list[str]) -> None:
    first = store.refund_charges(SOMEBODY, charge_ids, "Reason.", "key")
    balance = store.billing_summary(SOMEBODY).balance_minor

    again = store.refund_charges(SOMEBODY, [*reversed(charge_ids), charge_ids[0]], "Reason.", "key")

    assert again == first.model_copy(update={"replayed": True})
    assert store.billing_summary(SOMEBODY).balance_minor == balance


def test_refund_under_same_key_of_other_charges_is_refused(store: CustomerStore, charge_ids: list[str]) -> None:
    store.refund_charges(SOMEBODY, charge_ids[:1], "Reason.", "key")

    with pytest.raises(IdempotencyKeyReused):
        store.refund_charges(SOMEBODY, charge_ids[:2], "Reason.", "key")

    assert statuses(store)[charge_ids[1]] == "posted"


def test_a_refunded_charge_is_not_refunded_again(store: CustomerStore, charge_ids: list[str]) -> None:
    store.refund_charges(SOMEBODY, charge_ids[1:2], "Reason.", "first")

    with pytest.raises(
        ChargeAlreadyRefunded,
        match=r"was already refunded at 2026-03-15T13:30:00Z by an order of no case \(under the key 'first'\): nothing",
    ):
        store.refund_charges(SOMEBODY, charge_ids, "Reason.", "second")

    assert statuses(store)[charge_ids[0]] == "posted"
    assert store.effect("second") is None


def test_refusal_names_every_charge_and_who_was_first(
    store: CustomerStore, records: CustomerRecords, charge_ids: list[str]
) -> None:
    one, two, three = records.charges[:3]
    store.refund_charges(SOMEBODY, charge_ids[:1], "case-a: approved by ana", "a")
    store.refund_charges(
        SOMEBODY, charge_ids[1:2], "case-b: approved by ben (merchant_fraud)", "b", amounts={two.charge_id: 1}
    )

    total = [Money(amount_minor=sum(each.amount_minor for each in (one, two, three)), currency=one.currency)]
    with pytest.raises(ChargeAlreadyRefunded) as refused:
        store.refund_charges(
            SOMEBODY, charge_ids, "case-c: approved by maria", "c", total, {two.charge_id: two.amount_minor}
        )

    left, whole = spelt(two.amount_minor - 1, two.currency), spelt(two.amount_minor, two.currency)
    assert str(refused.value) == (
        f"Charge {one.charge_id} was already refunded at 2026-03-15T13:30:00Z by case-a, approved by ana. "
        f"Of the {whole} of charge {two.charge_id}, {spelt(1, two.currency)} were refunded at 2026-03-15T13:30:00Z by "
        f"case-b, approved by ben, and {left} are left: nothing was refunded, leave them out, or refund what is left."
    )
    assert (statuses(store)[three.charge_id], store.effect("c")) == ("posted", None)


def test_part_refunded_since_is_named_instead_of_the_total(
    store: CustomerStore, records: CustomerRecords, charge_ids: list[str]
) -> None:
    charge = records.charges[0]
    whole = [Money(amount_minor=charge.amount_minor, currency=charge.currency)]
    store.refund_charges(SOMEBODY, charge_ids[:1], "case-a: approved by ana", "a", amounts={charge.charge_id: 10})

    with pytest.raises(
        ChargeAlreadyRefunded, match=r" were refunded at .* by case-a, approved by ana, and .* are left:"
    ):
        store.refund_charges(SOMEBODY, charge_ids[:1], "case-b: approved by ben", "b", whole)
    rest = store.refund_charges(SOMEBODY, charge_ids[:1], "case-b: approved by ben", "b")

    assert rest.amount_minor == charge.amount_minor - 10


def test_charge_is_refunded_in_parts_up_to_its_amount(
    store: CustomerStore, records: CustomerRecords, charge_ids: list[str]
) -> None:
    charge, before = records.charges[0], store.billing_summary(SOMEBODY)
    rest = charge.amount_minor - 10

    first = store.refund_charges(SOMEBODY, charge_ids[:1], "Reason.", "first", amounts={charge.charge_id: 10})
    between = statuses(store)[charge.charge_id], shown(store, charge.charge_id).refunded_minor
    with pytest.raises(ChargeAlreadyRefunded):
        store.refund_charges(SOMEBODY, charge_ids[:1], "Reason.", "more", amounts={charge.charge_id: rest + 1})
    second = store.refund_charges(SOMEBODY, charge_ids[:1], "Reason.", "second", amounts={charge.charge_id: rest})

    assert (first.refunded[0].amount_minor, first.refunded[0].rest_minor, between) == (10, rest, ("posted", 10))
    assert (second.refunded[0].amount_minor, second.refunded[0].rest_minor) == (rest, None)
    assert statuses(store)[charge.charge_id] == "refunded"
    assert store.billing_summary(SOMEBODY).balance_minor == before.balance_minor - charge.amount_minor
    assert [refund.amount_minor for refund in store.account_effects(SOMEBODY).refunds] == [10, rest]


def test_charge_named_by_its_amount_alone_is_refunded(store: CustomerStore, charge_ids: list[str]) -> None:
    result = store.refund_charges(SOMEBODY, charge_ids[:1], "Reason.", "key", amounts={charge_ids[1]: 5})

    assert [charge.charge_id for charge in result.refunded] == charge_ids[:2]
    with pytest.raises(IdempotencyKeyReused):
        store.refund_charges(SOMEBODY, charge_ids[:1], "Reason.", "key", amounts={charge_ids[1]: 6})


def test_charge_is_refunded_again_once_its_refund_is_reversed(store: CustomerStore, charge_ids: list[str]) -> None:
    tools = BillingTools(store)
    store.refund_charges(SOMEBODY, charge_ids, "case-a: approved by ana", "refund")
    tools.record_refund_reversal(SOMEBODY, "refund", "It was the customer.", "back")

    again = store.refund_charges(SOMEBODY, charge_ids[:1], "case-b: approved by ben", "once more")

    assert again.refunded[0].charge_id == charge_ids[0]
    assert [statuses(store)[charge_id] for charge_id in charge_ids] == ["refunded", "posted", "posted"]
    told = store.account_effects(SOMEBODY).refunds
    assert [(refund.idempotency_key, refund.reversed_at is None) for refund in told] == [
        *[("refund", False)] * 3,
        ("once more", True),
    ]
    with pytest.raises(RefundAlreadyReversed):
        tools.record_refund_reversal(SOMEBODY, "refund", "Reason.", "back again")
    assert tools.record_refund_reversal(SOMEBODY, "once more", "Reason.", "back too").charges == again.refunded


def test_refund_reversal_records_what_the_refund_gave(store: CustomerStore, charge_ids: list[str]) -> None:
    refund = store.refund_charges(SOMEBODY, charge_ids, "Reason.", "refund")
    balance = store.billing_summary(SOMEBODY).balance_minor

    result = BillingTools(store).record_refund_reversal(SOMEBODY, "refund", "It was the customer after all.", "back")

    row = store.effect("back")
    assert (result.charges, result.amount_minor, result.currency) == (
        refund.refunded,
        refund.amount_minor,
        refund.currency,
    )
    assert row is not None
    assert (row.action, row.arguments["refund_key"]) == ("record_refund_reversal", "refund")
    assert row.result == result.model_dump(mode="json")
    assert store.billing_summary(SOMEBODY).balance_minor == balance + refund.amount_minor


def test_repeated_record_of_a_reversal_is_the_first_one(store: CustomerStore, charge_ids: list[str]) -> None:
    store.refund_charges(SOMEBODY, charge_ids, "Reason.", "refund")
    first = BillingTools(store).record_refund_reversal(SOMEBODY, "refund", "Reason.", "back")

    assert BillingTools(store).record_refund_reversal(SOMEBODY, "refund", "Reason.", "back") == first.model_copy(
        update={"replayed": True}
    )


def test_refund_is_reversed_once(store: CustomerStore, charge_ids: list[str]) -> None:
    store.refund_charges(SOMEBODY, charge_ids, "Reason.", "refund")
    BillingTools(store).record_refund_reversal(SOMEBODY, "refund", "Reason.", "back")

    with pytest.raises(RefundAlreadyReversed, match=r"at 2026-03-15T13:30:00Z under the key 'back'"):
        BillingTools(store).record_refund_reversal(SOMEBODY, "refund", "Reason.", "back again")

    assert store.effect("back again") is None


@pytest.mark.parametrize(("customer", "key"), [(SOMEBODY, "never"), (SOMEBODY_ELSE, "refund"), (SOMEBODY, "lock")])
def test_only_a_refund_of_this_customer_is_reversed(
    store: CustomerStore, charge_ids: list[str], customer: int, key: str
) -> None:
    store.refund_charges(SOMEBODY, charge_ids, "Reason.", "refund")
    store.lock_account(SOMEBODY, "Reason.", "lock")

    with pytest.raises(RefundNotFound):
        BillingTools(store).record_refund_reversal(customer, key, "Reason.", "back")

    assert store.effect("back") is None


def test_a_charge_of_somebody_else_is_not_refunded(
    store: CustomerStore, dataset: Dataset, charge_ids: list[str]
) -> None:
    foreign = dataset.customers[SOMEBODY_ELSE - 1].charges[0].charge_id

    with pytest.raises(
        ChargeNotFound, match=rf"^Charge {foreign} is not a charge of customer 12: nothing was refunded"
    ):
        store.refund_charges(SOMEBODY, [*charge_ids, foreign], "Reason.", "key")

    assert {statuses(store)[charge_id] for charge_id in charge_ids} == {"posted"}
    assert {charge.status for charge in store.charges(SOMEBODY_ELSE, 200)} == {"posted"}
    assert store.effect("key") is None


def test_the_same_call_from_many_threads_has_one_effect(store: CustomerStore, charge_ids: list[str]) -> None:
    before = store.billing_summary(SOMEBODY).balance_minor

    def refund(_: int) -> RefundResult:
        return store.refund_charges(SOMEBODY, charge_ids, "Reason.", "key")

    with ThreadPoolExecutor(CALLERS) as callers:
        results = list(callers.map(refund, range(CALLERS)))

    assert sorted(result.replayed for result in results) == [False] + [True] * (CALLERS - 1)
    assert len({result.model_dump_json(exclude={"replayed"}) for result in results}) == 1
    assert store.billing_summary(SOMEBODY).balance_minor == before - results[0].amount_minor


def test_of_many_keys_that_refund_one_charge_one_wins(store: CustomerStore, charge_ids: list[str]) -> None:
    def refund(number: int) -> int:
        try:
            return store.refund_charges(SOMEBODY, charge_ids[:1], "Reason.", f"key-{number}").amount_minor
        except ChargeAlreadyRefunded:
            return 0

    with ThreadPoolExecutor(CALLERS) as callers:
        amounts = sorted(callers.map(refund, range(CALLERS)))

    assert amounts[-1] > 0
    assert amounts[:-1] == [0] * (CALLERS - 1)
    assert sum(store.effect(f"key-{number}") is not None for number in range(CALLERS)) == 1


def test_preview_is_what_a_refund_then_does(
    store: CustomerStore, records: CustomerRecords, dataset: Dataset, charge_ids: list[str]
) -> None:
    one, two, three = records.charges[:3]
    foreign = dataset.customers[SOMEBODY_ELSE - 1].charges[0].charge_id
    store.lock_account(SOMEBODY, "case-a: approved by ana", "lock")
    store.refund_charges(SOMEBODY, charge_ids[:1], "case-a: approved by ana", "a")
    store.refund_charges(SOMEBODY, charge_ids[1:2], "case-a: approved by ana", "b", amounts={two.charge_id: 1})
    before = store.account_effects(SOMEBODY)

    wanted = {one.charge_id: None, two.charge_id: two.amount_minor, three.charge_id: 5, foreign: None}
    told = store.preview(SOMEBODY, lock=True, wanted=wanted)
    rest = store.preview(SOMEBODY, lock=False, wanted={two.charge_id: None})

    assert told.locked_by is not None
    assert [(order.case_id, order.approved_by, order.at) for order in told.locked_by] == [("case-a", "ana", NOW)]
    assert [(each.charge_id, each.amount.amount_minor) for each in told.refunds] == [(three.charge_id, 5)]
    assert [(each.charge_id, each.why, [order.key for order in each.orders]) for each in told.left_out] == [
        (one.charge_id, "refunded", ["a"]),
        (two.charge_id, "part_refunded", ["b"]),
        (foreign, "unknown", []),
    ]
    assert [each.amount.amount_minor for each in rest.refunds] == [two.amount_minor - 1]
    assert store.account_effects(SOMEBODY) == before
    done = store.refund_charges(SOMEBODY, [two.charge_id], "Reason.", "c", [each.amount for each in rest.refunds])
    assert done.amount_minor == two.amount_minor - 1
