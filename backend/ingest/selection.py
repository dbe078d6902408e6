"""Selects the telemetry sources by the settings."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from backend.ingest.replay import ReplaySource
from backend.ingest.source import TelemetrySource
from backend.ingest.stream import StreamSource
from contracts.telemetry_times import FUTURE_TOLERANCE


def choose_sources(
    *,
    replay_files: Sequence[Path],
    replay_pace: float,
    producer_enabled: bool,
    telemetry_url: str | None,
    future_tolerance: timedelta = FUTURE_TOLERANCE,
) -> list[TelemetrySource]:
    """The recordings, if any, and the live stream, if it is enabled.

    Raises ValueError, with one exact sentence, for a negative pace.
    """
    sources: list[TelemetrySource] = []
    if replay_files:
        sources.append(ReplaySource(replay_files, pace=replay_pace, future_tolerance=future_tolerance))
    if producer_enabled and telemetry_url:
        sources.append(StreamSource(telemetry_url, future_tolerance=future_tolerance))
    return sources
