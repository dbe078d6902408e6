"""A circuit breaker: it opens for a deployment that keeps failing, and later lets one call probe it."""

import random
from collections.abc import Callable
from threading import Lock

from runtime.backoff import Backoff, Draw

LONGEST_OPEN_S = 60.0
LONGEST_RETRY_AFTER_S = 300.0
"""However long a pause the server names: after that a call probes whether it has come back earlier."""
RECENTLY_S = 30.0
"""How long after a failure other deployments are preferred."""


class CircuitBreaker:
    """Closed: calls pass. Open: none does, for `open_for` seconds. Then one call probes, and closes or opens it again.

    It opens after some failures in a row, or at once when the server sends `Retry-After`. Each failed probe doubles the
    time, up to LONGEST_OPEN_S. Safe for threads.
    """

    def __init__(
        self, failures: int, open_for: float, monotonic: Callable[[], float], draw: Draw = random.random
    ) -> None:
        self._failures_to_open = failures
        self._backoff = Backoff(open_for, LONGEST_OPEN_S, draw)
        self._monotonic = monotonic
        self._lock = Lock()
        self._in_a_row = 0
        self._failed_at: float | None = None
        self._opened = 0
        """How often it opened since the last success."""
        self._open_until: float | None = None
        self._probing = False
        self._why = ""

    @property
    def why(self) -> str:
        """The last failure's sentence."""
        return self._why

    @property
    def has_failed_lately(self) -> bool:
        """Whether another deployment is the better first choice."""
        with self._lock:
            return self._failed_at is not None and self._monotonic() - self._failed_at < RECENTLY_S

    def allow(self) -> bool:
        """Whether a call may be made now. Who gets True ends with one of the methods below."""
        with self._lock:
            if self._open_until is None:
                return True
            if self._probing or self._monotonic() < self._open_until:
                return False
            self._probing = True
            return True

    def retry_in(self) -> float:
        """Seconds until a call may pass; 0 when one may pass now."""
        with self._lock:
            if self._open_until is None:
                return 0.0
            # While another call probes, its outcome is not known yet: ask again soon.
            return max(1.0 if self._probing else 0.0, self._open_until - self._monotonic())

    def succeeded(self) -> None:
        """The endpoint answered: all is well."""
        with self._lock:
            self._in_a_row = self._opened = 0
            self._failed_at = self._open_until = None
            self._probing = False

    def failed(self, why: str, retry_after_s: float | None) -> None:
        """The endpoint did not answer; `retry_after_s` is the pause that it named itself."""
        with self._lock:
            now = self._monotonic()
            self._why, self._failed_at = why, now
            self._in_a_row += 1
            was_probing, self._probing = self._probing, False
            if retry_after_s is not None:
                self._open_until = max(self._open_until or now, now + min(retry_after_s, LONGEST_RETRY_AFTER_S))
            if was_probing or self._in_a_row == self._failures_to_open:
                open_for = self._backoff.delay_s(self._opened)
                self._opened += 1
                self._open_until = max(self._open_until or now, now + open_for)

    def doubted(self) -> None:
        """The endpoint did not answer in less than its time: another is preferred for a while, nothing is counted."""
        with self._lock:
            self._failed_at = self._monotonic()
            self._probing = False

    def abandoned(self) -> None:
        """The call ended without telling anything about the endpoint."""
        with self._lock:
            self._probing = False
