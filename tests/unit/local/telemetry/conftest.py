"""A few hand-made customers: one ordinary, and one for each way in which a story shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.telemetry.profiles import Profile, read_profiles

HOME: dict[str, Any] = {
    "home_country": "NO",
    "home_city": "Oslo",
    "home_latitude": 59.9,
    "home_longitude": 10.7,
    "usual_devices": [{"device_id": "dev-home", "name": "Phone"}],
    "usual_ips": ["192.0.2.1", "192.0.2.2"],
    "daily_gb_typical": 1.0,
    "typical_charge_minor": 2000,
    "currency": "NOK",
    "monthly_mood": "an export may say more than is read",
}
ABROAD: dict[str, Any] = {
    "country": "BR",
    "city": "Sao Paulo",
    "latitude": -23.5,
    "longitude": -46.6,
    "device_id": "dev-x",
    "ip": "203.0.113.9",
}


def charges(customer_id: int, country: str) -> list[dict[str, Any]]:
    return [
        {"charge_id": f"ch-{customer_id}-{n}", "merchant": "Shop", "amount_minor": 9_999_00, "currency": "NOK"}
        | {"country": country}
        for n in range(3)
    ]


def story(customer_id: int, kind: str, signal: str, *, fraud: bool, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "signal": signal, "fraud": fraud, **ABROAD, **more}


def customers() -> list[dict[str, Any]]:
    """As the tool server exports them."""
    stories = {
        4: story(4, "account_takeover", "login", fraud=True, auth_failures=7, charges=charges(4, "BR")),
        5: story(5, "travel", "login", fraud=False, device_id="dev-home"),
        6: story(6, "stolen_card", "transaction", fraud=True, device_id=None, charges=charges(6, "BR")),
        7: story(7, "family_plan", "data_usage", fraud=False, country="NO", gb=8.0, device_id="dev-home"),
        8: story(8, "subscription_abuse", "api_call", fraud=True, country="NO", api_calls=240),
        9: story(9, "forgotten_password", "auth_failure", fraud=False, country="NO", device_id="dev-home"),
    }
    return [{"customer_id": n, "name": f"C{n}", **HOME, "story": stories.get(n)} for n in range(1, 10)]


@pytest.fixture
def profiles_file(tmp_path: Path) -> Path:
    path = tmp_path / "profiles.jsonl"
    path.write_text("\n".join(json.dumps(customer) for customer in customers()) + "\n")
    return path


@pytest.fixture
def profiles(profiles_file: Path) -> tuple[Profile, ...]:
    return read_profiles(profiles_file)
