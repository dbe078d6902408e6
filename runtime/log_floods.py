"""Keeps what anybody can cause, who is not even known, from filling the log."""

import logging
import time
from collections.abc import Callable

PER_MINUTE = 60
"""Lines of one logger, below errors."""


class FloodLimit(logging.Filter):
    """Lets so many lines of a logger through in a minute; the next one says how many were left out. Errors all pass."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._minute_ends = 0.0
        self._passed = self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written."""
        if record.levelno >= logging.ERROR:
            return True
        if self._monotonic() >= self._minute_ends:
            self._minute_ends, self._passed = self._monotonic() + 60, 0
        if self._passed >= PER_MINUTE:
            self._left_out += 1
            return False
        self._passed += 1
        if self._left_out:
            # Before its values are put into it: a line that cannot be written must not end who writes it.
            record.msg = f"{record.msg} ({self._left_out} more lines were left out before)"
            self._left_out = 0
        return True
