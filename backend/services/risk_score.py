"""What people see of the learned risk score, and how managers go back to an earlier version of its model."""

from collections.abc import Callable, Sequence
from datetime import datetime

from anyio import to_thread

from backend.detection.features import FEATURES
from backend.scoring.learner import FIRST_FRAUDS, drift_of, model_in, shadow_of
from backend.scoring.partition import ScoreCounts
from backend.scoring.scorecard import ModelRefused
from backend.scoring.shadow import Proportion
from backend.services.errors import ModelUnusable
from backend.services.score_counts import read_counts
from casebook.async_api import AsyncRiskScore
from casebook.database.transactions import utc_now
from contracts.risk_score import (
    FeatureDrift,
    LearnerState,
    ModelRollBack,
    ModelView,
    PartitionScores,
    RiskScoreView,
    ScoreReport,
    ShadowView,
    ShareFound,
    StoredModel,
)

_SAYS = {**{each.name: each.says for each in FEATURES}, "score": "the risk score itself"}


class RiskScoreService:
    """Reads what partitions and the learner have put on record."""

    def __init__(self, record: AsyncRiskScore, now: Callable[[], datetime] = utc_now) -> None:
        self._record = record
        self._now = now
        self._problems: dict[int, str | None] = {}
        """Of versions that were looked at: they never change."""

    async def view(self) -> RiskScoreView:
        """Versions, the comparison with the rules, drift, and what each partition counts."""
        learner, stored = await self._record.learner(), await self._record.newest_models()
        reports = read_counts(await self._record.reports())
        for each in stored:
            if each.origin.number not in self._problems:
                # Reading a model takes milliseconds, and there may be many.
                self._problems[each.origin.number] = await to_thread.run_sync(_problem, each)
        counts = [each for _, each in reports]
        now = self._now()
        current = next((each for each in reversed(stored) if each.origin.effective_at <= now), None)
        newest = stored[-1].origin if stored else None
        problem = None if current is None else self._problems[current.origin.number]
        frauds, others, unreadable = _learned(learner)
        shadow = None if current is None else _shadow(counts, current.origin.line)
        return RiskScoreView(
            current=None if current is None else current.origin.number,
            next=None if newest is None or newest.effective_at <= now else newest.number,
            may_alert=current is not None and current.origin.may_alert and problem is None,
            learned_frauds=frauds,
            learned_others=others,
            sentence=_sentence(frauds, unreadable, current, problem, shadow),
            shadow=shadow,
            drift=None if current is None else _drift(counts, current.origin.line),
            partitions=tuple(_partition(report, each) for report, each in reports),
            models=tuple(
                ModelView(origin=each.origin, problem=self._problems[each.origin.number]) for each in reversed(stored)
            ),
        )

    async def roll_back(self, order: ModelRollBack, actor: str) -> RiskScoreView:
        """Score with an earlier version again, in shadow at first. Raises ModelUnusable where this release cannot, and
        what `RiskScoreApi.roll_back` raises."""
        problem = _problem(await self._record.model(order.number))
        if problem is not None:
            raise ModelUnusable(order.number, problem)
        await self._record.roll_back(order, actor)
        return await self.view()


def _partition(report: ScoreReport, counts: ScoreCounts) -> PartitionScores:
    return PartitionScores(
        source=report.source,
        partition=report.partition,
        model=counts.model,
        waiting=counts.waiting,
        dropped=counts.dropped,
        saved_at=report.saved_at,
    )


def _learned(learner: LearnerState) -> tuple[int, float, str | None]:
    if learner.document is None:
        return 0, 0.0, None
    try:
        card = model_in(learner.document)
    except ModelRefused as refused:
        return 0, 0.0, str(refused)
    return card.frauds, card.others, None


def _sentence(
    frauds: int,
    unreadable: str | None,
    current: StoredModel | None,
    problem: str | None,
    shadow: ShadowView | None,
) -> str:
    if unreadable is not None:
        return f"What was learned is not used, and the score begins anew in shadow: {unreadable}"
    if current is None or shadow is None:
        return f"There is no model yet: {frauds} of {FIRST_FRAUDS} confirmed frauds are learned so far."
    if problem is not None:
        return f"No charge is scored by version {current.origin.number}: {problem}"
    return shadow.sentence


def _problem(stored: StoredModel) -> str | None:
    try:
        model_in(stored.document)
    except ModelRefused as refused:
        return str(refused)
    return None


def _shadow(counts: Sequence[ScoreCounts], line: int) -> ShadowView:
    verdict = shadow_of(counts, line).verdict()
    return ShadowView(
        ready=verdict.ready, sentence=verdict.sentence, rules=_share(verdict.rules), score=_share(verdict.score)
    )


def _share(part: Proportion) -> ShareFound:
    return ShareFound(frauds=part.hits, of=part.of, low=part.low, high=part.high)


def _drift(counts: Sequence[ScoreCounts], line: int) -> tuple[FeatureDrift, ...] | None:
    found = drift_of(counts, line).report()
    if found is None:
        return None
    return tuple(FeatureDrift(name=each.name, says=_SAYS[each.name], psi=each.psi, level=each.level) for each in found)
