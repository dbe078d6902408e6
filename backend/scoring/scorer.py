"""The risk score of one partition: what it knows of terminals and merchants, its model, and the labels to come."""

from typing import Final, NamedTuple

from backend.detection.features import feature_vector
from backend.detection.state.acceptors import Acceptors
from backend.detection.state.customer import ChargeFacts
from backend.detection.state.pace import Pace
from backend.detection.state.packing import Packed, StateInvalid, items, text
from backend.scoring.drift import Drift, DriftMonitor
from backend.scoring.late_labels import LabelledEvent, LateLabels, WaitingEvent
from backend.scoring.scorecard import Contribution, Scorecard, learning_weight
from backend.scoring.shadow import ShadowPeriod, ShadowVerdict
from contracts.telemetry import TransactionEvent

VERSION: Final = 1
"""Of what `packed` writes."""


class Charge(NamedTuple):
    """What the scorer needs of a transaction."""

    event_id: str
    t: float
    """Seconds since 1970."""
    acceptor: str | None
    """The terminal or the merchant."""


def charge_of(event: TransactionEvent, t: float) -> Charge:
    """The terminal is the acceptor, and the merchant where no terminal is named: as for the customer's state."""
    return Charge(event.event_id, t, event.attributes.terminal_id or event.attributes.merchant)


class Risk(NamedTuple):
    """The score of one charge."""

    score: float
    """Probability of fraud, above 0 and below 1."""
    vector: bytes
    """The features that it was made of, for `explain`."""


class RiskScorer:
    """Scores charges and learns from labels: a fold over its calls, with no clock of its own. Not thread-safe.

    For each charge, in the order of detection: `settle` with its time, then `score`. For a case that is opened:
    `review` of its trigger events; for one that is decided: `decide`.
    """

    def __init__(
        self,
        card: Scorecard | None = None,
        acceptors: Acceptors | None = None,
        labels: LateLabels | None = None,
        drift: DriftMonitor | None = None,
        shadow: ShadowPeriod | None = None,
    ) -> None:
        self.card = card or Scorecard()
        self._acceptors = Acceptors() if acceptors is None else acceptors
        self._labels = LateLabels() if labels is None else labels
        self._drift = drift or DriftMonitor()
        self._shadow = shadow or ShadowPeriod()

    @property
    def waiting(self) -> int:
        """Charges that wait for a label."""
        return len(self._labels)

    def score(self, charge: Charge, facts: ChargeFacts, pace: Pace, alerted: bool = False) -> Risk:
        """The score of a charge by what was known before it; then waits for its label.

        `facts` and `pace` are what the customer's state said when the charge was remembered, `alerted` whether a rule
        raised an alert.
        """
        acceptor = charge.acceptor
        history = None if acceptor is None else self._acceptors.observe(acceptor, charge.t)
        vector = feature_vector(charge.t, facts, pace, history)
        score = self.card.predict(vector)
        self._labels.keep(WaitingEvent(charge.event_id, charge.t, acceptor, vector, score, alerted))
        self._drift.observe(vector, score)
        return Risk(score, vector)

    def settle(self, now: float) -> int:
        """Learns that charges older than the label delay, about which nobody decided, were none; returns how many."""
        known = self._labels.due(now)
        for each in known:
            self._learn(each)
        return len(known)

    def review(self, event_id: str) -> None:
        """A person will decide about the charge: it does not become "no fraud" by time."""
        self._labels.review(event_id)

    def decide(self, event_id: str, is_fraud: bool) -> bool:
        """Learns a reviewer's verdict; False where the charge is not known (any more)."""
        known = self._labels.decide(event_id, is_fraud)
        if known is not None:
            self._learn(known)
        return known is not None

    def explain(self, risk: Risk) -> tuple[Contribution, ...]:
        """Which features moved the score, the strongest first; `explanation` makes a sentence of them."""
        return self.card.contributions(risk.vector)

    def use(self, card: Scorecard) -> None:
        """Scores with another model from now on: the drift and the shadow period begin anew."""
        self.card = card
        self._drift.restart()
        self._shadow = ShadowPeriod()

    def verdict(self) -> ShadowVerdict:
        """Whether the score may raise alerts, by the labels since the model came into use."""
        return self._shadow.verdict()

    def drift(self) -> tuple[Drift, ...] | None:
        """How far features and score have moved; None before there are two windows."""
        return self._drift.report()

    def packed(self) -> Packed:
        """As plain JSON, for another process to go on with."""
        return [
            VERSION,
            self.card.to_json(),
            self._acceptors.packed(),
            self._labels.packed(),
            self._drift.packed(),
            self._shadow.packed(),
        ]

    @classmethod
    def unpacked(cls, value: Packed) -> "RiskScorer":
        """From `packed`. Raises StateInvalid, or ModelRefused of its model."""
        version, card, acceptors, labels, drift, shadow = items(value, 6)
        if version != VERSION:
            raise StateInvalid(f"the version of the risk score's state is {version}, and this release reads {VERSION}")
        return cls(
            Scorecard.from_json(text(card)),
            Acceptors.unpacked(acceptors),
            LateLabels.unpacked(labels),
            DriftMonitor.unpacked(drift),
            ShadowPeriod.unpacked(shadow),
        )

    def _learn(self, known: LabelledEvent) -> None:
        event, is_fraud = known
        if event.acceptor is not None:
            self._acceptors.label(event.acceptor, event.t, is_fraud)
        self._shadow.observe(event.score, event.alerted, is_fraud)
        weight = learning_weight(event.event_id, event.score, is_fraud)
        if weight:
            self.card.learn(event.vector, is_fraud, event.t, weight)
