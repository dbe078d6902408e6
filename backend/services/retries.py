"""When to try again what was refused."""

from collections.abc import Callable

FIRST_S = 5.0
LAST_S = 300.0


class Retries:
    """Remembers what was refused and lets each wait for itself: 5 seconds, then ever longer, at most 5 minutes.

    `clock` gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refused: dict[str, tuple[float, float]] = {}

    def is_due(self, item: str) -> bool:
        """Whether `item` may be tried: it was never refused, or has waited long enough since."""
        due, _ = self._refused.get(item, (0.0, 0.0))
        return item not in self._refused or self._clock() >= due

    def postpone(self, item: str) -> bool:
        """Let `item` wait, longer each time. Whether this is the first time."""
        _, waited = self._refused.get(item, (0.0, 0.0))
        wait = min(max(waited * 2, FIRST_S), LAST_S)
        self._refused[item] = (self._clock() + wait, wait)
        return not waited

    def forget(self, item: str) -> None:
        """`item` went through, or is no longer wanted."""
        self._refused.pop(item, None)
