"""Which event hub domain events are sent to, and how. Apart from the sender: its packages take long to import."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Compression = Literal["none", "gzip"]

MAX_BATCH_EVENTS = 500
MIN_BATCH_BYTES = 8_192
"""Any event fits into a batch of so many bytes: one that did not would hold up all others for ever."""
_EMULATOR = ("usedevelopmentemulator", "true")


@dataclass(frozen=True)
class EventHubsOptions:
    """Which hub, and how it is sent to. Raises ValueError with a phrase for whoever set it."""

    hub: str
    namespace: str | None = None
    """Its host, such as `contoso.servicebus.windows.net`; it is asked with this process's managed identity."""
    connection_string: str | None = field(default=None, repr=False)
    """Of the emulator only."""
    batch_events: int = MAX_BATCH_EVENTS
    """Events of one batch, at most."""
    batch_bytes: int | None = None
    """Bytes of one batch, at most; None: as many as the hub takes."""
    compression: Compression = "none"
    """How the body of an event is packed."""

    def __post_init__(self) -> None:
        if not self.hub:
            raise ValueError("the event hub has no name")
        if (self.namespace is None) == (self.connection_string is None):
            raise ValueError("give either a namespace or the connection string of the emulator")
        if self.connection_string is not None and not _is_emulators(self.connection_string):
            raise ValueError(
                "only the emulator's connection string (UseDevelopmentEmulator=true) may carry a key: give the "
                "namespace, and let a managed identity sign in"
            )


def _is_emulators(connection_string: str) -> bool:
    return _EMULATOR in set(_settings_of(connection_string))


def _settings_of(connection_string: str) -> Iterator[tuple[str, str]]:
    for part in connection_string.split(";"):
        name, _, value = part.partition("=")
        yield name.strip().lower(), value.strip()
