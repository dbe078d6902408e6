"""Which event hub, and how it lets this process in. Apart from the SDK: its packages take long to import."""

from collections.abc import Iterator
from dataclasses import dataclass, field

_EMULATOR = ("usedevelopmentemulator", "true")


@dataclass(frozen=True)
class HubAddress:
    """A hub and where it is. Raises ValueError with a phrase for whoever set it."""

    hub: str
    namespace: str | None = None
    """Its host, such as `contoso.servicebus.windows.net`; it is asked with this process's managed identity."""
    connection_string: str | None = field(default=None, repr=False)
    """Of the emulator only."""

    def __post_init__(self) -> None:
        if not self.hub:
            raise ValueError("the event hub has no name")
        if (self.namespace is None) == (self.connection_string is None):
            raise ValueError("give either a namespace or the connection string of the emulator")
        if self.connection_string is not None and _EMULATOR not in set(settings_of(self.connection_string)):
            raise ValueError(
                "only the emulator's connection string (UseDevelopmentEmulator=true) may carry a key: give the "
                "namespace, and let a managed identity sign in"
            )


def settings_of(connection_string: str) -> Iterator[tuple[str, str]]:
    """The names, in small letters, and values of a connection string."""
    for part in connection_string.split(";"):
        name, _, value = part.partition("=")
        yield name.strip().lower(), value.strip()
