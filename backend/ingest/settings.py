"""The settings of who reads telemetry."""

import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from backend.desk_settings import CasebookSettings
from backend.ingest.event_hubs_options import (
    BALANCE_S,
    BATCH_EVENTS,
    CONTAINER,
    DEFAULT_GROUP,
    CheckpointOptions,
    Start,
    TelemetryHubOptions,
)
from casebook.policy.alert_joins import JOIN_HOURS, MAX_JOIN_HOURS, JoinRule
from contracts.addresses import carries_secret, checked, why_exposed
from contracts.telemetry_times import TimeUnit
from runtime.event_hub_address import HubAddress
from runtime.host_header import names_of
from runtime.secret_sources import HoldsSecret

HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://\S+$"), AfterValidator(checked), HoldsSecret()]
LEASE_INTERVALS = 3
"""After so many intervals without a sign of its owner, others take a partition."""


def split_commas(value: object) -> object:
    """What a list of a setting holds that is written with commas."""
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


class TelemetrySettings(CasebookSettings):
    """Where telemetry is read, and where its cases are opened. Each is the environment variable of the same name in
    capitals.
    """

    alert_join_hours: Annotated[float, Field(ge=0, le=MAX_JOIN_HOURS)] = JOIN_HOURS
    """How far from the first alert of a customer's open case another may lie to join it; 0: each opens a case."""
    alert_join_rules: dict[str, JoinRule] = Field(default_factory=dict[str, JoinRule])
    """Rules whose alerts are grouped otherwise, as JSON: `{"login_storm": {"group": "access", "hours": 24}}`."""

    event_producer_enabled: bool = True
    """Whether telemetry is read at `telemetry_url`."""
    telemetry_url: HttpUrl | None = None
    telemetry_future_tolerance_minutes: Annotated[float, Field(ge=0, le=24 * 60)] = 5.0
    """How far ahead of this machine's clock an event may say that it happened; one further ahead is a dead letter."""
    telemetry_lateness_seconds: Annotated[float, Field(ge=0, le=3_600)] = 5.0
    """How long an event is held for others that happened before it; later ones are judged as well as can be."""
    telemetry_time_unit: TimeUnit = "auto"
    """What times count that come from `telemetry_url` as numbers."""
    replay_files: Annotated[tuple[Path, ...], NoDecode] = ()
    """Recordings to play, separated like PATH."""
    replay_pace: Annotated[float, Field(ge=0)] = 0.0
    """0: as fast as it can; 1: as fast as it was recorded."""
    replay_time_unit: TimeUnit = "auto"
    """What times count that are numbers in recordings."""

    lab_recordings: Path = Path(".casewright/recordings")
    """The folder of recordings that rules can be tried on: `*.jsonl` and `*.jsonl.gz`, beside each its labels."""

    allowed_hosts: Annotated[tuple[HostName, ...], NoDecode] = ()
    """Names that browsers and programs may call this process's server by, separated by commas: a backend's besides that
    of PUBLIC_ORIGIN, an ingest's."""
    ingest_health_host: str = "127.0.0.1"
    """Where `python -m backend.ingest` tells how it is."""
    ingest_health_port: Annotated[int, Field(ge=1, le=65535)] = 8002

    eventhub_telemetry_name: Annotated[str, Field(min_length=1)] | None = None
    """The event hub that telemetry is read from."""
    eventhub_telemetry_namespace: Annotated[str, Field(min_length=1)] | None = None
    """The host of its namespace, such as `contoso.servicebus.windows.net`."""
    eventhub_telemetry_connection_string: SecretStr | None = None
    """Instead of the namespace, and of the emulator only."""
    eventhub_telemetry_consumer_group: Annotated[str, Field(min_length=1, max_length=50)] = DEFAULT_GROUP
    eventhub_telemetry_start: Start | AwareDatetime = "earliest"
    """Where a partition begins that nobody has read: `earliest`, `latest` or a time with its zone."""
    eventhub_telemetry_batch: Annotated[int, Field(ge=1, le=5_000)] = BATCH_EVENTS
    """Messages of a partition that are judged at once, at most."""
    eventhub_telemetry_time_unit: TimeUnit = "auto"
    """What times count that come from the hub as numbers."""
    eventhub_telemetry_balance_seconds: Annotated[float, Field(gt=0, le=300)] = BALANCE_S
    """How often processes look whether they share the partitions evenly; three times that long, a dead one owns its."""
    eventhub_telemetry_lab_consumer_group: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    """Of those who try rules on what the hub holds: of one group, only its owner may read a partition."""
    eventhub_checkpoint_url: Annotated[str, Field(pattern=r"^https://[^\s?#]+$")] | None = None
    """The blob account of the checkpoints, such as `https://contoso.blob.core.windows.net`."""
    eventhub_checkpoint_container: Annotated[str, Field(min_length=3, max_length=63)] = CONTAINER
    eventhub_checkpoint_connection_string: SecretStr | None = None
    """Instead of the URL, and of a stand-in such as azurite only."""

    @field_validator("replay_files", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(path for path in value.split(os.pathsep) if path)

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return split_commas(value)

    @property
    def health_names(self) -> frozenset[str]:
        """What the server of `python -m backend.ingest` is called by."""
        return names_of(self.ingest_health_host, self.allowed_hosts)

    @property
    def telemetry_hub(self) -> TelemetryHubOptions | None:
        """The event hub that telemetry is read from; None: none."""
        if self.eventhub_telemetry_name is None:
            return None
        return TelemetryHubOptions(
            address=HubAddress(
                self.eventhub_telemetry_name,
                self.eventhub_telemetry_namespace,
                _secret(self.eventhub_telemetry_connection_string),
            ),
            checkpoints=CheckpointOptions(
                self.eventhub_checkpoint_container,
                self.eventhub_checkpoint_url,
                _secret(self.eventhub_checkpoint_connection_string),
            ),
            consumer_group=self.eventhub_telemetry_consumer_group,
            start=self.eventhub_telemetry_start,
            batch_events=self.eventhub_telemetry_batch,
            balance_s=self.eventhub_telemetry_balance_seconds,
            lease_s=LEASE_INTERVALS * self.eventhub_telemetry_balance_seconds,
            time_unit=self.eventhub_telemetry_time_unit,
        )

    @model_validator(mode="after")
    def _send_no_secret_in_the_open(self) -> Self:
        if self.allow_plain_http:
            return self
        for what, where in self._sent():
            if (exposed := why_exposed(what, where)) is not None:
                raise ValueError(exposed)
        return self

    def _sent(self) -> list[tuple[str, str]]:
        """What goes to another process that others should not read, and where."""
        if self.telemetry_url and carries_secret(self.telemetry_url):
            return [("The user, password or key of TELEMETRY_URL", self.telemetry_url)]
        return []

    @model_validator(mode="after")
    def _name_one_telemetry_hub(self) -> "TelemetrySettings":
        place = (self.eventhub_telemetry_namespace, self.eventhub_telemetry_connection_string)
        if any(place) and self.eventhub_telemetry_name is None:
            raise ValueError("EVENTHUB_TELEMETRY_NAME is missing: set it to the event hub that telemetry is read from")
        group = self.eventhub_telemetry_lab_consumer_group
        if group is not None and group.lower() == self.eventhub_telemetry_consumer_group.lower():
            raise ValueError(
                "EVENTHUB_TELEMETRY_LAB_CONSUMER_GROUP is the group of the ingest, which would lose its partitions: "
                "name another"
            )
        try:
            _ = self.telemetry_hub
        except ValueError as error:
            raise ValueError(f"EVENTHUB_TELEMETRY_*, EVENTHUB_CHECKPOINT_*: {error}") from None
        return self


def _secret(value: SecretStr | None) -> str | None:
    return None if value is None else value.get_secret_value()
