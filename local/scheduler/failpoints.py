"""Failpoints: named points at which a test can crash the scheduler.

`CASEWRIGHT_SCHEDULER_FAILPOINT=name:n` ends the process, as `kill -9` would, when `name` is reached for the n-th time.
Read once at start-up; without it, reaching a point costs one comparison.
"""

import os
import signal

POINTS = (
    "after-apply",  # an operation has run, its transaction is open
    "before-commit",
    "after-commit",  # in the log, not yet forced to disk
    "before-flush",
    "after-flush",  # on disk, no call is answered yet
    "after-answer",  # waiting calls are answered, work is not delivered yet
    "before-send",  # a work item is leased on disk and about to be sent
    "after-send",
    "before-timers",
    "after-timers",
    "during-checkpoint",
)


class Failpoints:
    """Counts down to the one armed failpoint."""

    def __init__(self, spec: str | None) -> None:
        """`spec` is `name:n`; raises ValueError for an unknown name."""
        self._name: str | None = None
        self._left = 0
        if spec:
            name, _, count = spec.partition(":")
            if name not in POINTS:
                raise ValueError(f"CASEWRIGHT_SCHEDULER_FAILPOINT names no failpoint: '{name}'.")
            self._name, self._left = name, int(count or "1")

    def hit(self, name: str) -> None:
        """Dies here when this is the armed point."""
        if self._name is None or self._name != name:
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
