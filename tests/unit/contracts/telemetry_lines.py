"""Events as lines of text, and what the reader makes of one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from contracts.lines import Line
from contracts.telemetry import TelemetryEvent, telemetry_event
from contracts.telemetry_dead_letters import DeadLetter
from contracts.telemetry_reader import TelemetryReader

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "login": {"country": "IT", "latitude": 41.9, "longitude": 12.5},
    "auth_failure": {"ip": "203.0.113.7"},
    "transaction": {"amount": 12.5, "currency": "EUR"},
    "data_usage": {"gb": 1.5},
    "api_call": {"endpoint": "ListUsers"},
}
AT = "2026-05-04T08:00:00Z"
FIELDS = {"event_id": "e-1", "customer_id": 7, "occurred_at": AT}


def line(kind: str = "auth_failure", attributes: object = ..., **fields: object) -> str:
    """An event as text; `attributes` are added to those that its kind has."""
    given: object = attributes
    if attributes is ...:
        given = ATTRIBUTES[kind]
    elif isinstance(attributes, dict):
        given = {**ATTRIBUTES[kind], **cast("dict[str, object]", attributes)}
    return json.dumps({**FIELDS, "kind": kind, "attributes": given, **fields})


def read(text: str | bytes) -> tuple[TelemetryEvent | DeadLetter, dict[str, int]]:
    reader = TelemetryReader(now=lambda: NOW, tolerance=timedelta(minutes=5))
    (reading,) = reader.events(Line(text if isinstance(text, bytes) else text.encode()))
    return reading, dict(reader.mended)


def judged(text: str | bytes) -> tuple[dict[str, Any], dict[str, int]]:
    """The attributes of an event that must be judged, without what is null, and what was mended."""
    event, mended = read(text)
    assert not isinstance(event, DeadLetter), event.reason
    assert telemetry_event.validate_json(telemetry_event.dump_json(event)) == event
    return event.attributes.model_dump(exclude_none=True), mended
