"""Recordings and sources made by tests."""

import gzip
from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.ingest import MalformedLine
from contracts.alert import AlertSource
from contracts.telemetry import AuthFailureAttributes, AuthFailureEvent, TelemetryEvent
from contracts.telemetry_reader import TelemetryReader

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def event(second: float, name: str | None = None, *, customer: int = 7) -> TelemetryEvent:
    """A failed login so many seconds after noon."""
    return AuthFailureEvent(
        event_id=name or f"event-{customer}-{second}",
        customer_id=customer,
        occurred_at=START + timedelta(seconds=second),
        attributes=AuthFailureAttributes(ip="192.0.2.1"),
    )


def line(second: float, name: str | None = None, *, customer: int = 7) -> bytes:
    return event(second, name, customer=customer).model_dump_json().encode() + b"\n"


def write(path: Path, lines: Iterable[bytes]) -> Path:
    """A recording; gzipped when its name says so."""
    data = b"".join(lines)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def names(readings: Iterable[TelemetryEvent | MalformedLine]) -> list[str]:
    """The event ids, and `?` for what could not be read."""
    return ["?" if isinstance(reading, MalformedLine) else reading.event_id for reading in readings]


class ListSource:
    """A source that gives what it was given."""

    def __init__(
        self, readings: Iterable[TelemetryEvent | MalformedLine], *, name: str = "list", source: AlertSource = "replay"
    ) -> None:
        self._readings = list(readings)
        self._name = name
        self._source: AlertSource = source
        self.given = 0
        self.problem: str | None = None
        self.mended: dict[str, int] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def alert_source(self) -> AlertSource:
        return self._source

    def new_reader(self) -> TelemetryReader:
        return TelemetryReader()

    async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
        for reading in self._readings:
            self.given += 1
            yield reading


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
