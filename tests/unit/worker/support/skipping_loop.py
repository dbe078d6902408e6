"""An event loop on which waiting takes no time: its clock goes on to the moment that somebody waits for."""

import asyncio
import selectors

LOOK_S = 1e-9
"""What each look takes: whoever waits for less than the clock can say would wait for ever."""


class _Skipping(selectors.SelectSelector):
    """Finds what is there already, and notes how long it was to wait for more."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # nobody waits for a moment: what comes is from outside
            return super().select(None)
        self.skipped_s += max(timeout, LOOK_S)
        return super().select(0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its time passes while everybody waits, and only then. For what talks to nobody outside."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds since it was made."""
        return self._skipping.skipped_s
