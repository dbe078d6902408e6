"""How many streams and sockets one session has open."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from backend.services.errors import ServiceError

MAX_OPEN = 40
"""A tab has one stream, and one socket for a case that it shows."""


class TooManyStreams(ServiceError):
    """The session has as many streams and sockets as it may."""

    id = "too-many-streams"
    status = 429
    retry_after_s = 10

    def __init__(self) -> None:
        super().__init__(f"This session has {MAX_OPEN} streams and sockets open: close one before you open another.")


class OpenStreams:
    """Counts them, and refuses more."""

    def __init__(self, most: int = MAX_OPEN) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def one(self, session_id: str) -> Generator[None]:
        """While inside, one more is open. Raises TooManyStreams."""
        if self._open[session_id] >= self._most:
            raise TooManyStreams
        self._open[session_id] += 1
        try:
            yield
        finally:
            self._open[session_id] -= 1
            if not self._open[session_id]:
                del self._open[session_id]
