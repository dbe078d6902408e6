"""What the rule lab reads, as the settings of the process say."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from backend.ingest.event_hubs_options import TelemetryHubOptions
from backend.ingest.settings import TelemetrySettings
from contracts.telemetry_times import TimeUnit


@dataclass(frozen=True)
class LabOptions:
    """The folder of recordings, the recordings that are replayed, and the live source."""

    recordings: Path
    replay_files: tuple[Path, ...] = ()
    stream_url: str | None = None
    hub: TelemetryHubOptions | None = None
    hub_group: str | None = None
    """The consumer group that back-tests read the hub by; None: there is none, and they do not."""
    lateness: timedelta = timedelta(0)
    future_tolerance: timedelta = timedelta(minutes=5)
    replay_time_unit: TimeUnit = "auto"
    stream_time_unit: TimeUnit = "auto"

    @property
    def live(self) -> str | None:
        """The live source that back-tests can read, by name."""
        if self.hub is not None:
            return None if self.hub_group is None else f"event hub {self.hub.address.hub}"
        return None if self.stream_url is None else "the telemetry stream"

    @property
    def live_problem(self) -> str | None:
        """Why there is none, in one sentence."""
        if self.live is not None:
            return None
        if self.hub is not None:
            return (
                "Rules can be tried on the event hub when it has a consumer group for that: set "
                "EVENTHUB_TELEMETRY_LAB_CONSUMER_GROUP."
            )
        return "This installation reads no live telemetry: choose a recording."


def lab_options(settings: TelemetrySettings) -> LabOptions:
    """What the settings say."""
    return LabOptions(
        recordings=settings.lab_recordings,
        replay_files=settings.replay_files,
        stream_url=settings.telemetry_url if settings.event_producer_enabled else None,
        hub=settings.telemetry_hub,
        hub_group=settings.eventhub_telemetry_lab_consumer_group,
        lateness=timedelta(seconds=settings.telemetry_lateness_seconds),
        future_tolerance=timedelta(minutes=settings.telemetry_future_tolerance_minutes),
        replay_time_unit=settings.replay_time_unit,
        stream_time_unit=settings.telemetry_time_unit,
    )
