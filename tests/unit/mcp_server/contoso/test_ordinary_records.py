"""Invariants that hold for all 250 customers, whatever their story."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import chain

import pytest

from mcp_server.contoso.draft import Draft
from mcp_server.contoso.generator import generate
from mcp_server.contoso.geography import COUNTRIES
from mcp_server.records.bundle import CustomerRecords, Dataset
from mcp_server.records.subscription import monthly_cap_gb
from tests.unit.mcp_server.support import AS_OF, SEED

pytestmark = pytest.mark.xdist_group("contoso")  # generated once

DOCUMENTATION_NETWORKS = (ip_network("198.18.0.0/15"), ip_network("203.0.113.0/24"))


@pytest.fixture(
    params=[
        (SEED, AS_OF),
        (2024, datetime(2026, 3, 1, 0, 0, tzinfo=UTC)),
        (3, datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)),
    ],
    ids=["noon", "first-of-march", "leap-day"],
    scope="module",
)
def contoso(request: pytest.FixtureRequest) -> Dataset:
    seed, as_of = request.param
    return generate(seed, as_of)


def ordinary(contoso: Dataset) -> list[CustomerRecords]:
    return [records for records in contoso.customers if records.telemetry and records.telemetry.story is None]


def test_the_same_seed_and_instant_give_the_same_contoso(dataset: Dataset) -> None:
    assert generate(SEED, AS_OF) == dataset


def test_another_seed_gives_other_customers(dataset: Dataset) -> None:
    other = generate(SEED + 1, AS_OF)

    assert [records.customer.name for records in other.customers] != [
        records.customer.name for records in dataset.customers
    ]


def test_there_are_250_customers_numbered_from_1(contoso: Dataset) -> None:
    assert [records.customer.customer_id for records in contoso.customers] == list(range(1, 251))


def test_every_id_occurs_once(contoso: Dataset) -> None:
    for ids in (
        [charge.charge_id for records in contoso.customers for charge in records.charges],
        [order.order_id for records in contoso.customers for order in records.orders],
        [entry.entry_id for records in contoso.customers for entry in records.security],
        [line.subscription_id for records in contoso.customers for line in records.subscriptions],
        [invoice.invoice_id for records in contoso.customers for invoice in records.invoices],
        [ticket.ticket_id for records in contoso.customers for ticket in records.tickets],
        [records.customer.email for records in contoso.customers],
        [ip for records in contoso.customers if records.telemetry for ip in records.telemetry.usual_ips],
    ):
        assert len(ids) == len(set(ids)) > 0


def test_home_city_currency_and_name_belong_to_home_country(contoso: Dataset) -> None:
    for records in contoso.customers:
        customer = records.customer
        country = COUNTRIES[customer.home_country or ""]
        given, _, family = customer.name.partition(" ")
        assert customer.currency == country.currency
        assert (customer.home_city, customer.home_latitude, customer.home_longitude) in [
            (city.name, city.latitude, city.longitude) for city in country.cities
        ]
        assert given in country.given_names
        assert family in country.family_names


def test_every_amount_is_in_the_customers_currency(contoso: Dataset) -> None:
    for records in contoso.customers:
        priced = chain(records.charges, records.orders, records.invoices, records.subscriptions)
        assert {item.currency for item in priced} == {records.customer.currency}


def test_nothing_lies_after_instant_and_instants_are_whole_seconds(contoso: Dataset) -> None:
    for records in contoso.customers:
        instants = [
            *(charge.at for charge in records.charges),
            *(order.ordered_at for order in records.orders),
            *(entry.at for entry in records.security),
            *(ticket.opened_at for ticket in records.tickets),
        ]
        assert all(at <= contoso.as_of and at.microsecond == 0 for at in instants)
        assert all(day.day < contoso.as_of.date() for day in records.usage)
        paid = [payment.paid_on for invoice in records.invoices for payment in invoice.payments]
        assert all(day < contoso.as_of.date() for day in paid)


def test_usage_has_each_of_the_last_90_days_once(contoso: Dataset) -> None:
    last_90 = [contoso.as_of.date() - timedelta(days=n) for n in range(90, 0, -1)]
    for records in contoso.customers:
        assert [day.day for day in records.usage] == last_90


def test_invoice_is_fees_and_the_charges_of_its_period(contoso: Dataset) -> None:
    for records in contoso.customers:
        assert len(records.invoices) == 3
        for invoice in records.invoices:
            charges = [
                charge.amount_minor
                for charge in records.charges
                if invoice.period_start <= charge.at.date() < invoice.issued_on
            ]
            fees = [line.monthly_fee_minor for line in records.subscriptions if line.started_on < invoice.issued_on]
            assert invoice.amount_minor == sum(charges) + sum(fees) == invoice.fees_minor + invoice.charges_minor
            assert sum(charges) == invoice.charges_minor


def test_billing_periods_follow_each_other_up_to_running_one(contoso: Dataset) -> None:
    for records in contoso.customers:
        first, second, third = records.invoices
        assert first.issued_on == second.period_start
        assert second.issued_on == third.period_start
        assert timedelta(0) <= contoso.as_of.date() - third.issued_on <= timedelta(days=31)


def test_invoice_is_paid_in_full_or_says_if_late(contoso: Dataset) -> None:
    for records in contoso.customers:
        for invoice in records.invoices:
            paid = sum(payment.amount_minor for payment in invoice.payments)
            if invoice.status == "paid":
                assert paid == invoice.amount_minor
            else:
                assert paid == 0
                assert (invoice.status == "overdue") == (invoice.due_on < contoso.as_of.date())


def test_every_order_is_paid_by_its_own_charge(contoso: Dataset) -> None:
    for records in contoso.customers:
        charges = {charge.charge_id: charge for charge in records.charges}
        for order in records.orders:
            charge = charges[order.charge_id]
            assert (charge.at, charge.amount_minor, charge.device_id) == (
                order.ordered_at,
                order.amount_minor,
                order.device_id,
            )


def test_charge_is_either_by_device_or_with_card_present(contoso: Dataset) -> None:
    for records in contoso.customers:
        assert all(charge.card_present == (charge.device_id is None) for charge in records.charges)


def test_addresses_are_nobodys(contoso: Dataset) -> None:
    for records in contoso.customers:
        assert records.telemetry
        for ip in {*(entry.ip for entry in records.security), *records.telemetry.usual_ips}:
            assert any(ip_address(ip) in network for network in DOCUMENTATION_NETWORKS)


def test_known_device_in_log_is_one_of_customers_devices(contoso: Dataset) -> None:
    for records in contoso.customers:
        devices = {device.device_id for device in records.customer.usual_devices}
        assert all(entry.device_id in devices for entry in records.security if entry.known_device)


def test_ordinary_people_stay_at_home(contoso: Dataset) -> None:
    for records in ordinary(contoso):
        assert records.telemetry
        home = records.customer.home_country
        assert {charge.country for charge in records.charges} == {home}
        assert {order.ship_to_country for order in records.orders} <= {home}
        assert {entry.country for entry in records.security} <= {home}
        assert {entry.ip for entry in records.security} <= set(records.telemetry.usual_ips)
        assert all(entry.known_device for entry in records.security)
        assert all(day.roaming_country is None for day in records.usage)


def test_ordinary_people_stay_under_cap_in_any_30_days(contoso: Dataset) -> None:
    for records in ordinary(contoso):
        cap = monthly_cap_gb(records.subscriptions)
        if cap is None:
            continue
        daily = [day.gb for day in records.usage]
        assert max(sum(daily[n : n + 30]) for n in range(len(daily) - 29)) <= cap


def test_ordinary_people_pay_in_time(contoso: Dataset) -> None:
    for records in ordinary(contoso):
        assert "overdue" not in {invoice.status for invoice in records.invoices}


def test_no_ordinary_charge_looks_like_a_spike(contoso: Dataset) -> None:
    for records in ordinary(contoso):
        assert records.telemetry
        assert max(charge.amount_minor for charge in records.charges) < 8 * records.telemetry.typical_charge_minor


def test_spending_rises_with_the_segment(contoso: Dataset) -> None:
    def median_usd(segment: str) -> float:
        spent = sorted(
            (records.customer.monthly_spend_minor or 0) / COUNTRIES[records.customer.home_country or ""].units_per_usd
            for records in ordinary(contoso)
            if records.customer.segment == segment
        )
        return spent[len(spent) // 2]

    assert median_usd("student") < median_usd("consumer") < median_usd("premium") < median_usd("business")


def test_usual_data_is_what_the_records_show(contoso: Dataset) -> None:
    for records in ordinary(contoso):
        gigabytes = sorted(day.gb for day in records.usage)
        assert records.customer.daily_gb_typical == pytest.approx(gigabytes[45], rel=0.25)


def test_planting_changes_the_planted_customer_and_nobody_else(dataset: Dataset) -> None:
    def seed_scenarios(draft: Draft) -> None:
        draft.add_charge(draft.before(days=40), "Alpine Jewellers", "jewellery", 99_900)

    planted = generate(SEED, AS_OF, {120: seed_scenarios})
    before, after = dataset.customers[119], planted.customers[119]

    assert [records for records in planted.customers if records not in dataset.customers] == [after]
    assert [charge.merchant for charge in after.charges if charge not in before.charges] == ["Alpine Jewellers"]
    assert after.charges[: len(before.charges)] == before.charges
    assert sum(each.charges_minor for each in after.invoices) == 99_900 + sum(
        each.charges_minor for each in before.invoices
    )


def test_edit_for_an_unknown_customer_is_refused() -> None:
    with pytest.raises(KeyError, match="Contoso has no customer 251"):
        generate(SEED, AS_OF, {251: lambda _: None})
