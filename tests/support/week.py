"""A recording of seven days, made at random, in which every rule has something to find."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from random import Random

from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import CUSTOMER, at
from tests.unit.backend.detection.random_life import random_life

DAYS = 7


def week_of_events(customers: int = 60, seed: int = 1) -> list[TelemetryEvent]:
    """The events of as many customers, in order of time, each with an id of its own."""
    random, begin = Random(seed), at(0)
    found: list[TelemetryEvent] = []
    for number in range(customers):
        for event in random_life(random, 250):
            if event.occurred_at - begin < timedelta(days=DAYS):
                # Spraying is of several customers; all others are of one.
                customer = event.customer_id if event.customer_id != CUSTOMER else 1_000 + number
                found.append(event.model_copy(update={"customer_id": customer}))
    found.sort(key=lambda event: event.occurred_at)
    return [event.model_copy(update={"event_id": f"w-{number:06}"}) for number, event in enumerate(found)]


def write_recording(file: Path, events: list[TelemetryEvent]) -> Path:
    """The recording, packed where its name says so; the file."""
    lines = "".join(json.dumps(event.model_dump(mode="json")) + "\n" for event in events).encode()
    file.write_bytes(gzip.compress(lines) if file.suffix == ".gz" else lines)
    return file
