"""Retries: the only place where a transient fault of the model or of the tool server is retried."""

import logging
from collections.abc import Callable
from typing import TypeVar
from zlib import crc32

from runtime.backoff import Backoff
from worker.agents.limits import Limits
from worker.ports.model import ModelUnavailable
from worker.ports.tools import ToolsUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

LEAST_PAUSE_S = 0.05
"""A server that names no pause, or one of nothing, is not asked in a tight loop."""


class RetriesExhausted(Exception):
    """Asking again is no use within the limits; the message is the last fault's own sentence."""


class RetryPolicy:
    """How often one run may still ask again, and how long it waits before it does."""

    def __init__(self, limits: Limits, name: str, pause: Callable[[float], None]) -> None:
        """`name` spreads the pauses of runs that failed at the same moment; `pause` waits for so many seconds."""
        self._limits = limits
        self._name = name
        self._pause = pause
        self.retries = 0
        self.last_fault: str | None = None
        """The sentence of the fault that is being asked about again; None when nothing is."""

    def ask(self, once: Callable[[], T], seconds_left: Callable[[], float]) -> T:
        """What `once` returns, asked again while that may help. Raises GivenUp, and whatever else `once` raises."""
        while True:
            try:
                answer = once()
            except (ModelUnavailable, ToolsUnavailable) as fault:
                self.last_fault = str(fault)
                self._wait(fault, seconds_left())
            else:
                self.last_fault = None
                return answer

    def _wait(self, fault: ModelUnavailable | ToolsUnavailable, left_s: float) -> None:
        named_s = fault.retry_after_s if isinstance(fault, ModelUnavailable) else None
        was_asked = not isinstance(fault, ModelUnavailable) or fault.asked
        if self.retries >= self._limits.retries and was_asked:
            raise RetriesExhausted(str(fault)) from fault
        wait_s = max(LEAST_PAUSE_S, named_s) if named_s is not None else self._own_pause_s()
        if wait_s >= left_s:
            raise RetriesExhausted(str(fault)) from fault
        self.retries += was_asked
        log.info("%s: asking again in %.1f s, because: %s", self._name, wait_s, fault)
        self._pause(wait_s)

    def _own_pause_s(self) -> float:
        spread = crc32(f"{self._name} {self.retries}".encode()) % 1000 / 1000
        return Backoff(self._limits.first_pause_s, draw=lambda: spread).delay_s(self.retries)
