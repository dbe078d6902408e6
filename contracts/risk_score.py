"""The learned risk score: what it is told of cases, its models on record, and what people see of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, NonNegativeInt, PositiveInt

from contracts.base import Contract, UtcDateTime
from contracts.detection_rules import Reason
from contracts.telemetry import CustomerId

MAX_MODELS_SHOWN = 50

LabelVerdict = Literal["review", "fraud", "no_fraud"]
"""`review`: people are asked, and time alone makes it no "no fraud". `fraud`, `no_fraud`: a person has decided so."""
ModelNumber: TypeAlias = Annotated[int, Field(ge=1, le=2**31 - 1)]


class LabelledCharge(Contract):
    """A charge that triggered an alert."""

    customer_id: CustomerId
    event_id: str
    """Of one customer: charges of different customers can share it."""
    at: UtcDateTime
    acceptor: str | None
    """Its terminal, or its merchant where no terminal is named."""


class ScoreLabel(Contract):
    """What a line of the case log says about charges."""

    seq: PositiveInt
    """Of the line."""
    at: UtcDateTime
    verdict: LabelVerdict
    charges: tuple[LabelledCharge, ...]


class ModelOrigin(Contract):
    """Where a version of the model comes from, and what it may do. It never changes."""

    number: ModelNumber
    line: ModelNumber
    """The number of the version with which its line began: all later ones have learned more of the same. Who begins a
    line, the learner or a manager who goes back, begins a shadow period with it."""
    may_alert: bool
    """Whether its line had been better than the rules in its shadow period when the version was made."""
    made_at: UtcDateTime
    effective_at: UtcDateTime
    """Charges of this time and later are scored with it."""
    frauds: NonNegativeInt
    """Confirmed frauds that it has learned."""
    others: Annotated[float, Field(ge=0)]
    """Charges that it has learned and that were none, each by its weight."""
    learned_until: UtcDateTime | None
    """When the newest charge happened that it has learned."""
    made_by: str | None
    """The manager who went back to an earlier version; null: it was learned."""
    rolled_back_to: ModelNumber | None
    reason: str
    """In one sentence, why there is this version."""


@dataclass(frozen=True)
class StoredModel:
    """A version of the model with its file."""

    origin: ModelOrigin
    document: bytes
    """The model file, compressed by zlib."""


@dataclass(frozen=True)
class NewModel:
    """A version that the learner makes."""

    may_alert: bool
    frauds: int
    others: float
    learned_until: datetime | None
    reason: str
    document: bytes


@dataclass(frozen=True)
class LearnerState:
    """What has been learned so far, by all processes together."""

    revision: int
    """How often it was saved: whoever saves names the one that they read."""
    line: int | None
    """Of the versions that are made of it; null: the next version begins one."""
    document: bytes | None
    """The model, compressed by zlib; null: nothing was learned yet."""
    newest: ModelOrigin | None
    """The newest version on record."""


@dataclass(frozen=True)
class Lessons:
    """Charges of one partition whose labels are known, in the order in which they became so."""

    number: int
    body: bytes


@dataclass(frozen=True)
class ScoreReport:
    """What a partition counts of its scores, as it was saved."""

    source: str
    partition: str
    body: bytes
    saved_at: datetime


# What the API says and is told

DriftLevel = Literal["stable", "moved", "shifted"]


class FeatureDrift(Contract):
    """How far a feature, or the score itself, has moved since the line began."""

    name: str
    says: str
    """For analysts."""
    psi: float
    """Population stability index: by custom below 0.1 is stable, above 0.25 has shifted."""
    level: DriftLevel


class ShareFound(Contract):
    """Frauds among labelled charges, with the 95 % interval of their share."""

    frauds: float
    of: NonNegativeInt
    low: float
    high: float


class ShadowView(Contract):
    """The comparison with the rules in the line's own shadow period."""

    ready: bool
    sentence: str
    rules: ShareFound
    score: ShareFound


class PartitionScores(Contract):
    """One partition that scores charges and saves what it learns from."""

    source: str
    partition: str
    model: NonNegativeInt
    """The version that it scores with; 0: none yet."""
    waiting: NonNegativeInt
    """Charges that wait for what they turn out to be, as of the last save."""
    dropped: NonNegativeInt
    """Charges that never became a label: too many waited, or their review took too long."""
    saved_at: UtcDateTime


class ModelView(Contract):
    """A version of the model in the list."""

    origin: ModelOrigin
    problem: str | None
    """Why this release cannot score with it."""


class RiskScoreView(Contract):
    """All there is to see of the learned score."""

    current: ModelNumber | None
    """The version that charges are scored with now; null: none."""
    next: ModelNumber | None
    """A version that was made and is not effective yet."""
    may_alert: bool
    """Whether the rule `learned_score`, once it is live, alerts by the current version."""
    learned_frauds: NonNegativeInt
    learned_others: Annotated[float, Field(ge=0)]
    sentence: str
    """How far it is."""
    shadow: ShadowView | None
    """Null without a version."""
    drift: tuple[FeatureDrift, ...] | None
    """What moved most first; null before there are two windows of charges."""
    partitions: tuple[PartitionScores, ...]
    models: tuple[ModelView, ...]
    """The newest first, at most fifty."""


class ModelRollBack(Contract):
    """Score with an earlier version again, in a shadow period of its own."""

    number: ModelNumber
    current: ModelNumber
    """The newest version that was looked at."""
    reason: Reason
