"""The risk score of one partition as ingestion runs it: scored by a model on record, told of verdicts, saved in parts.

It is a fold over the charges in the order of detection. What comes from outside, labels and models, takes effect at
the first charge of a stated time or later: `LABELS_AFTER_S` after a verdict, and when a model says so. By then every
process has read it, so that the same charges get the same scores wherever and however often they are judged.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from backend.detection.charge_risk import ChargeRisk
from backend.detection.state.acceptors import Acceptors
from backend.detection.state.customer import ChargeFacts
from backend.detection.state.pace import Pace
from backend.detection.state.packing import Packed, StateInvalid, items, whole
from backend.scoring.drift import DriftMonitor
from backend.scoring.known_verdicts import KnownVerdicts
from backend.scoring.late_labels import ChargeKey, LateLabels
from backend.scoring.scorecard import Scorecard, reasons
from backend.scoring.scorer import Lesson, Risk, RiskScorer, charge_of
from backend.scoring.shadow import ShadowPeriod
from contracts.risk_score import LabelledCharge, ModelOrigin, ScoreLabel
from contracts.telemetry import TransactionEvent

VERSION: Final = 2
"""Of what is saved."""
LABELS_AFTER_S: Final = 600.0
CORE: Final = "risk:core"
"""The key of what is small: it is saved every time."""
_ACCEPTOR, _WAITING, _SETTLED = "risk:acceptor:", "risk:waiting:", "risk:settled:"


class Model(NamedTuple):
    """A version of the model, as this release reads it."""

    origin: ModelOrigin
    card: Scorecard | None
    """None: it is of another release, and charges are scored by nothing."""


class ScoreChanges(NamedTuple):
    """What is to be saved for another process to go on with."""

    states: Mapping[str, Packed]
    forgotten: tuple[str, ...]
    lessons: tuple[Lesson, ...]
    """To be learned, once."""


class PartitionScorer:
    """Scores the charges of one partition: what `Detector` is given. Not thread-safe.

    `teaches`: whether somebody takes the changes, and with them what is to be learned. Others score as well.
    """

    def __init__(self, *, teaches: bool = False) -> None:
        self._teaches = teaches
        self.scored = 0
        """Charges, since this object was made."""
        self._lessons: list[Lesson] = []
        self._number = self._heard = 0
        """The version that scores, 0 before the first; the line of the case log that was applied last."""
        self._may_alert, self._scores_by = False, 0
        """The version, where this release can read it; 0: the score says nothing."""
        self._has_file = False
        self._read_to = self._known_model = 0
        self._labels: deque[tuple[float, ScoreLabel]] = deque()
        self._models: deque[tuple[float, Model]] = deque()
        self._next = float("inf")
        """When the next label or model takes effect."""
        self._scorer = self._new_scorer()
        self._forgotten: tuple[str, ...] = ()

    @property
    def read_to(self) -> int:
        """The line of the case log up to which it was told of labels."""
        return self._read_to

    @property
    def known_model(self) -> int:
        """The newest model that it was told of; 0: none."""
        return self._known_model

    @property
    def model(self) -> int:
        """The version that it scores with; 0: none yet."""
        return self._number

    @property
    def is_without_file(self) -> bool:
        """Whether it was restored, and has not been told of the model that scores."""
        return self._number != 0 and not self._has_file

    @property
    def waiting(self) -> int:
        """Charges that wait for a label."""
        return self._scorer.waiting

    def score(self, event: TransactionEvent, t: float, facts: ChargeFacts, pace: Pace) -> ChargeRisk:
        """By what was known before the charge."""
        if t >= self._next:
            self._take_news(t)
        scorer = self._scorer
        scorer.settle(t)
        self.scored += 1
        score, vector = scorer.rate(charge_of(event, t), facts, pace)
        return ChargeRisk(score, vector, self._scores_by, self._may_alert, partial(_reasons, scorer.card, vector))

    def keep(self, event: TransactionEvent, t: float, risk: ChargeRisk, alerted: bool) -> None:
        """Remember the charge until it is known what it was."""
        self._scorer.keep(charge_of(event, t), Risk(risk.score, risk.vector), alerted)

    def hear_labels(self, labels: Sequence[ScoreLabel], read_to: int) -> None:
        """What the case log says, up to a line; what was heard before is ignored."""
        after = self._labels[-1][0] if self._labels else float("-inf")
        for label in labels:
            if label.seq > self._read_to:
                after = max(after, label.at.timestamp() + LABELS_AFTER_S)
                self._labels.append((after, label))
        self._read_to = max(self._read_to, read_to)
        self._look_ahead()

    def hear_models(self, models: Sequence[Model]) -> None:
        """Versions that were made, ascending; those that are known are ignored, but for the one that scores: its file
        is not saved with the partition."""
        for model in models:
            number = model.origin.number
            if number == self._number:
                self._use(model, is_same=True)
            elif number > max(self._known_model, self._number):
                self._models.append((model.origin.effective_at.timestamp(), model))
                self._known_model = number
        self._look_ahead()

    def use_at_once(self, model: Model) -> None:
        """Score with this version from the next charge on, whatever its time: of a recording."""
        self._use(model)

    def take_changes(self) -> ScoreChanges:
        """What changed since it was taken last. To be called once before the first charge, if at all."""
        scorer = self._scorer
        acceptors, chunks = scorer.acceptors.take_changes(), scorer.labels.take_chunks()
        parts = {f"{_ACCEPTOR}{name}": row for name, row in acceptors.items()}
        parts |= {f"{_WAITING}{chunk}": rows for chunk, rows in chunks.items()}
        parts |= {f"{_SETTLED}{chunk}": found for chunk, found in scorer.verdicts.take_chunks().items()}
        states: dict[str, Packed] = {key: value for key, value in parts.items() if value is not None}
        states[CORE] = self._core()
        gone = [key for key, value in parts.items() if value is None]
        forgotten = (*(key for key in self._forgotten if key not in states), *gone)
        lessons, self._lessons, self._forgotten = tuple(self._lessons), [], ()
        return ScoreChanges(states, forgotten, lessons)

    def restore(self, states: Mapping[str, Packed]) -> StateInvalid | None:
        """Put back what `take_changes` gave. What is not of this release is left out, and the next changes forget it:
        says why; then all of it begins anew, in shadow."""
        try:
            self._restore(states)
        except StateInvalid as problem:
            self._scorer = self._new_scorer()
            self._number = self._heard = self._read_to = self._known_model = 0
            self._forgotten = tuple(states)
            return StateInvalid(f"What the risk score knew of the partition is not used: {problem}")
        finally:
            self._scorer.acceptors.take_changes()
            self._scorer.labels.take_chunks()
            self._scorer.verdicts.take_chunks()
        return None

    def _restore(self, states: Mapping[str, Packed]) -> None:
        if CORE not in states:
            if states:
                raise StateInvalid("a part is missing")
            return
        version, number, line, heard, labels, drift, shadow, said = items(states[CORE], 8)
        if version != VERSION:
            raise StateInvalid(f"its version is {version}, and this release reads {VERSION}")
        acceptors = Acceptors()
        acceptors.restore({key.removeprefix(_ACCEPTOR): row for key, row in _of(_ACCEPTOR, states)})
        chunks = _chunks(_WAITING, states)
        self._scorer = self._new_scorer(
            acceptors,
            LateLabels.restored(labels, chunks),
            DriftMonitor.unpacked(drift),
            ShadowPeriod.unpacked(shadow),
            whole(line),
            KnownVerdicts.restored(said, _chunks(_SETTLED, states)),
        )
        self._number, self._heard = whole(number), whole(heard)
        self._read_to = self._heard
        self._known_model = self._number

    def _core(self) -> Packed:
        scorer = self._scorer
        return [
            VERSION,
            self._number,
            scorer.line,
            self._heard,
            scorer.labels.packed_rest(),
            scorer.drift_monitor.packed(),
            scorer.shadow.packed(),
            scorer.verdicts.packed(),
        ]

    def _new_scorer(
        self,
        acceptors: Acceptors | None = None,
        labels: LateLabels | None = None,
        drift: DriftMonitor | None = None,
        shadow: ShadowPeriod | None = None,
        line: int = 0,
        verdicts: KnownVerdicts | None = None,
    ) -> RiskScorer:
        return RiskScorer(None, acceptors, labels, drift, shadow, self._teach, line, verdicts)

    def _teach(self, lesson: Lesson) -> None:
        if self._teaches:
            self._lessons.append(lesson)

    def _take_news(self, t: float) -> None:
        while self._labels and self._labels[0][0] <= t:
            _, label = self._labels.popleft()
            for charge in label.charges:
                self._apply(label, charge)
            self._heard = label.seq
        latest: Model | None = None
        while self._models and self._models[0][0] <= t:
            latest = self._models.popleft()[1]
        if latest is not None:
            self._use(latest)
        self._look_ahead()

    def _look_ahead(self) -> None:
        waiting = (each[0][0] for each in (self._labels, self._models) if each)
        self._next = min(waiting, default=float("inf"))

    def _apply(self, label: ScoreLabel, charge: LabelledCharge) -> None:
        scorer, key = self._scorer, ChargeKey(charge.customer_id, charge.event_id)
        if label.verdict == "review":
            scorer.review(key)
            return
        is_fraud = label.verdict == "fraud"
        if scorer.knows(key):
            scorer.decide(key, is_fraud)
        elif charge.at <= label.at:
            # A customer of another partition paid there: the terminal is the same. What is dated later than what was
            # said about it never happened, and would mark the terminal for good.
            scorer.hear(key, charge.acceptor, charge.at.timestamp(), is_fraud)

    def _use(self, model: Model, *, is_same: bool = False) -> None:
        origin, card = model.origin, model.card or Scorecard()
        if is_same or origin.line == self._scorer.line:
            self._scorer.refresh(card)
        else:
            self._scorer.use(card, origin.line)
        self._number = origin.number
        self._has_file = True
        self._scores_by = 0 if model.card is None else origin.number
        self._may_alert = origin.may_alert and model.card is not None
        self._known_model = max(self._known_model, origin.number)


class ScoreCounts(NamedTuple):
    """What a partition saved of its counts."""

    model: int
    line: int
    waiting: int
    """Charges that wait for a label."""
    dropped: int
    drift: DriftMonitor
    shadow: ShadowPeriod


def counts_of(core: Packed) -> ScoreCounts:
    """From what was saved under `CORE`. Raises StateInvalid for what is not of this release."""
    version, number, line, _, labels, drift, shadow, _ = items(core, 8)
    if version != VERSION:
        raise StateInvalid(f"its version is {version}, and this release reads {VERSION}")
    waiting, dropped = LateLabels.counts(labels)
    return ScoreCounts(
        whole(number),
        whole(line),
        waiting,
        dropped,
        DriftMonitor.unpacked(drift),
        ShadowPeriod.unpacked(shadow),
    )


def _of(prefix: str, states: Mapping[str, Packed]) -> list[tuple[str, Packed]]:
    return [(key, value) for key, value in states.items() if key.startswith(prefix)]


def _chunks(prefix: str, states: Mapping[str, Packed]) -> dict[int, Packed]:
    return {int(key.removeprefix(prefix)): value for key, value in _of(prefix, states)}


def _reasons(card: Scorecard, vector: bytes) -> str:
    return reasons(card.contributions(vector))
