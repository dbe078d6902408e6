"""Alerts as a person would raise them, in agreement with what is planted in a customer's records."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.stack import Profile


def foreign_login(
    customer: Profile, *, severity: str = "high", alert_id: str | None = None, now: datetime | None = None
) -> dict[str, Any]:
    """A login from the story's country, forty minutes after one at home, just before `now`."""
    story = customer["story"]
    assert story is not None
    now = now or datetime.now(UTC)

    def login(number: int, minutes_ago: int, country: str, **more: Any) -> dict[str, Any]:
        return {
            "event_id": f"login-{customer['customer_id']}-{number}",
            "customer_id": customer["customer_id"],
            "occurred_at": (now - timedelta(minutes=minutes_ago)).isoformat(),
            "kind": "login",
            "attributes": {"country": country, "success": True, **more},
        }

    abroad = {key: story[key] for key in ("device_id", "ip", "city") if story.get(key)}
    alert = {
        "customer_id": customer["customer_id"],
        "alert_type": "impossible_travel",
        "description": f"A login from {story['country']} 40 minutes after one from {customer['home_country']}.",
        "severity": severity,
        "trigger_events": [login(1, 50, customer["home_country"]), login(2, 10, story["country"], **abroad)],
    }
    return alert | ({"alert_id": alert_id} if alert_id else {})
