"""When refused deliveries are retried."""

from collections.abc import Callable

from runtime.backoff import Backoff

BACKOFF = Backoff(first_s=5.0, longest_s=300.0)


class Retries:
    """Remembers what was refused and lets each wait for itself: first 5 seconds, at most 5 minutes.

    `clock` gives seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refused: dict[str, tuple[float, int]] = {}

    def is_due(self, item: str) -> bool:
        """Whether `item` may be tried: it was never refused, or has waited long enough since."""
        due, _ = self._refused.get(item, (0.0, 0))
        return item not in self._refused or self._clock() >= due

    def postpone(self, item: str) -> bool:
        """Let `item` wait, longer each time. Whether this is the first time."""
        _, refusals = self._refused.get(item, (0.0, 0))
        self._refused[item] = (self._clock() + BACKOFF.delay_s(refusals), refusals + 1)
        return not refusals

    def forget(self, item: str) -> None:
        """`item` went through, or is no longer wanted."""
        self._refused.pop(item, None)
