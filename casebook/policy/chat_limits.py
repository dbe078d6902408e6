"""How much one user may write, and how often a turn is started again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)
MAX_STARTS = 5
"""A turn that nobody is asked about is given up after so many orchestrations."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)


def pause_before_restart(failures: int) -> timedelta:
    """How long after its last start a turn may be started again that failed so often: twice as long each time."""
    return min(FIRST_PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE) if failures else timedelta(0)


@dataclass(frozen=True)
class ChatLimits:
    """Limits of one user's conversation."""

    per_minute: int = 20
    """Messages."""
    open_turns: int = 20
    """Messages that wait for their replies."""
    turns: int = 10_000
    """Messages of one conversation."""

    def wait_for_rate(self, received: Sequence[datetime], now: datetime) -> timedelta | None:
        """How long to wait until the next message; None when it may come now.

        `received`: when the user's newest messages came, at least `per_minute` of those within a minute, the newest
        first.
        """
        if len(received) < self.per_minute:
            return None
        left = received[self.per_minute - 1] + WINDOW - now
        return left if left > timedelta(0) else None


DEFAULT_LIMITS = ChatLimits()
