"""Follows the turns of conversations: once per process, for everybody who waits for a reply or watches."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from backend.waiting import wait_for
from casebook.async_api import AsyncChat
from casebook.errors import CasebookUnavailable
from casebook.queries.change_feed import ChangeDetector
from casebook.queries.chat import TurnChange
from contracts.chat import ENDED

log = logging.getLogger("casewright.feed")

BATCH = 500
LOOK_S = 0.01
"""Between two looks where the database tells that something was written."""
READ_S = 0.05
"""Between two looks where each is a statement."""
RETRY_S = 0.5
"""Until a casebook that did not answer is asked again: nothing tells when it will."""
EXPECTED_FOR_S = 120.0
"""How long a turn is followed for which nobody waits: the user's next one waits for its end."""


WINDOW = 1_000
"""How many of the newest states watchers can read."""


class TurnFeed:
    """Tells what has become of turns. Reads only while one is awaited, expected or watched; `run` must be running.

    `on_change` is called when watchers have something to read, `on_end` when turns have ended: the next turns of their
    users can begin.
    """

    def __init__(
        self,
        record: AsyncChat,
        open_detector: Callable[[], ChangeDetector | None],
        on_change: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self._record = record
        self._open_detector = open_detector
        self._on_change = on_change
        self._on_end = on_end
        self._watchers = 0
        self._window: deque[TurnChange] = deque(maxlen=WINDOW)
        self._number = 0
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._expected: dict[str, float] = {}
        """Until when each is followed, by the loop's time."""
        self._wanted = asyncio.Event()
        self._following = asyncio.Event()
        self._last = 0
        self._detector: ChangeDetector | None = None

    def expect(self, turn_id: str) -> None:
        """A turn was queued, and somebody's next one may wait for its end."""
        self._expected[turn_id] = asyncio.get_running_loop().time() + EXPECTED_FOR_S
        self._wanted.set()

    async def wait_for_end(self, turn_id: str, seconds: float | None) -> bool:
        """Whether the turn has ended within this time; None: however long it takes. Raises TurnNotFound."""
        ended = asyncio.Event()
        self._waiting.setdefault(turn_id, set()).add(ended)
        self._wanted.set()
        try:
            if (await self._record.turn(turn_id)).state in ENDED:
                return True
            await wait_for(ended, seconds)
            return ended.is_set()
        finally:
            others = self._waiting[turn_id]
            others.discard(ended)
            if not others:
                del self._waiting[turn_id]

    @property
    def number(self) -> int:
        """How many states there were for watchers."""
        return self._number

    def after(self, number: int) -> Sequence[TurnChange]:
        """The states after this one, in order; of very many, the newest."""
        missing = min(self._number - number, len(self._window))
        return [*self._window][len(self._window) - missing :]

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Counts the caller as a watcher while inside: whatever changes from there on is shown."""
        self._watchers += 1
        self._wanted.set()
        try:
            await self._following.wait()
            yield
        finally:
            self._watchers -= 1

    def leave(self) -> None:
        """Nobody waits any longer: the process stops."""
        self._following.set()
        for waiting in self._waiting.values():
            for ended in waiting:
                ended.set()

    async def run(self) -> None:
        """Follow until cancelled. What the casebook cannot answer now is asked again later."""
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
            self._detector = await asyncio.to_thread(self._open_detector)
        await self._catch_up()
        self._following.set()
        more = True
        while True:
            if not self._is_wanted():
                self._wanted.clear()
                self._following.clear()
                await self._wanted.wait()
                await self._catch_up()
                self._following.set()
            # What is written from here on counts as new, whether the reading below sees it or not.
            changed = self._detector is None or self._detector.changed()
            if not (changed or more):
                await asyncio.sleep(LOOK_S)
                continue
            found = await self._record.turns_after(self._last, BATCH)
            ended = [each.turn_id for each in found if each.state in ENDED]
            self._last = found[-1].change if found else self._last
            self._show(found)
            self._tell(ended)
            more = len(found) == BATCH
            if self._detector is None and not more:
                await asyncio.sleep(READ_S)

    async def _catch_up(self) -> None:
        """Begin at the newest change. What had ended before is found one by one: few are awaited then."""
        self._last = await self._record.last_change()
        states = {turn_id: (await self._record.turn(turn_id)).state for turn_id in [*self._waiting, *self._expected]}
        self._tell([turn_id for turn_id, state in states.items() if state in ENDED])

    def _is_wanted(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._expected = {turn_id: until for turn_id, until in self._expected.items() if now < until}
        return bool(self._waiting or self._expected or self._watchers)

    def _show(self, found: Sequence[TurnChange]) -> None:
        if found and self._watchers:
            self._window.extend(found)
            self._number += len(found)
            self._on_change()

    def _tell(self, ended: list[str]) -> None:
        for turn_id in ended:
            self._expected.pop(turn_id, None)
            for waiting in self._waiting.get(turn_id, ()):
                waiting.set()
        if ended:
            self._on_end()
