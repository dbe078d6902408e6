"""The case log as this process follows it: read once, shown to every watcher.

A watcher holds nothing but the `seq` that it has seen. It reads on from there: from a bounded window of the
newest messages, or from the casebook when it is further behind. So a slow watcher costs no memory, a resumed
one needs no other path than a live one, and each gets every event once and in order.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

from backend.live.messages import AlertMessage, CaseMessage, CaseStatusMessage
from backend.live.pulse import Pulse
from backend.threads import Threads
from casebook.errors import CasebookUnavailable
from contracts.alert import Alert
from contracts.case import CaseEvent, CaseProgress, CaseSummary

log = logging.getLogger("casewright.feed")

WINDOW = 2_000
BATCH = 200
EAGER_S = 0.005
"""While another process is expected to act on what this one has just written."""
EAGER_LOOKS = 60
ACTIVE_S = 0.025
QUIET_S = 0.1
# With nobody watching, the log is followed only so closely that a new watcher starts near its end.
UNWATCHED_S = 0.5
ACTIVE_LOOKS = 80


class CaseLog(Protocol):
    """What the feed reads of the casebook."""

    def events_after(self, seq: int, limit: int = 500) -> list[CaseEvent]:
        """Events after `seq`, in order."""
        ...

    def last_seq(self) -> int:
        """The newest event's `seq`."""
        ...

    def summary(self, case_id: str) -> CaseSummary:
        """The case's row as it is now."""
        ...

    def standing(self, case_id: str) -> tuple[CaseSummary, CaseProgress]:
        """The case's row and its progress, as of one instant."""
        ...


@dataclass(frozen=True)
class LogMessage:
    """One line of the log, encoded once for all watchers."""

    seq: int
    case_id: str
    case_json: str
    """A `CaseMessage`."""
    alert_json: str | None
    """An `AlertMessage`, for the line that opens a case."""


class CaseFeed:
    """Follows the case log. `run` must be running for anything new to appear."""

    def __init__(self, case_log: CaseLog, threads: Threads, pulse: Pulse, window: int = WINDOW) -> None:
        self._log = case_log
        self._threads = threads
        self._pulse = pulse
        self._window: deque[LogMessage] = deque(maxlen=window)
        self._last_seq = 0
        self._woken = asyncio.Event()
        self._eager = 0
        self._statuses: dict[str, tuple[int, CaseStatusMessage]] = {}

    @property
    def last_seq(self) -> int:
        """The newest `seq` that watchers can read."""
        return self._last_seq

    async def start(self) -> None:
        """Begin at the end of the log: what happened before is read only by who asks for it."""
        self._last_seq = await self._threads.run(self._log.last_seq)

    def wake(self, *, expect_more: bool = False) -> None:
        """Look at the log now: this process has just written to it.

        `expect_more`: another process will act on that at once, and somebody waits for what comes of it.
        """
        if expect_more:
            self._eager = EAGER_LOOKS
        self._woken.set()

    async def run(self) -> None:
        """Follow the log until cancelled. What the casebook cannot answer now is asked again later."""
        looks = 0
        while True:
            self._woken.clear()
            try:
                found = await self._read_log(self._last_seq)
            except CasebookUnavailable as error:
                log.warning("%s", error)
                await asyncio.sleep(UNWATCHED_S)
                continue
            if found:
                self._window.extend(found)
                self._last_seq = found[-1].seq
                self._pulse.beat()
                looks = ACTIVE_LOOKS
            if len(found) < BATCH:
                looks, self._eager = max(0, looks - 1), max(0, self._eager - 1)
                await self._rest(self._pace(active=looks > 0))

    async def resume_after(self, last_event_id: int | None) -> int:
        """Where a watcher goes on: after the event that it saw last, or now.

        An id from beyond the end of the log is from another log: then too it goes on now.
        """
        newest = await self._threads.run(self._log.last_seq)
        self._woken.set()
        return newest if last_event_id is None or last_event_id > newest else last_event_id

    async def read_after(self, seq: int) -> Sequence[LogMessage]:
        """The next messages after `seq`. Empty when there are none yet."""
        if seq >= self._last_seq:
            return ()
        if self._window and self._window[0].seq <= seq + 1:
            newer = takewhile(lambda message: message.seq > seq, reversed(self._window))
            return list(newer)[::-1]
        return [message for message in await self._read_log(seq) if message.seq <= self._last_seq]

    async def status_of(self, case_id: str) -> CaseStatusMessage:
        """How a case stands now. Those who ask again before anything happens share the reading. Raises CaseNotFound."""
        at = self._last_seq
        known = self._statuses.get(case_id)
        if known is not None and known[0] == at:
            return known[1]
        status = await self._threads.run(_read_status, self._log, case_id)
        if self._last_seq == at:
            self._statuses = {k: v for k, v in self._statuses.items() if v[0] == at} | {case_id: (at, status)}
        return status

    def _pace(self, *, active: bool) -> float:
        if not self._pulse.watchers:
            return ACTIVE_S if active else UNWATCHED_S
        return EAGER_S if self._eager else ACTIVE_S if active else QUIET_S

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _read_log(self, seq: int) -> list[LogMessage]:
        return await self._threads.run(_read_messages, self._log, seq)


def _read_messages(log: CaseLog, seq: int) -> list[LogMessage]:
    events = log.events_after(seq, BATCH)
    cases = {case_id: log.summary(case_id) for case_id in {event.case_id for event in events}}
    return [_encode(event, cases[event.case_id]) for event in events]


def _encode(event: CaseEvent, case: CaseSummary) -> LogMessage:
    alert_json = None
    if event.type == "case_opened":
        alert = Alert.model_validate(event.data["alert"])
        alert_json = AlertMessage(seq=event.seq, case_id=event.case_id, alert=alert, case=case).model_dump_json()
    message = CaseMessage(seq=event.seq, event=event, case=case)
    return LogMessage(event.seq, event.case_id, message.model_dump_json(), alert_json)


def _read_status(log: CaseLog, case_id: str) -> CaseStatusMessage:
    case, progress = log.standing(case_id)
    return CaseStatusMessage(type="change", seq=case.last_seq, case=case, progress=progress)
