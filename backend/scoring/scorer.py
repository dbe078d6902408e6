"""The risk score of one partition: what it knows of terminals and merchants, its model, and the labels to come."""

from collections.abc import Callable
from typing import Final, NamedTuple

from backend.detection.features import feature_vector
from backend.detection.state.acceptors import Acceptors
from backend.detection.state.customer import ChargeFacts
from backend.detection.state.pace import Pace
from backend.detection.state.packing import Packed, StateInvalid, items, text, whole
from backend.scoring.drift import Drift, DriftMonitor
from backend.scoring.known_verdicts import KnownVerdicts
from backend.scoring.late_labels import ChargeKey, LabelledEvent, LateLabels, WaitingEvent
from backend.scoring.scorecard import Contribution, Scorecard, learning_weight
from backend.scoring.shadow import ShadowPeriod, ShadowVerdict
from contracts.telemetry import TransactionEvent

VERSION: Final = 2
"""Of what `packed` writes."""


class Charge(NamedTuple):
    """What the scorer needs of a transaction."""

    key: ChargeKey
    t: float
    """Seconds since 1970."""
    acceptor: str | None
    """The terminal or the merchant."""


def charge_of(event: TransactionEvent, t: float) -> Charge:
    """The terminal is the acceptor, and the merchant where no terminal is named: as for the customer's state."""
    key = ChargeKey(event.customer_id, event.event_id)
    return Charge(key, t, event.attributes.terminal_id or event.attributes.merchant)


class Risk(NamedTuple):
    """The score of one charge."""

    score: float
    """Probability of fraud, above 0 and below 1."""
    vector: bytes
    """The features that it was made of, for `explain`."""


class Lesson(NamedTuple):
    """A charge whose label is known, to be learned."""

    vector: bytes
    is_fraud: bool
    at: float
    """When it happened, in seconds since 1970."""
    weight: float


class RiskScorer:
    """Scores charges and learns from labels: a fold over its calls, with no clock of its own. Not thread-safe.

    For each charge, in the order of detection: `settle` with its time, then `score`. For a case that is opened:
    `review` of its trigger events; for one that is decided: `decide`. With `teach` it learns nothing itself: it says
    what is to be learned, and is given another model by `refresh`.
    """

    def __init__(
        self,
        card: Scorecard | None = None,
        acceptors: Acceptors | None = None,
        labels: LateLabels | None = None,
        drift: DriftMonitor | None = None,
        shadow: ShadowPeriod | None = None,
        teach: Callable[[Lesson], object] | None = None,
        line: int = 0,
        verdicts: KnownVerdicts | None = None,
    ) -> None:
        self.card = card or Scorecard()
        self.acceptors = Acceptors() if acceptors is None else acceptors
        self.labels = LateLabels() if labels is None else labels
        self.verdicts = KnownVerdicts() if verdicts is None else verdicts
        self.drift_monitor = drift or DriftMonitor()
        self.shadow = shadow or ShadowPeriod()
        self.line = line
        """Of the model: what others scored does not count in its shadow period."""
        self._teach = teach

    @property
    def waiting(self) -> int:
        """Charges that wait for a label."""
        return len(self.labels)

    def score(self, charge: Charge, facts: ChargeFacts, pace: Pace, alerted: bool = False) -> Risk:
        """The score of a charge by what was known before it; then waits for its label.

        `facts` and `pace` are what the customer's state said when the charge was remembered, `alerted` whether a rule
        raised an alert.
        """
        risk = self.rate(charge, facts, pace)
        self.keep(charge, risk, alerted)
        return risk

    def rate(self, charge: Charge, facts: ChargeFacts, pace: Pace) -> Risk:
        """The score of a charge alone; `keep` it then."""
        acceptor = charge.acceptor
        history = None if acceptor is None else self.acceptors.observe(acceptor, charge.t)
        vector = feature_vector(charge.t, facts, pace, history)
        return Risk(self.card.predict(vector), vector)

    def keep(self, charge: Charge, risk: Risk, alerted: bool) -> None:
        """Have a charge that was rated wait for its label, unless it is known: then it was delivered once more."""
        score, vector = risk
        if self.verdicts.verdict(charge.key) is None:
            self.labels.keep(WaitingEvent(charge.key, charge.t, charge.acceptor, vector, score, alerted, self.line))
        self.drift_monitor.observe(vector, score)

    def settle(self, now: float) -> int:
        """Learns that charges older than the label delay, about which nobody decided, were none; returns how many."""
        known = self.labels.due(now)
        for each in known:
            self._learn(each)
            self.verdicts.settle(each.event.key)
        return len(known)

    def review(self, key: ChargeKey) -> None:
        """A person will decide about the charge: it does not become "no fraud" by time."""
        self.labels.review(key)

    def decide(self, key: ChargeKey, is_fraud: bool) -> bool:
        """Learns a reviewer's verdict; False where the charge is not known (any more), or the verdict is not new.

        A verdict that differs from the one before is learned as well: what was learned first is outweighed, not undone.
        """
        known = self.labels.decide(key, is_fraud)
        if known is not None:
            self.verdicts.say(key, is_fraud)
            self._learn(known)
            return True
        changed = self.labels.change(key, is_fraud)
        if changed is None:
            return False
        self.verdicts.say(key, is_fraud)
        event = changed.event
        if event.acceptor is not None:
            self.acceptors.correct(event.acceptor, event.t, is_fraud)
        if event.line == self.line:
            self.shadow.correct(event.score, event.alerted, is_fraud)
        self._weigh(changed)
        return True

    def knows(self, key: ChargeKey) -> bool:
        """Whether a verdict about the charge can be learned: it waits for one, or had one of late."""
        return key in self.labels

    def hear(self, key: ChargeKey, acceptor: str | None, at: float, is_fraud: bool) -> None:
        """A verdict about a charge that another partition scored, or that is long settled here: it changes only what is
        known of its terminal or merchant, and corrects that where something else was said before."""
        before = self.verdicts.verdict(key)
        self.verdicts.say(key, is_fraud)
        if acceptor is None:
            return
        if before is None:
            self.acceptors.label(acceptor, at, is_fraud)
        elif before != is_fraud:
            self.acceptors.correct(acceptor, at, is_fraud)

    def explain(self, risk: Risk) -> tuple[Contribution, ...]:
        """Which features moved the score, the strongest first; `explanation` makes a sentence of them."""
        return self.card.contributions(risk.vector)

    def use(self, card: Scorecard, line: int) -> None:
        """Scores with a model of another line from now on: the drift and the shadow period begin anew.

        A line never returns, so a charge that it scored was labelled in its own period, or not yet.
        """
        self.card, self.line = card, line
        self.drift_monitor.restart()
        self.shadow = ShadowPeriod()

    def refresh(self, card: Scorecard) -> None:
        """Scores with what the model has learned meanwhile: drift and shadow period go on."""
        self.card = card

    def verdict(self) -> ShadowVerdict:
        """Whether the score may raise alerts, by the labels of what its line has scored."""
        return self.shadow.verdict()

    def drift(self) -> tuple[Drift, ...] | None:
        """How far features and score have moved; None before there are two windows."""
        return self.drift_monitor.report()

    def packed(self) -> Packed:
        """As plain JSON, for another process to go on with."""
        return [
            VERSION,
            self.line,
            self.card.to_json(),
            self.acceptors.packed(),
            self.labels.packed(),
            self.drift_monitor.packed(),
            self.shadow.packed(),
            [self.verdicts.packed(), [[number, chunk] for number, chunk in self.verdicts.all_chunks().items()]],
        ]

    @classmethod
    def unpacked(cls, value: Packed) -> "RiskScorer":
        """From `packed`. Raises StateInvalid, or ModelRefused of its model."""
        version, line, card, acceptors, labels, drift, shadow, verdicts = items(value, 8)
        if version != VERSION:
            raise StateInvalid(f"the version of the risk score's state is {version}, and this release reads {VERSION}")
        said, settled = items(verdicts, 2)
        chunks = {whole(number): chunk for number, chunk in (items(each, 2) for each in items(settled))}
        return cls(
            Scorecard.from_json(text(card)),
            Acceptors.unpacked(acceptors),
            LateLabels.unpacked(labels),
            DriftMonitor.unpacked(drift),
            ShadowPeriod.unpacked(shadow),
            line=whole(line),
            verdicts=KnownVerdicts.restored(said, chunks),
        )

    def _learn(self, known: LabelledEvent) -> None:
        event, is_fraud = known
        if event.acceptor is not None:
            self.acceptors.label(event.acceptor, event.t, is_fraud)
        if event.line == self.line:
            self.shadow.observe(event.score, event.alerted, is_fraud)
        self._weigh(known)

    def _weigh(self, known: LabelledEvent) -> None:
        event, is_fraud = known
        weight = learning_weight(event.key.event_id, event.score, is_fraud)
        if weight and self._teach is not None:
            self._teach(Lesson(event.vector, is_fraud, event.t, weight))
        elif weight:
            self.card.learn(event.vector, is_fraud, event.t, weight)
