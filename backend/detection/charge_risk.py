"""How likely a charge is fraud, as a learned score says: what the detector asks for, and what it is told."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from backend.detection.state.customer import ChargeFacts
from backend.detection.state.pace import Pace
from contracts.telemetry import TransactionEvent


class ChargeRisk(NamedTuple):
    """The score of one charge."""

    score: float
    """Probability of fraud, above 0 and below 1."""
    vector: bytes
    """The features that it was made of."""
    model: int
    """The version of the model; 0: there is none yet, and the score says nothing."""
    may_alert: bool
    """False while the model is in shadow."""
    reasons: Callable[[], str]
    """What moved the score most, as a clause for analysts."""


class ChargeScoring(Protocol):
    """Scores the charges of a partition, one after the other, and learns what they turned out to be."""

    def score(self, event: TransactionEvent, t: float, facts: ChargeFacts, pace: Pace) -> ChargeRisk:
        """By what was known before the charge at `t`, in seconds since 1970."""
        ...

    def keep(self, event: TransactionEvent, t: float, risk: ChargeRisk, alerted: bool) -> None:
        """Remember it until it is known what it was. `alerted`: whether a rule, not the score, raised an alert."""
        ...
