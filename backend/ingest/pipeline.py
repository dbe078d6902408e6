"""The pipeline of one sequence of events: held until they are in order, judged, and saved with the place reached."""

import asyncio
import json
import logging
import zlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from backend.detection import Detector
from backend.detection.detector import Changes, customer_key
from backend.detection.ordering import EventOrder
from backend.detection.state.packing import Packed
from backend.scoring.learner import write_lessons
from backend.scoring.partition import PartitionScorer, ScoreChanges
from backend.scoring.scorer import Lesson
from casebook.commands.detector_states import PartitionKey, Progress, SavedPartition
from casebook.errors import CasebookUnavailable, PartitionTaken
from contracts.telemetry import TelemetryEvent, telemetry_event
from contracts.telemetry_reader import utc_now

_log = logging.getLogger(__name__)

SAVE_EVERY = 10_000
"""Events judged between two times that the states are saved: a restart judges so many again at most."""
SAVE_AFTER = timedelta(seconds=30)
"""And so much time at most, while there are events."""
_LEAST_WAIT_S = 0.001


class StateStore(Protocol):
    """What keeps states: `casebook.async_api.AsyncDetectorStates`."""

    def take_partition(self, of: PartitionKey, owner: str) -> Awaitable[SavedPartition]: ...
    def read_states(self, of: PartitionKey, keys: Sequence[str]) -> Awaitable[dict[str, bytes]]: ...
    def save_progress(self, of: PartitionKey, owner: str, progress: Progress) -> Awaitable[None]: ...


class SavedStates:
    """The states of one partition, as one owner reads and saves them."""

    def __init__(self, store: StateStore, of: PartitionKey, owner: str) -> None:
        self._store = store
        self._of = of
        self._owner = owner

    async def take(self) -> SavedPartition:
        """What was saved; from now on nobody else may save."""
        return await self._store.take_partition(self._of, self._owner)

    async def read(self, keys: Sequence[str]) -> dict[str, Packed]:
        """The states of these keys, as far as there are any."""
        found = await self._store.read_states(self._of, keys)
        return {key: json.loads(zlib.decompress(state)) for key, state in found.items()}

    async def save(self, progress: Progress) -> None:
        """Save. Raises PartitionTaken when another owner took the partition."""
        await self._store.save_progress(self._of, self._owner, progress)


class Pipeline:
    """Hands events to a detector in the order in which they happened, as far as they come within the lateness.

    With saved states it goes on where another process stopped: what that one knew, held and had judged. Without, it
    begins with nothing. Calls wait for each other.
    """

    def __init__(
        self,
        detector: Detector,
        judge: Callable[[TelemetryEvent, Detector], Awaitable[object]],
        lateness: timedelta,
        states: SavedStates | None = None,
        *,
        scorer: PartitionScorer | None = None,
        now: Callable[[], datetime] = utc_now,
        save_every: int = SAVE_EVERY,
    ) -> None:
        """`scorer`: the one that the detector has."""
        self.detector = detector
        self.scorer = scorer
        self._judge = judge
        self._lateness = lateness
        self._order = EventOrder(lateness)
        self._states = states
        self._now = now
        self._save_every = save_every
        self._save_at = now() + SAVE_AFTER
        self._arrived = asyncio.Event()
        self._position: int | None = None
        self._saved: int | None = None
        self._judged = 0
        self._unsaved: dict[str, Packed] = {}
        self._forgotten: set[str] = set()
        self._lessons: list[Lesson] = []
        self._is_whole = True
        """False once judging was broken off: then what is known is of no position."""
        self._lock = asyncio.Lock()

    @property
    def saved_position(self) -> int | None:
        """All up to it is saved; None: nothing is."""
        return self._saved

    async def open(self) -> None:
        """Take over what was saved."""
        if self._states is None:
            return
        saved = await self._states.take()
        self._position = self._saved = saved.position
        self._restore({key: json.loads(zlib.decompress(state)) for key, state in saved.addresses.items()})
        if self.scorer is not None:
            problem = self.scorer.restore(
                {key: json.loads(zlib.decompress(state)) for key, state in saved.risk.items()}
            )
            if problem is not None:
                _log.warning("%s.", problem)
        if saved.held:
            for arrived, event in json.loads(zlib.decompress(saved.held)):
                self._order.take(telemetry_event.validate_python(event), datetime.fromisoformat(arrived))

    async def take(self, events: Sequence[tuple[TelemetryEvent, datetime]], position: int | None = None) -> None:
        """Hold events with the times at which they arrived, and judge what is due. `position`: of the last of them."""
        async with self._lock:
            for event, arrived_at in events:
                self._order.take(event, arrived_at)
            await self._judge_all(list(self._order.due()))
            if position is not None:
                self._position = position
            self._arrived.set()
            if self._judged >= self._save_every or (self._judged and self._now() >= self._save_at):
                await self._save()

    async def run_clock(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Judge what becomes due while nothing arrives, and save what was judged, until cancelled."""
        while True:
            await self._arrived.wait()
            due = self._order.next_due()
            if due is None and not self._judged:
                self._arrived.clear()
                continue
            until = self._save_at if due is None else due
            await sleep(max(_LEAST_WAIT_S, (until - self._now()).total_seconds()))
            async with self._lock:
                await self._judge_all(list(self._order.due(self._now())))
                if self._judged and self._now() >= self._save_at:
                    await self._save()

    async def finish(self) -> None:
        """Judge all that is held: no more will come."""
        async with self._lock:
            await self._judge_all(list(self._order.rest()))

    async def close(self) -> None:
        """Save what is known and how far it reaches, unless judging was broken off or another owner took over."""
        try:
            await self.save()
        except PartitionTaken as taken:
            _log.info("%s", taken)

    async def save(self) -> None:
        """Save what is known and how far it reaches, unless judging was broken off. Raises PartitionTaken when another
        process judges the partition by now. A casebook that does not answer is only logged."""
        async with self._lock:
            await self._save()

    async def _judge_all(self, events: Sequence[TelemetryEvent]) -> None:
        if not events:
            return
        if self._states is not None:
            customers = {event.customer_id for event in events}
            unknown = [customer_key(each) for each in customers if not self.detector.knows(each)]
            if unknown:
                self._restore(await self._states.read(unknown))
        self._is_whole = False
        for event in events:
            await self._judge(event, self.detector)
        self._is_whole = True
        self._judged += len(events)

    async def _save(self) -> None:
        if self._states is None or self._position is None or not self._is_whole:
            return
        self._take_changes()
        held = [(arrived.isoformat(), event.model_dump(mode="json")) for event, arrived in self._order.held()]
        progress = Progress(
            position=self._position,
            held=_compressed(held) if held else b"",
            states={key: _compressed(state) for key, state in self._unsaved.items()},
            forgotten=self._forgotten,
            lessons=write_lessons(self._lessons),
        )
        try:
            await self._states.save(progress)
        except CasebookUnavailable as error:
            # Judging goes on: all of it is saved with what comes next, and read again if this process ends before.
            _log.warning("What detection knows was not saved: %s", error)
            self._judged = 0
            self._save_at = self._now() + SAVE_AFTER
            return
        self._unsaved.clear()
        self._forgotten.clear()
        self._lessons.clear()
        self._saved, self._judged = self._position, 0
        self._save_at = self._now() + SAVE_AFTER

    def _take_changes(self) -> None:
        changes: list[Changes | ScoreChanges] = [self.detector.take_changes()]
        if self.scorer is not None:
            changes.append(scored := self.scorer.take_changes())
            self._lessons += scored.lessons
        for each in changes:
            self._unsaved.update(each.states)
            self._forgotten = (self._forgotten | set(each.forgotten)) - each.states.keys()
            for key in each.forgotten:
                self._unsaved.pop(key, None)

    def _restore(self, states: dict[str, Packed]) -> None:
        for problem in self.detector.restore(states):
            _log.warning("%s.", problem)


def _compressed(value: object) -> bytes:
    return zlib.compress(json.dumps(value).encode())
