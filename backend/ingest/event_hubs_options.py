"""Which event hub telemetry is read from, and where its checkpoints are kept. Apart from the SDK: it imports slowly."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contracts.telemetry_times import TimeUnit
from runtime.event_hub_address import HubAddress, settings_of

Start = Literal["earliest", "latest"]

CONTAINER = "checkpoints"
DEFAULT_GROUP = "$default"
BATCH_EVENTS = 300
BALANCE_S = 10.0
_STAND_IN = "devstoreaccount1"
"""The account of every stand-in for Blob Storage; its key is known to everybody."""


@dataclass(frozen=True)
class CheckpointOptions:
    """The blob container of the checkpoints. Raises ValueError with a phrase for whoever set it."""

    container: str = CONTAINER
    url: str | None = None
    """Of the account, such as `https://contoso.blob.core.windows.net`; asked with this process's managed identity."""
    connection_string: str | None = field(default=None, repr=False)
    """Of a stand-in such as azurite only."""

    def __post_init__(self) -> None:
        if (self.url is None) == (self.connection_string is None):
            raise ValueError("give either the URL of the blob account or the connection string of a stand-in for it")
        if (
            self.connection_string is not None
            and dict(settings_of(self.connection_string)).get("accountname") != _STAND_IN
        ):
            raise ValueError(
                f"only the connection string of a stand-in (AccountName={_STAND_IN}) may carry a key: give the URL of "
                "the account, and let a managed identity sign in"
            )


@dataclass(frozen=True)
class TelemetryHubOptions:
    """Which hub is read, by which consumer group, and how."""

    address: HubAddress
    checkpoints: CheckpointOptions
    consumer_group: str = DEFAULT_GROUP
    """Its letters are small where a scaler reads the checkpoints: the store writes no others."""
    start: Start | datetime = "earliest"
    """Where a partition begins of which nobody has read anything."""
    batch_events: int = BATCH_EVENTS
    """Events of a partition that are judged at once, at most."""
    balance_s: float = BALANCE_S
    """How often processes look whether partitions are shared out evenly."""
    lease_s: float = 3 * BALANCE_S
    """After which time without a sign of its owner others take a partition."""
    time_unit: TimeUnit = "auto"
