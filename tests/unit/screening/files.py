"""A customer's records, complete and benign, to be varied by the tests; all of it lies around one alert."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.alert import Alert
from contracts.telemetry import LoginAttributes, LoginEvent, TelemetryEvent
from screening.dossier import Dossier, open_dossier
from screening.tool_answers import Answers, ToolAnswer

BEGAN = datetime(2026, 5, 4, 12, tzinfo=UTC)
EDGE = timedelta(days=14)
"""How far back records must have been read."""
PHONE = "dev-phone"

JsonObject = dict[str, Any]

LISTS: Mapping[str, tuple[str, str]] = {
    "get_data_usage": ("days", "day"),
    "get_security_logs": ("entries", "at"),
    "get_recent_charges": ("charges", "at"),
    "get_orders": ("orders", "ordered_at"),
    "get_support_tickets": ("tickets", "opened_at"),
}
DATED = ("get_data_usage", "get_security_logs", "get_recent_charges")
LIMITED = ("get_security_logs", "get_orders", "get_support_tickets")
STATED = ("get_security_logs", "get_recent_charges")
"""Those that say up to when they go."""


def before(days: float = 0, **more: float) -> str:
    """A time before the begin of the alert."""
    return (BEGAN - timedelta(days=days, **more)).isoformat()


def listing(tool: str, *days: float, **more: Any) -> JsonObject:
    """Entries so many days before the alert, as they are given."""
    entries, at = LISTS[tool]
    return {entries: [{at: before(each)} for each in days]} | more


def daily(tool: str, days: int = 20) -> JsonObject:
    """An entry a day up to the alert, in the order that the tool gives them."""
    order = range(days, 0, -1) if tool == "get_data_usage" else range(days)
    return listing(tool, *order, as_of=BEGAN.isoformat())


def answer(tool: str, data: Any, error: str | None = None, **arguments: Any) -> ToolAnswer:
    return ToolAnswer(tool, f"r1-{tool}", None if error else data, error, arguments)


def complete(*changed: ToolAnswer) -> Answers:
    """All that must be read, with these answers in the place of the usual ones."""
    others = [
        *(answer(tool, {}) for tool in ("get_customer", "get_subscriptions", "get_billing_summary")),
        *(answer(tool, daily(tool)) for tool in LISTS),
    ]
    names = {each.tool for each in changed}
    return Answers((*(each for each in others if each.tool not in names), *changed))


def login(country: str | None = "NO", device_id: str | None = PHONE, minutes: float = 0) -> LoginEvent:
    return LoginEvent(
        event_id=f"e-{minutes:g}",
        customer_id=7,
        occurred_at=BEGAN + timedelta(minutes=minutes),
        attributes=LoginAttributes(country=country, device_id=device_id),
    )


def an_alert(*events: TelemetryEvent, **changes: Any) -> Alert:
    values: JsonObject = {
        "alert_id": "a-1",
        "customer_id": 7,
        "alert_type": "impossible_travel",
        "rule_id": "impossible_travel",
        "rule_version": 1,
        "severity": "high",
        "description": "Something.",
        "raised_at": BEGAN,
        "trigger_events": events or (login(),),
        "source": "manual",
    }
    return Alert.model_validate(values | changes)


def a_dossier(*events: TelemetryEvent, **records: Any) -> Dossier:
    """What is known of the customer; `records` by the tool's name without its `get_`."""
    customer = {
        "customer_id": 7,
        "home_country": "NO",
        "usual_countries": ["NO"],
        "usual_devices": [{"device_id": PHONE}],
    }
    said = {"customer": customer, **records}
    return open_dossier(an_alert(*events), Answers(tuple(answer(f"get_{name}", data) for name, data in said.items())))
