"""How much time and room a connection gets."""

from dataclasses import dataclass

MAX_CONNECTIONS = 1_000
OTHER_FILES = 480


@dataclass(frozen=True)
class ConnectionLimits:
    """What a client may take before it is cut off. Times are seconds."""

    header_bytes: int = 64 * 1024
    """Of a request line and its headers."""
    header_fields: int = 100
    header_s: float = 10.0
    """From connecting, or from the first byte of a further request, to the end of its headers."""
    body_s: float = 30.0
    """From the end of the headers to the end of the body."""
    body_bytes_per_s: int = 40_000
    """A body that comes at least as fast may take longer: only a file is large enough for that to matter."""
    idle_s: int = 60
    """Between two requests of one connection."""
    write_s: float = 60.0
    """How long a client may take none of its answer."""
    linger_s: float = 5.0
    """How long what a client still sends is thrown away after it was refused, so that it can read why."""
    connections: int = MAX_CONNECTIONS
    """At once, streams and sockets included."""
    spare_connections: int = 20
    """Beyond these, which answer probes, and tell everybody else to come later."""

    @property
    def open_files(self) -> int:
        """What a process with so many connections needs, with what is refused and all else that it opens."""
        return self.connections + self.spare_connections + OTHER_FILES


DEFAULT_LIMITS = ConnectionLimits()
