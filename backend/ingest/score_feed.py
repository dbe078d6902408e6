"""Tells the scorers of this process what the casebook knows: what people decided, and which models there are."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Protocol

from backend.scoring.learner import model_in
from backend.scoring.partition import Model, PartitionScorer
from backend.scoring.scorecard import ModelRefused
from casebook.errors import CasebookUnavailable
from contracts.risk_score import ScoreLabel, StoredModel
from contracts.telemetry_reader import utc_now
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

EVERY_S = 2.0
"""How often the record is asked whether there is anything new: far sooner than anything takes effect."""
MOST_MODELS = 20
"""Versions that are read at once: a backlog of so many days is scored as it would have been."""
_BACKOFF = Backoff(first_s=EVERY_S, longest_s=30.0)


class ScoreRecord(Protocol):
    """What knows labels and models: `casebook.async_api.AsyncRiskScore`."""

    def state(self) -> Awaitable[tuple[int, int]]: ...
    def labels_after(self, seq: int) -> Awaitable[tuple[tuple[ScoreLabel, ...], int]]: ...
    def models_since(self, number: int, most: int) -> Awaitable[tuple[StoredModel, ...]]: ...


class ScoreFeed:
    """One look for the whole process, however many partitions it scores."""

    def __init__(
        self,
        record: ScoreRecord,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._record = record
        self._sleep = sleep
        self._now = now
        self._models: dict[int, Model] = {}
        """Those that were read, each once: partitions share them."""

    async def begin(self, scorer: PartitionScorer, *, is_recorded: bool) -> None:
        """Tell a scorer all that it must know before its first charge, however long the casebook is away.

        A recording is of the past, of which no label and no model is on record: it is scored by the version that
        scores now, all of it, and told of nothing else.
        """
        pauses = Pauses(_BACKOFF)
        while True:
            try:
                await (self._show(scorer) if is_recorded else self.tell([scorer]))
                return
            except CasebookUnavailable as error:
                if not pauses.failures:
                    _log.warning("Telemetry waits for the model that it is scored by: %s", error)
                await self._sleep(pauses.next_s())

    async def tell(self, scorers: Iterable[PartitionScorer]) -> None:
        """Tell each what is new for it. Raises CasebookUnavailable; then some may have been told."""
        newest_line, newest_model = await self._record.state()
        read = dict[int, tuple[tuple[ScoreLabel, ...], int]]()
        for scorer in scorers:
            if newest_model > scorer.known_model or scorer.is_without_file:
                scorer.hear_models(await self._since(scorer.model))
            while scorer.read_to < newest_line:
                after = scorer.read_to
                if after not in read:
                    read[after] = await self._record.labels_after(after)
                scorer.hear_labels(*read[after])

    async def run(self, scorers: Callable[[], Iterable[PartitionScorer]]) -> None:
        """Look until cancelled. While the casebook is away, what was told last holds."""
        pauses = Pauses(_BACKOFF)
        while True:
            try:
                await self._sleep(EVERY_S if not pauses.failures else pauses.next_s())
                await self.tell(tuple(scorers()))
                pauses.reset()
            except CasebookUnavailable as error:
                if not pauses.failures:
                    _log.warning("The risk score hears of no verdicts until the casebook answers: %s", error)
                    pauses.next_s()

    async def _show(self, scorer: PartitionScorer) -> None:
        now = self._now()
        in_use = [each for each in await self._since(0) if each.origin.effective_at <= now]
        if in_use:
            scorer.use_at_once(in_use[-1])

    async def _since(self, number: int) -> list[Model]:
        stored = await self._record.models_since(number, MOST_MODELS)
        for each in stored:
            if each.origin.number not in self._models:
                self._models[each.origin.number] = _read(each)
        kept = {each.origin.number for each in stored}
        return [self._models[each] for each in sorted(kept)]


def _read(stored: StoredModel) -> Model:
    try:
        return Model(stored.origin, model_in(stored.document))
    except ModelRefused as refused:
        _log.warning("Charges are not scored by version %d of the model: %s", stored.origin.number, refused)
        return Model(stored.origin, None)
