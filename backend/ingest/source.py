"""The protocol of a telemetry source."""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

from backend.ingest.report import MalformedLine
from contracts.alert import AlertSource
from contracts.telemetry import TelemetryEvent


class TelemetrySource(Protocol):
    """Something that telemetry comes from."""

    @property
    def name(self) -> str:
        """What the report and the log call it."""
        ...

    @property
    def alert_source(self) -> AlertSource:
        """What its alerts name as their source."""
        ...

    @property
    def problem(self) -> str | None:
        """Why the source delivers nothing now, in one sentence; None while it does."""
        ...

    @property
    def mended(self) -> Mapping[str, int]:
        """Repairs in its events, by kind."""
        ...

    def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
        """Events in the order of evaluation, and lines that are not evaluated. Times of events are plausible.

        Ends when there is nothing more. Never raises for bad input or an absent peer: it reports the one
        and waits for the other. What is not asked for is not read ahead by more than one batch.
        """
        ...
