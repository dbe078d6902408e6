"""Every field of a record is declared: as personal, or here as not."""

import pkgutil
import re
from importlib import import_module
from inspect import isclass

import pytest
from pydantic import BaseModel

import mcp_server.records
from backend.personal_data.fields import FIELDS, mask_of, masked_value
from contracts import telemetry
from contracts.base import Contract

PERSONAL = {"name", "email", "ip", "user", "principal", "usual_ips", "customer", "customers"}
PLAIN = """
    action already_active already_locked also_locked_by amount amount_minor api_calls arguments article_id articles
    as_of at attributes auth_failures autopay average_gb average_monthly_spend_minor balance_minor body cap_gb
    card_present category change channel charge_id charges charges_minor city country currency customer_id
    customer_since daily_gb_typical data_cap_gb day days device_id due_on endpoint entries entry_id
    error_code event event_id fees_minor fraud gb home_city home_country home_latitude home_longitude idempotency_key
    invoice_id invoices issued_on item kind known_device latitude lock_reason locked_at locks longitude merchant
    method monthly_fee_minor monthly_spend_minor occurred_at opened_at order_id ordered_at orders overdue_invoices
    paid_on payment_id payments period_start plan profile query read_only reason recorded_at refund_key refunded
    refunded_at refunded_minor refunds region replayed rest_minor result reversed_at roaming_countries roaming_country
    roaming_until security seed segment ship_to_country signal spend_last_30_days_minor started_on status status_code
    still_locked_by story subject subscription_id subscriptions success telemetry terminal_id ticket_id tickets title
    topics trimmed type typical_charge_minor unlocked_at usage usual_countries usual_devices
"""
"""Ids, places, times, amounts, and texts, which are masked by what is in them."""
OTHERS = """clientIp source_ip_address E-Mail customer_email_address userName emails contactPhone X-Forwarded-For
    recipient_name UPN homeAddress billing-address cardNumber user_principal card_holder customername customerName
    owner contact birthdate taxId first_name fname addresses property_address remoteAddress caller name1
    name_1 email_1 phone_2 enduser.id vorname Nachname given ipv4 ip_v6
    address_line_1"""

NOBODYS = """device_name eventName macAddress user_agent userId ip_count product_name bank_name ispName loan_principal
    server_address email_count recipient_count device_family fileHandle time_zone …"""


def records() -> list[type[BaseModel]]:
    names = [each.name for each in pkgutil.iter_modules(mcp_server.records.__path__)]
    modules = [import_module(f"mcp_server.records.{name}") for name in names]
    found = [each for module in (telemetry, *modules) for each in vars(module).values() if isclass(each)]
    return [each for each in found if issubclass(each, Contract | telemetry.Attributes)]


def test_every_field_of_a_record_is_declared() -> None:
    fields = {name for model in records() for name in model.model_fields}
    assert {name for name in fields if mask_of(name) is not None} == PERSONAL
    plain = set(PLAIN.split())
    assert sorted(fields ^ PERSONAL ^ plain) == [], "say in FIELDS or here whether a new field is personal"


@pytest.mark.parametrize("key", [*FIELDS, *re.findall(r"\S+", OTHERS)])
def test_field_is_told_by_the_end_of_its_name(key: str) -> None:
    assert mask_of(key) is not None


@pytest.mark.parametrize("key", re.findall(r"\S+", NOBODYS))
def test_other_names_are_not_personal(key: str) -> None:
    assert mask_of(key) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("logins", 12),
        ("users", 3),
        ("phones", 2),
        ("last_login", "2026-03-14T12:00:00Z"),
        ("last_login", 1_700_000_000),
        ("principal", "25000.00"),
        ("is_mobile", True),
        ("customer", 4_722_334_455),
        ("from", "checking"),
        ("to", "2026-03-14"),
        ("new_user", "true"),
    ],
)
def test_counts_times_and_answers_stay(key: str, value: str | float) -> None:
    mask = mask_of(key)
    assert mask is not None
    assert masked_value(mask, value) == value


@pytest.mark.parametrize(
    ("key", "value", "masked"),
    [
        ("phone", 4722334455, "…55"),
        ("caller", 4722334455, "…55"),
        ("user", "4722334455", "…55"),
        ("zip", 12345, "…"),
        ("owner", "Maria Keller", "M. K."),
        ("address", "203.0.113.7", "203.0.113.…"),
    ],
)
def test_numbers_that_are_somebodys_are_masked(key: str, value: str | int, masked: str) -> None:
    mask = mask_of(key)
    assert mask is not None
    assert masked_value(mask, value) == masked


@pytest.mark.parametrize(
    ("value", "masked"),
    [("Maria Keller", "M. K."), ("mk@example.com", "m…@example.com"), ("Oslo", "Oslo"), ("4722334455", "…55")],
)
def test_sides_of_something_are_masked_as_persons(value: str, masked: str) -> None:
    for key in ("from", "to", "customer", "author"):
        mask = mask_of(key)
        assert mask is not None
        assert masked_value(mask, value) == masked
