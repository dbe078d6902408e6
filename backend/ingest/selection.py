"""Selects the telemetry sources by the settings."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from backend.ingest.event_hubs_options import TelemetryHubOptions
from backend.ingest.replay import ReplaySource
from backend.ingest.source import PartitionedSource, TelemetrySource
from backend.ingest.stream import StreamSource
from contracts.telemetry_times import FUTURE_TOLERANCE, TimeUnit


def choose_sources(
    *,
    replay_files: Sequence[Path],
    replay_pace: float,
    producer_enabled: bool,
    telemetry_url: str | None,
    hub: TelemetryHubOptions | None = None,
    future_tolerance: timedelta = FUTURE_TOLERANCE,
    replay_time_unit: TimeUnit = "auto",
    stream_time_unit: TimeUnit = "auto",
) -> list[TelemetrySource | PartitionedSource]:
    """The recordings, if any, the live stream, if it is enabled, and the event hub, if one is named.

    Raises ValueError, with one exact sentence, for a negative pace.
    """
    sources: list[TelemetrySource | PartitionedSource] = []
    if replay_files:
        sources.append(
            ReplaySource(replay_files, pace=replay_pace, future_tolerance=future_tolerance, time_unit=replay_time_unit)
        )
    if producer_enabled and telemetry_url:
        sources.append(StreamSource(telemetry_url, future_tolerance=future_tolerance, time_unit=stream_time_unit))
    if hub is not None:
        from backend.ingest.event_hubs import EventHubsSource

        sources.append(EventHubsSource(hub, future_tolerance=future_tolerance))
    return sources
