"""What every customer store promises, whatever it is made of."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.money import Money, in_major_units, written
from mcp_server.records.bundle import CustomerRecords, Dataset
from mcp_server.records.effect import RefundResult
from mcp_server.store.customer_store import CustomerStore
from mcp_server.store.errors import (
    ChargeAlreadyRefunded,
    ChargeNotFound,
    CustomerNotFound,
    IdempotencyKeyReused,
    LockNotStanding,
    RefundAlreadyReversed,
    RefundNotFound,
    RefundTotalChanged,
    SeveralLocksStand,
)
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.unit.mcp_server.support import AS_OF, NOW, UNKNOWN, UNKNOWN_SENTENCE

SOMEBODY = 12
SOMEBODY_ELSE = 13
CALLERS = 24
LATER = AS_OF + timedelta(days=40)


@pytest.fixture
def records(dataset: Dataset) -> CustomerRecords:
    return dataset.customers[SOMEBODY - 1]


@pytest.fixture
def charge_ids(records: CustomerRecords) -> list[str]:
    return [charge.charge_id for charge in records.charges[:3]]


def statuses(store: CustomerStore) -> dict[str, str]:
    return {charge.charge_id: charge.status for charge in store.charges(SOMEBODY, 200)}


# Reading


def test_the_store_knows_the_instant_it_was_made_for(store: CustomerStore) -> None:
    assert store.as_of() == AS_OF


@pytest.mark.parametrize(("clock", "until"), [(AS_OF - timedelta(days=1), AS_OF), (LATER, LATER)])
def test_the_records_are_complete_up_to_now(tmp_path: Path, dataset: Dataset, clock: datetime, until: datetime) -> None:
    """Nothing happens to invented customers: an alert of today is not one that their records end before."""
    store = SqliteCustomerStore(tmp_path / "customers.db", lambda: dataset, clock=lambda: clock)
    try:
        assert store.recorded_until() == until
    finally:
        store.close()


def test_records_come_back_as_they_were_generated(store: CustomerStore, dataset: Dataset) -> None:
    for records in dataset.customers[::25]:
        number = records.customer.customer_id
        assert store.customer(number) == records.customer
        assert set(store.subscriptions(number)) == set(records.subscriptions)
        assert store.invoices(number, 12) == tuple(reversed(records.invoices))
        assert set(store.orders(number, 500)) == set(records.orders)
        assert set(store.charges(number, 200)) == set(records.charges)
        assert store.data_usage(number, 90) == records.usage
        assert set(store.security_log(number, 120, 500)) == set(records.security)
        assert set(store.tickets(number, 100)) == set(records.tickets)


def test_lists_are_newest_first_and_within_the_limit(store: CustomerStore) -> None:
    charges = store.charges(SOMEBODY, 60)
    entries = store.security_log(SOMEBODY, 90, 7)

    assert [charge.at for charge in charges] == sorted((charge.at for charge in charges), reverse=True)
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert len(entries) == 7
    assert len(store.invoices(SOMEBODY, 2)) == 2


def test_days_count_back_from_the_instant_of_the_store(store: CustomerStore) -> None:
    assert {charge.at >= AS_OF - timedelta(days=30) for charge in store.charges(SOMEBODY, 30)} == {True}
    assert len(store.charges(SOMEBODY, 30)) < len(store.charges(SOMEBODY, 120))
    assert [day.day for day in store.data_usage(SOMEBODY, 2)] == [
        AS_OF.date() - timedelta(days=2),
        AS_OF.date() - timedelta(days=1),
    ]


def test_the_billing_summary_adds_up_invoices_and_charges(store: CustomerStore, records: CustomerRecords) -> None:
    summary = store.billing_summary(SOMEBODY)
    recent = [charge.amount_minor for charge in records.charges if charge.at >= AS_OF - timedelta(days=30)]
    earlier = [
        charge.amount_minor
        for charge in records.charges
        if AS_OF - timedelta(days=120) <= charge.at < AS_OF - timedelta(days=30)
    ]
    unpaid = [invoice.amount_minor for invoice in records.invoices if invoice.status != "paid"]

    assert summary.spend_last_30_days_minor == sum(recent)
    assert summary.average_monthly_spend_minor == round(sum(earlier) / 3)
    assert summary.balance_minor == sum(unpaid)
    assert summary.overdue_invoices == 0


READS: dict[str, Callable[[CustomerStore], Any]] = {
    "customer": lambda store: store.customer(UNKNOWN),
    "subscriptions": lambda store: store.subscriptions(UNKNOWN),
    "billing_summary": lambda store: store.billing_summary(UNKNOWN),
    "invoices": lambda store: store.invoices(UNKNOWN, 1),
    "orders": lambda store: store.orders(UNKNOWN, 1),
    "data_usage": lambda store: store.data_usage(UNKNOWN, 1),
    "security_log": lambda store: store.security_log(UNKNOWN, 1, 1),
    "charges": lambda store: store.charges(UNKNOWN, 1),
    "tickets": lambda store: store.tickets(UNKNOWN, 1),
    "lock_account": lambda store: store.lock_account(UNKNOWN, "why", "key"),
    "unlock_account": lambda store: store.unlock_account(UNKNOWN, "why", "key"),
    "refund_charges": lambda store: store.refund_charges(UNKNOWN, ["ch-0001-001"], "why", "key"),
    "record_refund_reversal": lambda store: store.record_refund_reversal(UNKNOWN, "refund", "why", "key"),
}


@pytest.mark.parametrize("method", READS)
def test_an_unknown_customer_is_refused_in_one_sentence(store: CustomerStore, method: str) -> None:
    with pytest.raises(CustomerNotFound) as refused:
        READS[method](store)

    assert str(refused.value) == UNKNOWN_SENTENCE
    assert store.effect("key") is None


def test_search_ignores_case_and_accents(store: CustomerStore, dataset: Dataset) -> None:
    accented = next(records.customer for records in dataset.customers if not records.customer.name.isascii())
    plain = accented.email.split("@")[0].rstrip("0123456789").replace(".", " ")

    assert accented.customer_id in {match.customer_id for match in store.search_customers(plain.upper(), 50)}
    assert accented.customer_id in {match.customer_id for match in store.search_customers(accented.name, 50)}


def test_search_by_id_puts_that_customer_first(store: CustomerStore) -> None:
    assert store.search_customers("112", 3)[0].customer_id == 112


@pytest.mark.parametrize("query", ["nobody-of-this-name", "%", "_", "   ", "' OR 1=1 --"])
def test_search_for_nothing_that_exists_finds_nobody(store: CustomerStore, query: str) -> None:
    assert store.search_customers(query, 10) == ()


def test_the_article_on_the_matter_comes_first(store: CustomerStore) -> None:
    assert store.search_articles("roaming abroad", 3)[0].title == "Roaming packages and travelling abroad"
    assert store.search_articles("SIM swap", 1)[0].title == "SIM swap fraud"
    assert store.search_articles("xyzzy", 3) == ()


# Lock and unlock


def test_lock_shows_on_the_account_and_in_the_ledger(store: CustomerStore) -> None:
    result = store.lock_account(SOMEBODY, "Account takeover.", "case-1:lock_account:12")

    customer = store.customer(SOMEBODY)
    row = store.effect("case-1:lock_account:12")
    assert (customer.status, customer.locked_at, customer.lock_reason) == ("locked", NOW, "Account takeover.")
    assert (result.status, result.already_locked, result.replayed) == ("locked", False, False)
    assert row is not None
    assert (row.action, row.customer_id, row.at) == ("lock_account", SOMEBODY, NOW)
    assert row.arguments == {"reason": "Account takeover."}
    assert row.result == result.model_dump(mode="json")
    assert store.customer(SOMEBODY_ELSE).status == "active"


def test_a_repeated_lock_returns_the_first_result(store: CustomerStore) -> None:
    first = store.lock_account(SOMEBODY, "Account takeover.", "key")
    store.unlock_account(SOMEBODY, "It was a mistake.", "other key")

    again = store.lock_account(SOMEBODY, "Account takeover.", "key")

    assert again == first.model_copy(update={"replayed": True})
    assert store.customer(SOMEBODY).status == "active"


def test_locking_locked_account_succeeds_and_leaves_the_first_lock(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "First reason.", "first")

    second = store.lock_account(SOMEBODY, "Second reason.", "second")

    assert (second.already_locked, second.lock_reason, second.replayed) == (True, "First reason.", False)
    assert store.customer(SOMEBODY).lock_reason == "First reason."
    assert store.effect("second") is not None


def test_unlocking_takes_the_lock_off(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "Suspicion.", "lock")

    result = store.unlock_account(SOMEBODY, "Cleared by phone.", "unlock")

    customer = store.customer(SOMEBODY)
    assert (result.status, result.already_active) == ("active", False)
    assert (customer.status, customer.locked_at, customer.lock_reason) == ("active", None, None)
    assert store.unlock_account(SOMEBODY, "Once more.", "unlock again").already_active


@pytest.mark.parametrize(("first", "second"), [("lock a", "lock b"), ("lock b", "lock a")])
def test_account_opens_when_its_last_lock_is_taken_back(store: CustomerStore, first: str, second: str) -> None:
    store.lock_account(SOMEBODY, "case-a: takeover", "lock a")
    store.lock_account(SOMEBODY, "case-b: takeover", "lock b")

    one = store.unlock_account(SOMEBODY, "It was them.", "unlock 1", first)
    between = store.customer(SOMEBODY)
    other = store.unlock_account(SOMEBODY, "It was them.", "unlock 2", second)

    assert (one.status, [lock.idempotency_key for lock in one.still_locked_by]) == ("locked", [second])
    assert (between.status, between.lock_reason) == ("locked", f"case-{second[-1]}: takeover")
    assert (other.status, other.still_locked_by) == ("active", ())
    after = store.customer(SOMEBODY)
    assert (after.status, after.locked_at, after.lock_reason) == ("active", None, None)


def test_lock_that_does_not_stand_is_not_taken_back(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "case-a: takeover", "lock a")
    store.lock_account(SOMEBODY_ELSE, "case-b: takeover", "lock b")
    store.unlock_account(SOMEBODY, "It was them.", "unlock", "lock a")
    store.lock_account(SOMEBODY, "case-c: takeover", "lock c")

    for lock_key in ("lock a", "lock b", "never used"):
        with pytest.raises(LockNotStanding, match=rf"^No lock under the key '{lock_key}' .*\('lock c'\): there is not"):
            store.unlock_account(SOMEBODY, "It was them.", "once more", lock_key)

    assert (store.customer(SOMEBODY).lock_reason, store.effect("once more")) == ("case-c: takeover", None)


def test_unlock_must_name_one_of_several_locks(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "case-a: takeover", "lock a")
    store.lock_account(SOMEBODY, "case-b: takeover", "lock b")

    with pytest.raises(SeveralLocksStand, match=r"under several keys \('lock a', 'lock b'\): nothing was changed"):
        store.unlock_account(SOMEBODY, "It was them.", "unlock")

    assert (store.customer(SOMEBODY).lock_reason, store.effect("unlock")) == ("case-a: takeover", None)


def test_a_repeated_unlocking_returns_the_first_result(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "case-a: takeover", "lock a")
    store.lock_account(SOMEBODY, "case-b: takeover", "lock b")
    first = store.unlock_account(SOMEBODY, "It was them.", "unlock", "lock a")

    again = store.unlock_account(SOMEBODY, "It was them.", "unlock", "lock a")

    assert again == first.model_copy(update={"replayed": True})
    with pytest.raises(IdempotencyKeyReused):
        store.unlock_account(SOMEBODY, "It was them.", "unlock", "lock b")
    assert store.customer(SOMEBODY).lock_reason == "case-b: takeover"


def test_locks_taken_back_at_once_leave_none_behind(store: CustomerStore) -> None:
    for number in range(CALLERS):
        store.lock_account(SOMEBODY, f"case-{number}: takeover", f"lock {number}")

    def take_back(number: int) -> int:
        return len(store.unlock_account(SOMEBODY, "No.", f"unlock {number}", f"lock {number}").still_locked_by)

    with ThreadPoolExecutor(CALLERS) as callers:
        left = sorted(callers.map(take_back, range(CALLERS)))

    assert left == list(range(CALLERS))
    assert store.customer(SOMEBODY).status == "active"


REUSES: dict[str, Callable[[CustomerStore], object]] = {
    "other reason": lambda store: store.lock_account(SOMEBODY, "Another reason.", "key"),
    "other customer": lambda store: store.lock_account(SOMEBODY_ELSE, "Reason.", "key"),
    "other action": lambda store: store.unlock_account(SOMEBODY, "Reason.", "key"),
}


@pytest.mark.parametrize("reuse", REUSES)
def test_a_key_cannot_be_used_for_something_else(store: CustomerStore, reuse: str) -> None:
    store.lock_account(SOMEBODY, "Reason.", "key")

    with pytest.raises(IdempotencyKeyReused, match=r"^The idempotency key 'key' was already used for lock_account"):
        REUSES[reuse](store)

    assert store.customer(SOMEBODY).lock_reason == "Reason."
    assert store.customer(SOMEBODY_ELSE).status == "active"


def test_an_unused_key_has_no_effect_row(store: CustomerStore) -> None:
    assert store.effect("never used") is None


# Refunds


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
    spelt = re.escape(written(in_major_units(total, currency), currency))
    wrong: list[list[Money]] = [
        [Money(amount_minor=total - 1, currency=currency)],
        [Money(amount_minor=total, currency="JPY")],
        [Money(amount_minor=total, currency=currency), Money(amount_minor=1, currency="JPY")],
        [],
    ]
    for expected in wrong:
        with pytest.raises(RefundTotalChanged, match=rf"^The charges add up to {spelt}, not"):
            store.refund_charges(SOMEBODY, charge_ids, "Reason.", "key", expected)
    assert (store.effect("key"), {statuses(store)[charge_id] for charge_id in charge_ids}) == (None, {"posted"})

    right = [Money(amount_minor=total - 5, currency=currency), Money(amount_minor=5, currency=currency)]
    first = store.refund_charges(SOMEBODY, charge_ids, "Reason.", "key", right)
    assert first.amount_minor == total
    # Who asks again under the key is told what happened, whatever they expect now.
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
        ChargeAlreadyRefunded, match=r"was already refunded at 2026-03-15T13:30:00Z under the key 'first'"
    ):
        store.refund_charges(SOMEBODY, charge_ids, "Reason.", "second")

    assert statuses(store)[charge_ids[0]] == "posted"
    assert store.effect("second") is None


def test_refund_reversal_records_what_the_refund_gave(store: CustomerStore, charge_ids: list[str]) -> None:
    refund = store.refund_charges(SOMEBODY, charge_ids, "Reason.", "refund")
    balance = store.billing_summary(SOMEBODY).balance_minor

    result = store.record_refund_reversal(SOMEBODY, "refund", "It was the customer after all.", "back")

    row = store.effect("back")
    assert (result.charges, result.amount_minor, result.currency) == (
        refund.refunded,
        refund.amount_minor,
        refund.currency,
    )
    assert row is not None
    assert (row.action, row.arguments["refund_key"]) == ("record_refund_reversal", "refund")
    assert row.result == result.model_dump(mode="json")
    assert {statuses(store)[charge_id] for charge_id in charge_ids} == {"refunded"}
    assert store.billing_summary(SOMEBODY).balance_minor == balance


def test_repeated_record_of_a_reversal_is_the_first_one(store: CustomerStore, charge_ids: list[str]) -> None:
    store.refund_charges(SOMEBODY, charge_ids, "Reason.", "refund")
    first = store.record_refund_reversal(SOMEBODY, "refund", "Reason.", "back")

    assert store.record_refund_reversal(SOMEBODY, "refund", "Reason.", "back") == first.model_copy(
        update={"replayed": True}
    )


def test_a_refund_is_taken_back_once(store: CustomerStore, charge_ids: list[str]) -> None:
    store.refund_charges(SOMEBODY, charge_ids, "Reason.", "refund")
    store.record_refund_reversal(SOMEBODY, "refund", "Reason.", "back")

    with pytest.raises(RefundAlreadyReversed, match=r"at 2026-03-15T13:30:00Z under the key 'back'"):
        store.record_refund_reversal(SOMEBODY, "refund", "Reason.", "back again")

    assert store.effect("back again") is None


@pytest.mark.parametrize(("customer", "key"), [(SOMEBODY, "never"), (SOMEBODY_ELSE, "refund"), (SOMEBODY, "lock")])
def test_only_a_refund_of_this_customer_is_taken_back(
    store: CustomerStore, charge_ids: list[str], customer: int, key: str
) -> None:
    store.refund_charges(SOMEBODY, charge_ids, "Reason.", "refund")
    store.lock_account(SOMEBODY, "Reason.", "lock")

    with pytest.raises(RefundNotFound):
        store.record_refund_reversal(customer, key, "Reason.", "back")

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


# Customers of recordings, and the telemetry simulator


def test_unknown_recorded_customers_are_added_once_with_neutral_profile(store: CustomerStore) -> None:
    assert store.add_neutral_customers([12, 301, 10000, 301]) == 2
    assert store.add_neutral_customers([301]) == 0

    added = store.customer(301)
    assert (added.profile, added.status, added.home_country, added.daily_gb_typical) == (
        "neutral",
        "active",
        None,
        None,
    )
    assert store.customer(12).profile == "contoso"
    assert store.charges(301, 30) == store.data_usage(301, 30) == store.invoices(301, 5) == ()
    assert store.billing_summary(301).average_monthly_spend_minor == 0
    assert store.lock_account(301, "Reason.", "key").status == "locked"


def test_the_telemetry_profiles_are_those_of_the_generated_customers(store: CustomerStore, dataset: Dataset) -> None:
    store.add_neutral_customers([301])

    assert list(store.telemetry_profiles()) == [records.telemetry for records in dataset.customers]
