"""Learns what partitions teach, and puts versions of the model on record: one process at a time does it, any can."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from anyio import to_thread

from backend.scoring.learner import learn
from backend.services.score_counts import read_counts
from casebook.errors import CasebookUnavailable, LearnerChanged
from contracts.risk_score import LearnerState, Lessons, NewModel, ScoreReport
from contracts.telemetry_reader import utc_now
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

EVERY_S = 60.0
MOST_LESSONS = 20
"""Lessons that are learned in one step; each is what a partition taught between two saves."""
_BACKOFF = Backoff(first_s=EVERY_S, longest_s=600.0)


class LearnerRecord(Protocol):
    """What keeps lessons and models: `casebook.async_api.AsyncRiskScore`."""

    def learner(self) -> Awaitable[LearnerState]: ...
    def lessons(self, most: int) -> Awaitable[tuple[Lessons, ...]]: ...
    def reports(self) -> Awaitable[tuple[ScoreReport, ...]]: ...
    def save_learner(
        self, revision: int, line: int | None, document: bytes, learned: Sequence[int], new: NewModel | None
    ) -> Awaitable[int | None]: ...


class ScoreLearning:
    """Each lesson is learned once: it is forgotten in the transaction that saves what was learned of it."""

    def __init__(
        self,
        record: LearnerRecord,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._record = record
        self._sleep = sleep
        self._now = now

    async def step(self) -> bool:
        """Learn what there is, and put another version on record where it is time; whether there may be more to learn.

        Raises CasebookUnavailable.
        """
        state, lessons = await self._record.learner(), await self._record.lessons(MOST_LESSONS)
        counts = [each for _, each in read_counts(await self._record.reports())]
        bodies = [each.body for each in lessons]
        # A step takes a second at most, and the event loop has other things to do.
        step = await to_thread.run_sync(partial(learn, state, bodies, counts, self._now()))
        for sentence in step.sentences:
            _log.warning("%s", sentence)
        if not lessons and step.new is None and step.line == state.line:
            return False
        try:
            learned = [each.number for each in lessons]
            number = await self._record.save_learner(state.revision, step.line, step.document, learned, step.new)
        except LearnerChanged:
            return True
        if number is not None and step.new is not None:
            _log.info("Version %d of the risk score's model is on record. %s", number, step.new.reason)
        return len(lessons) == MOST_LESSONS

    async def run(self) -> None:
        """Learn until cancelled."""
        pauses = Pauses(_BACKOFF)
        while True:
            try:
                await self._sleep(EVERY_S if not pauses.failures else pauses.next_s())
                while await self.step():
                    pass
                pauses.reset()
            except CasebookUnavailable as error:
                if not pauses.failures:
                    _log.warning("The risk score learns nothing until the casebook answers: %s", error)
                    pauses.next_s()
            except Exception:  # a fault in what there is to learn must not end the job for all that follows
                _log.exception("The risk score has learned nothing this time.")
                pauses.next_s()
