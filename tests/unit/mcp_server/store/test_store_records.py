"""What every customer store promises about reading records."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcp_server.records.bundle import CustomerRecords, Dataset
from mcp_server.store.customer_store import CustomerStore
from mcp_server.store.errors import (
    CustomerNotFound,
)
from mcp_server.store.sqlite.store import SqliteCustomerStore
from mcp_server.tools.billing import BillingTools
from tests.unit.mcp_server.store.accounts import LATER, SOMEBODY
from tests.unit.mcp_server.support import AS_OF, UNKNOWN, UNKNOWN_SENTENCE


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
    "record_refund_reversal": lambda store: BillingTools(store).record_refund_reversal(UNKNOWN, "refund", "why", "key"),
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
