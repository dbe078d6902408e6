"""Admission control: only so many cases are investigated at a time, the oldest first."""

import logging

log = logging.getLogger("casewright.relay")

INVESTIGATIONS_AT_ONCE = 100


class AdmissionControl:
    """Counts the slots for investigations. Without it, each case of a flood would wait for all others."""

    def __init__(self, limit: int = INVESTIGATIONS_AT_ONCE) -> None:
        self.slots = limit
        """How many more cases may be started now."""
        self.throttled = False
        """Whether older cases wait for a slot: then no new one overtakes them."""
        self._limit = limit

    def try_acquire(self) -> bool:
        """Take a slot for a case that was just opened. False: it waits for its turn."""
        if self.throttled or not self.slots:
            return False
        self.slots -= 1
        return True

    def recount(self, busy: int) -> None:
        """`busy` cases are being investigated."""
        self.slots = max(0, self._limit - busy)

    def throttle(self, cases_wait: bool) -> None:
        """Whether cases were left waiting because no slot was free."""
        if cases_wait and not self.throttled:
            log.warning("%d cases are being investigated: the others wait for their turn.", self._limit)
        elif self.throttled and not cases_wait:
            log.info("no case waits for its turn any more")
        self.throttled = cases_wait
