"""Puts what was not evaluated on record, in batches, so that a flood of it slows nothing down."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Protocol

from backend.ingest.report import MalformedLine
from backend.ingest.source import Source
from casebook.errors import CasebookUnavailable
from casebook.policy.telemetry_dead_letters import NewLetter, SourceKind
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

MAX_WAITING = 1_000
"""Letters in memory; of more that come before these are written, only the number is kept."""
BATCH = 250
"""Letters of one transaction."""
GATHER_S = 0.25
"""How long letters are gathered before they are written."""
_BACKOFF = Backoff(first_s=0.25, longest_s=5.0)


def new_letter(line: MalformedLine, source: Source, partition: str | None, at: datetime) -> NewLetter:
    """What was not evaluated, as it is put on record."""
    is_recording = partition is None and source.alert_source == "replay"
    return NewLetter(
        source=source.name,
        # The folders of this server are nobody's business.
        file=PurePath(line.file).name if is_recording else None,
        partition=partition,
        position=line.line,
        received_at=at,
        kind=line.kind,
        reason=line.reason,
        body=line.body,
        size=line.size,
        part=line.part,
        parts_before=line.parts_before,
    )


class KeepsLetters(Protocol):
    """Puts dead letters on record."""

    def __call__(self, letters: Sequence[NewLetter], beyond: Mapping[SourceKind, int], /) -> Awaitable[int]:
        """Keep what there is room for, and count everything. Raises CasebookUnavailable."""
        ...


class DeadLetterBook:
    """Takes dead letters without waiting, and writes them; a record that is away is tried again with growing pauses."""

    def __init__(self, keep: KeepsLetters, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._keep = keep
        self._sleep = sleep
        self._letters: list[NewLetter] = []
        self._beyond = Counter[SourceKind]()
        self._woken = asyncio.Event()
        self._writing = asyncio.Lock()

    def add(self, letter: NewLetter) -> None:
        """Have a letter written soon; of a flood it is only counted."""
        if len(self._letters) < MAX_WAITING:
            self._letters.append(letter)
        else:
            self.count((letter.source, letter.kind), 1)
        self._woken.set()

    def count(self, of: SourceKind, number: int) -> None:
        """Have so many more counted, of which nothing is kept."""
        self._beyond[of] += number
        self._woken.set()

    async def settle(self) -> None:
        """Return when all that was added before is on record, however long that takes."""
        pauses = Pauses(_BACKOFF)
        while self._letters or self._beyond or self._writing.locked():
            try:
                await self._write()
            except CasebookUnavailable as error:
                if not pauses.failures:
                    _log.warning("Dead letters wait to be written: %s", error)
                await self._sleep(pauses.next_s())

    async def run(self) -> None:
        """Write what is added until cancelled."""
        while True:
            await self._woken.wait()
            await self._sleep(GATHER_S)
            self._woken.clear()
            await self.settle()

    async def _write(self) -> None:
        async with self._writing:
            letters, self._letters = self._letters[:BATCH], self._letters[BATCH:]
            beyond, self._beyond = self._beyond, Counter[SourceKind]()
            if not letters and not beyond:
                return
            try:
                await self._keep(letters, beyond)
            except (CasebookUnavailable, asyncio.CancelledError):
                self._put_back(letters, beyond)
                raise
            except Exception:  # what cannot be kept must not end what is read
                _log.exception("%d dead letters could not be put on record.", len(letters) + beyond.total())

    def _put_back(self, letters: list[NewLetter], beyond: Counter[SourceKind]) -> None:
        self._letters = [*letters, *self._letters]
        self._beyond += beyond
