"""The recordings, their labels, and what detection makes of them. A benchmark may time `parse` and `detect`."""

import csv
import gzip
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from backend.detection import Detector
from contracts.alert import Alert
from contracts.telemetry import TelemetryEvent, telemetry_event

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "replay"

needs_recordings = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"the recordings are not here: {FOLDER} does not exist"
)
one_process = pytest.mark.xdist_group("recordings")
"""What is read and detected is kept for the tests of a process."""


def recording(name: str) -> Path:
    return FOLDER / f"{name}.jsonl.gz"


def parse(lines: Iterable[bytes]) -> list[TelemetryEvent]:
    return [telemetry_event.validate_json(line) for line in lines]


def detect(events: Iterable[TelemetryEvent]) -> list[Alert]:
    """What a new detector raises."""
    detector = Detector(source="replay")
    return [alert for event in events for alert in detector.alerts(event)]


@cache
def events_of(name: str) -> list[TelemetryEvent]:
    with gzip.open(recording(name)) as file:
        return parse(file)


@cache
def alerts_of(name: str) -> list[Alert]:
    return detect(events_of(name))


def usage_windows() -> dict[str, str]:
    """For every reading inside a labelled anomaly window: that window."""
    customers = {event.event_id: event.customer_id for event in events_of("data_usage")}
    return {row["event_id"]: f"{customers[row['event_id']]}/{row['window']}" for row in _rows("data_usage.labels.csv")}


def fraud_scenarios() -> dict[str, str]:
    """The scenario of every fraudulent transaction."""
    return {row["event_id"]: row["scenario"] for row in _rows("transactions.labels.csv")}


def attack_calls() -> set[str]:
    """The calls made by the attack tool."""
    return set((FOLDER / "api_calls.labels.txt").read_text(encoding="utf-8").split())


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
