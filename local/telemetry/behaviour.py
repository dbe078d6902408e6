"""What customers do: each function gives the kind and attributes of one event, without time or id."""

from dataclasses import dataclass
from random import Random
from typing import Any

from contracts.money import in_major_units
from contracts.telemetry import EventKind
from local.telemetry.profiles import Profile, Story, StoryCharge

READINGS_A_DAY = 4
ORDINARY_ENDPOINTS = (
    "account/GetProfile",
    "usage/GetMonth",
    "billing/ListInvoices",
    "orders/List",
    "support/ListTickets",
)
ABUSED_ENDPOINTS = ("subscriptions/Create", "orders/Create", "numbers/Reserve", "offers/Redeem")
MERCHANTS = ("Northwind Grocers", "Fourth Coffee", "Adatum Transit", "Blue Yonder Fuel", "Wide World Books")


@dataclass(frozen=True)
class Act:
    """One event without its time."""

    kind: EventKind
    attributes: dict[str, Any]


def home_login(random: Random, profile: Profile, device_id: str | None = None) -> Act:
    """A login from home, on one of the usual devices unless another is named."""
    return Act(
        "login",
        {
            **_home(random, profile),
            "latitude": profile.home_latitude,
            "longitude": profile.home_longitude,
            "device_id": device_id or random.choice(profile.usual_devices).device_id,
            "method": "password",
            "success": True,
        },
    )


def home_failure(random: Random, profile: Profile, device_id: str | None = None) -> Act:
    """A mistyped password at home."""
    device = device_id or profile.usual_devices[0].device_id
    return Act(
        "auth_failure",
        {**_home(random, profile), "method": "password", "reason": "bad_credentials", "device_id": device},
    )


def _home(random: Random, profile: Profile) -> dict[str, Any]:
    return {"ip": random.choice(profile.usual_ips), "country": profile.home_country, "city": profile.home_city}


def story_login(story: Story) -> Act:
    """A login from where the story plays, on its device."""
    return Act(
        "login",
        {
            **_scene(story),
            "latitude": story.latitude,
            "longitude": story.longitude,
            "device_id": story.device_id,
            "method": "password",
            "success": True,
        },
    )


def story_failure(story: Story) -> Act:
    """A failed login from where the story plays."""
    return Act(
        "auth_failure",
        {**_scene(story), "method": "password", "reason": "bad_credentials", "device_id": story.device_id},
    )


def _scene(story: Story) -> dict[str, Any]:
    return {"ip": story.ip, "country": story.country, "city": story.city}


def story_charge(charge: StoryCharge) -> Act:
    """A charge that the records know."""
    return Act(
        "transaction",
        {
            "amount": in_major_units(charge.amount_minor, charge.currency),
            "currency": charge.currency,
            "charge_id": charge.charge_id,
            "merchant": charge.merchant,
            "country": charge.country,
        },
    )


def ordinary_charge(random: Random, profile: Profile) -> Act:
    """Between half of what this customer usually pays and 1.6 times as much."""
    amount = max(1, round(profile.typical_charge_minor * random.uniform(0.5, 1.6)))
    return Act(
        "transaction",
        {
            "amount": in_major_units(amount, profile.currency),
            "currency": profile.currency,
            "merchant": random.choice(MERCHANTS),
            "country": profile.home_country,
        },
    )


def ordinary_usage(random: Random, profile: Profile) -> Act:
    """The reading of a quarter of a day."""
    return usage(profile.daily_gb_typical / READINGS_A_DAY * random.uniform(0.5, 1.5))


def usage(gb: float) -> Act:
    """One reading."""
    return Act("data_usage", {"gb": round(gb, 4)})


def ordinary_api_call(random: Random, profile: Profile) -> Act:
    """The customer's app looks something up."""
    return Act(
        "api_call",
        {
            "endpoint": random.choice(ORDINARY_ENDPOINTS),
            "ip": random.choice(profile.usual_ips),
            "status_code": 200,
            "read_only": True,
            "principal": f"customer-{profile.customer_id}",
        },
    )


def story_api_call(random: Random, profile: Profile) -> Act:
    """A tool writes as fast as it may, and is refused every third time or so."""
    refused = random.random() < 0.35
    return Act(
        "api_call",
        {
            "endpoint": random.choice(ABUSED_ENDPOINTS),
            "ip": profile.story.ip if profile.story else None,
            "status_code": 403 if refused else 200,
            "error_code": "LimitExceeded" if refused else None,
            "read_only": False,
            "principal": f"customer-{profile.customer_id}",
        },
    )
