"""The change feed: tails the case log once per process, for all watchers.

A watcher keeps only the `seq` that it has seen, and continues from there: from a bounded window of the
newest messages, or from the casebook when it is further behind. So a slow watcher uses no memory, a resumed
watcher takes the same path as a live one, and each gets every event once and in order.

The log is read when somebody has written. Without watchers nothing is read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Protocol

from pydantic import ValidationError

from backend.executor import BlockingExecutor
from backend.live.broadcast import Broadcast
from backend.live.framing import framed
from backend.live.messages import AlertMessage, CaseMessage, CaseStatusMessage
from backend.personal_data.masking import NOBODY, Masker, masked_json
from casebook.errors import CasebookUnavailable
from casebook.queries.change_feed import ChangeDetector, LogChange
from contracts.alert import Alert
from contracts.case import CaseProgress, CaseSummary

log = logging.getLogger("casewright.feed")

WINDOW = 2_000
BATCH = 200
RETRY_S = 0.5
"""Until a casebook that did not answer is asked again: nothing tells when it will."""
EAGER_FOR_S = 0.3
"""How long another process is expected to take to act on what this one has just written."""
ACTIVE_FOR_S = 2.0


@dataclass(frozen=True)
class Pace:
    """Seconds between two looks whether there is anything to read."""

    eager: float
    """While somebody waits for what comes of a decision."""
    active: float
    quiet: float


BY_DETECTOR = Pace(eager=0.002, active=0.02, quiet=0.02)
"""Where the database tells that something was written, which costs microseconds."""
BY_READING = Pace(eager=0.005, active=0.025, quiet=0.1)
"""Where each look is a statement."""


class KnownMaskers(Protocol):
    """Who the customers of cases are, as far as that is on record."""

    def maskers_of(self, cases: Mapping[str, int | None]) -> Mapping[str, Masker]:
        """By case: what masks messages about it. `cases`: the number of each one's customer, if it is known."""
        ...


class _Nobody:
    def maskers_of(self, cases: Mapping[str, int | None]) -> Mapping[str, Masker]:
        return dict.fromkeys(cases, NOBODY)


class CaseLog(Protocol):
    """What the feed reads of the casebook."""

    def changes_after(self, seq: int, limit: int) -> Sequence[LogChange]:
        """Events after `seq`, in order, with their cases as of one instant."""
        ...

    def last_seq(self) -> int:
        """The newest event's `seq`."""
        ...

    def case_state(self, case_id: str) -> tuple[CaseSummary, CaseProgress]:
        """The case's row and its progress, as of one instant."""
        ...

    def open_change_detector(self) -> ChangeDetector | None:
        """What tells that somebody has written, if anything does."""
        ...


@dataclass(frozen=True)
class LogMessage:
    """One line of the log, masked, encoded and framed once for all watchers."""

    change: LogChange
    masker: Masker = NOBODY

    @property
    def seq(self) -> int:
        """The line's number."""
        return self.change.event.seq

    @property
    def case_id(self) -> str:
        """The case that it is about."""
        return self.change.event.case_id

    @cached_property
    def case_json(self) -> str:
        """A `CaseMessage`, masked."""
        return masked_json(self.masker, CaseMessage(seq=self.seq, event=self.change.event, case=self.change.case))

    @cached_property
    def alert_json(self) -> str | None:
        """An `AlertMessage`, masked, for the line in which an alert opens a case."""
        event = self.change.event
        if event.type != "case_opened" or event.data.get("alert") is None:
            return None
        alert = Alert.model_validate(event.data["alert"])
        message = AlertMessage(seq=self.seq, case_id=self.case_id, alert=alert, case=self.change.case)
        return masked_json(self.masker, message)

    @cached_property
    def case_event(self) -> bytes:
        """The `CaseMessage` as it is sent."""
        return framed("case", self.case_json, self.seq)

    @cached_property
    def alert_event(self) -> bytes | None:
        """The `AlertMessage` as it is sent."""
        return None if self.alert_json is None else framed("alert", self.alert_json, self.seq)


class ChangeFeed:
    """Follows the case log. `run` must be running for anything new to appear."""

    def __init__(
        self,
        case_log: CaseLog,
        threads: BlockingExecutor,
        broadcast: Broadcast,
        window: int = WINDOW,
        known: KnownMaskers | None = None,
    ) -> None:
        self._known = known or _Nobody()
        self._log = case_log
        self._threads = threads
        self._broadcast = broadcast
        self._window: deque[LogMessage] = deque(maxlen=window)
        self._last_seq = 0
        self._woken = asyncio.Event()
        self._awaited: dict[str, float] = {}
        self._active_until = 0.0
        self._detector: ChangeDetector | None = None
        self._statuses: dict[str, CaseStatusMessage] = {}

    @property
    def last_seq(self) -> int:
        """The newest `seq` that watchers can read."""
        return self._last_seq

    async def start(self) -> None:
        """Begin at the end of the log: what happened before is read only by who asks for it."""
        newest = await self._threads.run(self._log.last_seq)
        self._window.clear()
        self._statuses = {}
        self._last_seq = newest
        self._broadcast.notify_all()

    def wake(self, *, awaiting: str | None = None) -> None:
        """Read the log now: this process has just written to it.

        `awaiting`: another process will act on this case at once, and somebody waits until it is closed.
        """
        if awaiting is not None:
            self._awaited[awaiting] = asyncio.get_running_loop().time() + EAGER_FOR_S
        self._woken.set()

    async def run(self) -> None:
        """Follow the log until cancelled. What the casebook cannot answer now is asked again later."""
        try:
            while True:
                try:
                    await self._follow()
                except CasebookUnavailable as error:
                    log.warning("%s", error)
                    await asyncio.sleep(RETRY_S)
        finally:
            if self._detector is not None:
                self._detector.close()

    async def _follow(self) -> None:
        if self._detector is None:
            self._detector = await self._threads.run(self._log.open_change_detector)
        while True:
            if not self._broadcast.watchers:
                await self._sleep_until_watched()
            self._woken.clear()
            if self._detector is not None:
                # What is written from here on counts as new, whether the reading below sees it or not.
                self._detector.changed()
            found, statuses = await self._threads.run(self._read_new, self._last_seq)
            if found:
                self._show(found, statuses)
            if len(found) < BATCH:
                await self._rest()

    async def _sleep_until_watched(self) -> None:
        while not self._broadcast.watchers:
            self._woken.clear()
            await self._woken.wait()
        # A new watcher starts at the end of the log, or reads what it missed from the casebook.
        await self.start()

    def _show(self, found: Sequence[LogMessage], statuses: dict[str, CaseStatusMessage]) -> None:
        self._window.extend(found)
        self._last_seq = found[-1].seq
        self._statuses = statuses
        self._active_until = asyncio.get_running_loop().time() + ACTIVE_FOR_S
        for message in found:
            if message.change.case.state == "closed":
                self._awaited.pop(message.case_id, None)
        self._broadcast.notify_all()

    async def resume_after(self, last_event_id: int | None) -> int:
        """Where a watcher resumes: after the event that it saw last, or now.

        An id beyond the end of the log is from another log: then it starts now.
        The caller must be counted as a watcher already.
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
        older = await self._threads.run(self._messages_after, seq)
        return [message for message in older if message.seq <= self._last_seq]

    async def status_of(self, case_id: str, seen: int) -> CaseStatusMessage:
        """The current state of a case, masked, including all events up to `seen`. Raises CaseNotFound.

        Those who ask before anything more happens share one reading, which is mostly the one that showed the event.
        """
        at = self._last_seq
        known = self._statuses.get(case_id)
        if known is not None and seen <= at:
            return known
        status = await self._threads.run(self._read_status, case_id)
        if self._last_seq == at:
            self._statuses[case_id] = status
        return status

    def _read_status(self, case_id: str) -> CaseStatusMessage:
        case, progress = self._log.case_state(case_id)
        return _status(case, progress, self._known.maskers_of({case_id: case.customer_id})[case_id])

    async def _rest(self) -> None:
        """Return when there may be something to read, or when nobody watches any more."""
        loop = asyncio.get_running_loop()

        # A timer and no task: it polls hundreds of times a second while somebody waits for the result of a decision.
        def look() -> None:
            nonlocal timer
            if self._detector is None or self._detector.changed() or not self._broadcast.watchers:
                self._woken.set()
            else:
                timer = loop.call_later(self._pause(), look)

        timer = loop.call_later(self._pause(), look)
        try:
            await self._woken.wait()
        finally:
            timer.cancel()

    def _pause(self) -> float:
        pace = BY_READING if self._detector is None else BY_DETECTOR
        now = asyncio.get_running_loop().time()
        if self._awaited:
            self._awaited = {case: until for case, until in self._awaited.items() if now < until}
        return pace.eager if self._awaited else pace.active if now < self._active_until else pace.quiet

    def _read_new(self, seq: int) -> tuple[list[LogMessage], dict[str, CaseStatusMessage]]:
        """What there is after `seq`, and what has become of each case, masked: in a thread."""
        found = self._messages_after(seq)
        newest = {message.case_id: message for message in found}
        return found, {
            case_id: _status(message.change.case, message.change.progress, message.masker)
            for case_id, message in newest.items()
        }

    def _messages_after(self, seq: int) -> list[LogMessage]:
        changes = self._log.changes_after(seq, BATCH)
        if not changes:
            return []
        maskers = self._known.maskers_of({change.case.case_id: change.case.customer_id for change in changes})
        messages = [LogMessage(change, maskers[change.case.case_id]) for change in changes]
        for message in messages:
            # Here, in a thread: an alert may be large, and those who follow wait for nobody's mask.
            _ = message.alert_event or message.case_event
        return messages


def _status(case: CaseSummary, progress: CaseProgress, masker: Masker) -> CaseStatusMessage:
    message = CaseStatusMessage(type="change", seq=case.last_seq, case=case, progress=progress)
    try:
        return CaseStatusMessage.model_validate_json(masked_json(masker, message))
    except ValidationError:
        # A name that is a word of ours as well: those who follow other cases must not miss theirs.
        log.exception("The status of %s is shown without the names of its customer masked.", case.case_id)
        return CaseStatusMessage.model_validate_json(masked_json(NOBODY, message))
