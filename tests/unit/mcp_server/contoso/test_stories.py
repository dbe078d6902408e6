"""Each planted story shows in every record that it would touch, and nowhere else."""

from collections import Counter
from datetime import timedelta

import pytest

from mcp_server.contoso.geography import City, distance_km
from mcp_server.contoso.stories.catalogue import CATALOGUE, STORY_CUSTOMERS
from mcp_server.contoso.stories.elements import FAR_KM
from mcp_server.records.bundle import CustomerRecords, Dataset
from mcp_server.records.charge import Charge
from mcp_server.records.profile import Story, TelemetryProfile
from mcp_server.records.security import SecurityEntry
from mcp_server.records.subscription import monthly_cap_gb
from mcp_server.records.ticket import Topic

pytestmark = pytest.mark.xdist_group("contoso")  # generated once

DAY = timedelta(days=1)
FRAUDS = {"account_takeover", "stolen_card", "sim_swap", "subscription_abuse", "data_resale"}


class Told:
    """One customer with a story, and the parts of the records that the tests look at."""

    def __init__(self, records: CustomerRecords, profile: TelemetryProfile, story: Story) -> None:
        self.records = records
        self.customer = records.customer
        self.profile = profile
        self.story = story
        self.topics: set[Topic] = {topic for ticket in records.tickets for topic in ticket.topics}

    def log(self, device_id: str | None) -> list[SecurityEntry]:
        return [entry for entry in self.records.security if entry.device_id == device_id]

    def story_charges(self) -> list[Charge]:
        ids = {charge.charge_id for charge in self.story.charges}
        return [charge for charge in self.records.charges if charge.charge_id in ids]

    def knows(self, device_id: str | None) -> bool:
        return device_id in {device.device_id for device in self.customer.usual_devices}

    def recent_gb(self, days: int) -> list[float]:
        return [day.gb for day in self.records.usage[-days:]]


def all_told(dataset: Dataset) -> list[Told]:
    return [
        Told(records, records.telemetry, records.telemetry.story)
        for records in dataset.customers
        if records.telemetry and records.telemetry.story
    ]


def told(dataset: Dataset, kind: str) -> list[Told]:
    found = [one for one in all_told(dataset) if one.story.kind == kind]
    assert found
    return found


def test_every_story_kind_occurs_four_times_outside_recordings(dataset: Dataset) -> None:
    counts = Counter(one.story.kind for one in all_told(dataset))

    assert counts == dict.fromkeys(CATALOGUE, 4)
    assert all(one.customer.customer_id in STORY_CUSTOMERS for one in all_told(dataset))


def test_only_the_frauds_are_called_fraud(dataset: Dataset) -> None:
    assert {one.story.kind for one in all_told(dataset) if one.story.fraud} == FRAUDS


def test_the_simulator_gets_the_charges_of_the_store(dataset: Dataset) -> None:
    for one in all_told(dataset):
        held = {charge.charge_id: charge for charge in one.records.charges}
        for charge in one.story.charges:
            record = held[charge.charge_id]
            assert (record.merchant, record.amount_minor, record.currency, record.country) == (
                charge.merchant,
                charge.amount_minor,
                charge.currency,
                charge.country,
            )


def test_signal_comes_with_what_the_simulator_needs_for_it(dataset: Dataset) -> None:
    for one in all_told(dataset):
        story = one.story
        match story.signal:
            case "transaction":
                assert max(charge.amount_minor for charge in story.charges) > 4 * one.profile.typical_charge_minor
            case "data_usage":
                assert story.gb is not None
                assert story.gb > 4 * one.profile.daily_gb_typical
            case "auth_failure":
                assert story.auth_failures >= 4
            case "api_call":
                assert story.api_calls > 100
            case "login":
                assert story.country != one.customer.home_country


@pytest.mark.parametrize("kind", ["account_takeover", "sim_swap", "travel"])
def test_foreign_login_is_too_far_from_home_to_reach(dataset: Dataset, kind: str) -> None:
    for one in told(dataset, kind):
        home = City("home", one.profile.home_latitude, one.profile.home_longitude)
        there = City("there", one.story.latitude, one.story.longitude)
        assert distance_km(home, there) > FAR_KM


def test_account_takeover_goes_from_guessing_to_goods_sent_abroad(dataset: Dataset) -> None:
    for one in told(dataset, "account_takeover"):
        story, log = one.story, one.log(one.story.device_id)
        assert not one.knows(story.device_id)
        assert [entry.event for entry in log] == [
            *["login_failed"] * story.auth_failures, "password_reset", "login", "email_changed", "device_added",
        ]  # fmt: skip
        assert {(entry.country, entry.city, entry.ip, entry.known_device) for entry in log} == {
            (story.country, story.city, story.ip, False)
        }
        assert one.customer.email.startswith(story.device_id or "?")
        sent = [order for order in one.records.orders if order.device_id == story.device_id]
        assert {order.ship_to_country for order in sent} == {story.country}
        assert {charge.device_id for charge in one.story_charges()} == {story.device_id}
        assert {order.charge_id for order in sent} < {charge.charge_id for charge in story.charges}
        assert log[-1].at < min(charge.at for charge in one.story_charges())
        assert "travel" not in one.topics
        assert all(story.country not in line.roaming_countries for line in one.records.subscriptions)


def test_stolen_card_is_used_abroad_while_owner_is_home(dataset: Dataset) -> None:
    for one in told(dataset, "stolen_card"):
        charges = one.story_charges()
        first, last = charges[0].at, charges[-1].at
        assert {charge.country for charge in charges} == {one.story.country} != {one.customer.home_country}
        assert all(charge.card_present for charge in charges)
        assert charges[0].amount_minor < one.profile.typical_charge_minor
        assert [entry for entry in one.records.security if first < entry.at < last and entry.known_device]
        assert {entry.country for entry in one.records.security} == {one.customer.home_country}
        assert "travel" not in one.topics


def test_sim_swap_is_followed_by_resets_and_complained_about(dataset: Dataset) -> None:
    for one in told(dataset, "sim_swap"):
        log = one.log(one.story.device_id)
        assert [entry.event for entry in log] == ["sim_swap", "mfa_reset", "password_reset", "login"]
        assert not any(entry.known_device for entry in log)
        assert "sim_swap" in one.topics
        assert {charge.device_id for charge in one.story_charges()} == {one.story.device_id}
        assert log[-1].at < one.story_charges()[0].at


def test_subscription_abuse_opens_lines_ships_abroad_pays_nothing(dataset: Dataset) -> None:
    for one in told(dataset, "subscription_abuse"):
        recent = [line for line in one.records.subscriptions if line.started_on > dataset.as_of.date() - 15 * DAY]
        assert len(recent) == 5
        phones = [order for order in one.records.orders if order.device_id == one.story.device_id]
        assert len(phones) == 5
        assert one.customer.home_country not in {order.ship_to_country for order in phones}
        assert "overdue" in {invoice.status for invoice in one.records.invoices}
        assert {entry.ip for entry in one.log(one.story.device_id)} == {one.story.ip}


def test_data_resale_far_exceeds_cap_through_many_strange_devices(dataset: Dataset) -> None:
    for one in told(dataset, "data_resale"):
        cap = monthly_cap_gb(one.records.subscriptions)
        assert cap is not None
        assert sum(one.recent_gb(30)) > 1.5 * cap
        strange = [entry for entry in one.records.security if not entry.known_device]
        assert len({entry.device_id for entry in strange}) == 7
        assert one.story.device_id in {entry.device_id for entry in strange}
        assert "family_plan" not in one.topics


def test_traveller_announced_bought_roaming_and_took_own_phone(dataset: Dataset) -> None:
    for one in told(dataset, "travel"):
        story = one.story
        assert "travel" in one.topics
        assert one.knows(story.device_id)
        packages = [line for line in one.records.subscriptions if story.country in line.roaming_countries]
        assert [line.roaming_until for line in packages] == [(dataset.as_of + 25 * DAY).date()]
        arrived = min(charge.at for charge in one.story_charges())
        later = [charge for charge in one.records.charges if charge.at >= arrived]
        assert {charge.country for charge in later} == {story.country}
        phone_abroad = [entry for entry in one.log(story.device_id) if entry.at >= arrived]
        assert {(entry.country, entry.known_device) for entry in phone_abroad} == {(story.country, True)}
        assert one.records.usage[-1].roaming_country == story.country


def test_new_device_was_ordered_home_and_approved_from_old(dataset: Dataset) -> None:
    for one in told(dataset, "new_device"):
        story, log = one.story, one.log(one.story.device_id)
        assert "new_device" in one.topics
        assert [entry.event for entry in log] == [*["login_failed"] * story.auth_failures, "login"]
        assert {entry.ip for entry in log} <= set(one.profile.usual_ips)
        approved = [entry for entry in one.records.security if entry.event == "device_added"]
        assert [entry.known_device for entry in approved] == [True]
        assert log[-2].at < approved[0].at < log[-1].at
        (order,) = [order for order in one.records.orders if order.charge_id == story.charges[0].charge_id]
        assert order.ship_to_country == one.customer.home_country
        assert order.status == "delivered"


def test_gifts_are_ordered_from_known_device_and_sent_home(dataset: Dataset) -> None:
    for one in told(dataset, "gift_season"):
        ids = {charge.charge_id for charge in one.story.charges}
        presents = [order for order in one.records.orders if order.charge_id in ids]
        assert len(presents) == 4
        assert {order.ship_to_country for order in presents} == {one.customer.home_country}
        assert all(one.knows(order.device_id) for order in presents)
        assert "gift" in one.topics


def test_family_uses_more_from_plan_start_below_cap(dataset: Dataset) -> None:
    for one in told(dataset, "family_plan"):
        cap = monthly_cap_gb(one.records.subscriptions)
        assert cap is not None
        assert sum(one.recent_gb(30)) < cap
        assert "family_plan" in one.topics
        assert [line.status for line in one.records.subscriptions if "Family" in line.plan] == ["active"]
        assert min(one.recent_gb(11)) > 3 * one.profile.daily_gb_typical
        assert all(entry.known_device for entry in one.records.security)


def test_a_binge_is_on_an_unlimited_plan_from_home(dataset: Dataset) -> None:
    for one in told(dataset, "streaming_binge"):
        assert monthly_cap_gb(one.records.subscriptions) is None
        assert {charge.category for charge in one.story_charges()} == {"streaming"}
        assert min(one.recent_gb(4)) > 4 * one.profile.daily_gb_typical
        assert {entry.country for entry in one.records.security} == {one.customer.home_country}


def test_forgotten_password_is_reset_from_own_phone_at_home(dataset: Dataset) -> None:
    for one in told(dataset, "forgotten_password"):
        recent = [entry for entry in one.log(one.story.device_id) if entry.at > dataset.as_of - DAY / 3]
        assert [entry.event for entry in recent] == [
            *["login_failed"] * one.story.auth_failures, "password_reset", "login",
        ]  # fmt: skip
        assert all(entry.known_device and entry.ip in one.profile.usual_ips for entry in recent)
        assert "password" in one.topics
