"""The model: a scorecard, which is a logistic regression over the levels of the features, learned event by event."""

from collections.abc import Iterable, Sequence
from math import exp
from operator import getitem
from typing import Annotated, Final, Literal, NamedTuple
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.detection.features import CURRENCY_LETTERS, FEATURE_SET, FEATURES
from contracts.money import NUMERIC_CURRENCIES

FORMAT_VERSION: Final = 1

SUSPICIOUS: Final = 0.015
"""Charges with a higher score are all learned: they are where the model decides."""
_ONE_OF: Final = 4
"""Of the other charges that were no fraud, one of so many is learned, with so much weight: same result, less work."""
_LEAST_MOVE, _MOST_MOVE = 0.1, 20.0
"""Log odds: less is not worth a word, more is one factor like another."""
_OTHER_CURRENCY: Final = "XXX"
"""The code of ISO 4217 for none: codes that it does not know share their levels, so that a model stays bounded."""

_CURRENCIES = frozenset(NUMERIC_CURRENCIES.values())
_KEYS: Final = tuple(tuple(f"{each.name}={level}" for level in range(len(each.levels))) for each in FEATURES[1:])


class ModelRefused(Exception):
    """A model file cannot be used; says why in a sentence."""


class Contribution(NamedTuple):
    """What one feature did to a score."""

    feature: str
    says: str
    """The feature and its level, for analysts."""
    log_odds: float
    """Against the average charge: 0.7 doubles the odds of fraud, -0.7 halves them."""


LATEST: Final = 253_402_300_799.0
"""The last second that there is a date for, in seconds since 1970."""
_MOST: Final = 2**53
"""Of what is counted: larger numbers are not exact."""
_Weight = Annotated[float, Field(ge=-1_000, le=1_000)]
"""Log odds: twenty are a certainty."""
_Square = Annotated[float, Field(gt=0, le=_MOST)]
_Share = Annotated[float, Field(ge=0, le=_MOST)]


class _Learner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    weights: dict[str, _Weight]
    squares: dict[str, _Square]
    shares: dict[str, _Share]
    intercept: _Weight
    steps: int = Field(ge=0, le=_MOST)


class ModelDocument(BaseModel):
    """A model as it is written to a file."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    format: Literal["casewright risk model"] = "casewright risk model"
    format_version: int
    feature_set: int
    frauds: int = Field(ge=0, le=_MOST)
    others: float = Field(ge=0, le=_MOST)
    learned_until: Annotated[float, Field(ge=0, le=LATEST)] | None
    learner: _Learner


class Scorecard:
    """Probability of fraud from a feature vector. The same labels in the same order give the same weights."""

    def __init__(self) -> None:
        # The library takes as long to import as all others together, and a process without telemetry needs none of it.
        from backend.scoring.regression import Regression

        self._regression = Regression()
        self._shares: dict[str, float] = {}
        """How often each level was learned, by weight."""
        self._rows: dict[bytes, tuple[tuple[str, ...], ...]] = {}
        self.frauds = 0
        """Confirmed frauds learned."""
        self.others = 0.0
        """Charges learned that were none, each by its weight."""
        self.learned_until: float | None = None
        """Time of the newest charge learned, in seconds since 1970."""

    def predict(self, vector: bytes) -> float:
        """Probability of fraud, above 0 and below 1."""
        return self._regression.probability(dict.fromkeys(self._keys(vector), 1.0))

    def learn(self, vector: bytes, is_fraud: bool, at: float, weight: float = 1.0) -> None:
        """Moves the weights towards what a charge of `at` turned out to be."""
        levels = dict.fromkeys(self._keys(vector), 1.0)
        self._regression.learn(levels, is_fraud, weight)
        for key in levels:
            self._shares[key] = self._shares.get(key, 0.0) + weight
        if is_fraud:
            self.frauds += 1
        else:
            self.others += weight
        if self.learned_until is None or at > self.learned_until:
            self.learned_until = at

    def contributions(self, vector: bytes) -> tuple[Contribution, ...]:
        """What each feature did to the score of `vector`, the largest first; all zero before anything is learned."""
        weights = self._regression.weights_by_key()
        sums: dict[str, float] = {}
        totals: dict[str, float] = {}
        for key, share in self._shares.items():
            name = key.partition("=")[0]
            sums[name] = sums.get(name, 0.0) + share * weights.get(key, 0.0)
            totals[name] = totals.get(name, 0.0) + share
        found: list[Contribution] = []
        for feature, key, level in zip(FEATURES, self._keys(vector), vector[CURRENCY_LETTERS:], strict=True):
            name = key.partition("=")[0]
            usual = sums[name] / totals[name] if totals.get(name) else 0.0
            moved = weights.get(key, 0.0) - usual if key in self._shares else 0.0
            found.append(Contribution(feature.name, f"{feature.says}: {feature.levels[level]}", moved))
        return tuple(sorted(found, key=lambda each: -abs(each.log_odds)))

    def to_json(self) -> str:
        """The model with the state of its training, so that learning goes on where it was."""
        learner = _Learner(
            weights=self._regression.weights_by_key(),
            squares=self._regression.squares,
            shares=self._shares,
            intercept=self._regression.intercept,
            steps=self._regression.steps,
        )
        return ModelDocument(
            format_version=FORMAT_VERSION,
            feature_set=FEATURE_SET,
            frauds=self.frauds,
            others=self.others,
            learned_until=self.learned_until,
            learner=learner,
        ).model_dump_json(indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Scorecard":
        """The model of `to_json`. Raises ModelRefused for another format, another feature set, or what is damaged."""
        try:
            document = ModelDocument.model_validate_json(text)
        except ValidationError as error:
            raise ModelRefused(_why_unreadable(text, error)) from None
        if document.format_version != FORMAT_VERSION:
            raise ModelRefused(_other_format(document.format_version))
        if document.feature_set != FEATURE_SET:
            raise ModelRefused(
                f"The model was learned on feature set {document.feature_set}; this release has set {FEATURE_SET}. "
                "Let a new one learn in shadow."
            )
        card = cls()
        card.frauds, card.others, card.learned_until = document.frauds, document.others, document.learned_until
        card._shares = document.learner.shares
        card._regression.restore(
            document.learner.weights, document.learner.squares, document.learner.intercept, document.learner.steps
        )
        return card

    def _keys(self, vector: bytes) -> Iterable[str]:
        """The key of each feature's level, in the order of the features."""
        letters = vector[:CURRENCY_LETTERS]
        rows = self._rows.get(letters) or self._rows_of(letters)
        return map(getitem, rows, vector[CURRENCY_LETTERS:])

    def _rows_of(self, letters: bytes) -> tuple[tuple[str, ...], ...]:
        code = letters.decode(errors="replace")
        currency = code if code in _CURRENCIES else _OTHER_CURRENCY
        amounts = tuple(f"amount/{currency}={level}" for level in range(len(FEATURES[0].levels)))
        rows = (amounts, *_KEYS)
        if currency == code:
            self._rows[letters] = rows
        return rows


def explanation(score: float, contributions: Sequence[Contribution], most: int = 3) -> str:
    """One sentence for analysts: the score, and the levels that moved it most."""
    return f"Risk score {score:.1%}; {reasons(contributions, most)}."


def reasons(contributions: Sequence[Contribution], most: int = 3) -> str:
    """The levels that moved a score most, as a clause."""
    moved = [each for each in contributions[:most] if abs(each.log_odds) >= _LEAST_MOVE]
    return f"most of it by {'; '.join(map(_moved_by, moved))}" if moved else "no feature of the charge moved it"


def _moved_by(each: Contribution) -> str:
    factor = exp(min(abs(each.log_odds), _MOST_MOVE))
    return f"{each.says} (odds {'times' if each.log_odds > 0 else 'divided by'} {factor:.3g})"


def learning_weight(event_id: str, score: float, is_fraud: bool) -> float:
    """How much a label counts for learning, 0 where it is not learned: decided by the event alone."""
    if is_fraud or score > SUSPICIOUS:
        return 1.0
    return float(_ONE_OF) if crc32(event_id.encode(errors="surrogatepass")) % _ONE_OF == 0 else 0.0


def _other_format(version: int) -> str:
    return f"The model file has format version {version}; this release reads version {FORMAT_VERSION}."


def _why_unreadable(text: str | bytes, error: ValidationError) -> str:
    head = _FormatOf.model_validate_json(text) if _is_document(text) else None
    if head is not None and head.format_version != FORMAT_VERSION:
        return _other_format(head.format_version)
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"])) or "the file"
    return f"The model file cannot be read: {place}: {first['msg']}."


class _FormatOf(BaseModel):
    format_version: int


def _is_document(text: str | bytes) -> bool:
    try:
        _FormatOf.model_validate_json(text)
    except ValidationError:
        return False
    return True
