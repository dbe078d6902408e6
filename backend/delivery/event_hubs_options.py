"""Which event hub domain events are sent to, and how. Apart from the sender: its packages take long to import."""

from dataclasses import dataclass
from typing import Literal

from runtime.event_hub_address import HubAddress

Compression = Literal["none", "gzip"]

MAX_BATCH_EVENTS = 500
MIN_BATCH_BYTES = 8_192
"""Any event fits into a batch of so many bytes: one that did not would hold up all others for ever."""


@dataclass(frozen=True)
class EventHubsOptions(HubAddress):
    """Which hub, and how it is sent to. Raises ValueError with a phrase for whoever set it."""

    batch_events: int = MAX_BATCH_EVENTS
    """Events of one batch, at most."""
    batch_bytes: int | None = None
    """Bytes of one batch, at most; None: as many as the hub takes."""
    compression: Compression = "none"
    """How the body of an event is packed."""
