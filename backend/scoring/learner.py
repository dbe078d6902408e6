"""The learner: takes in what partitions teach, and says when there is to be another version of the model. Pure.

One model is learned from the charges of all partitions: a fraud is rare, and each partition alone would need years.
What is learned is small (a row of levels and a label), so it goes to the learner, and models come back.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from backend.detection.features import CURRENCY_LETTERS, FEATURE_SET, FEATURES
from backend.detection.state.packing import Packed, StateInvalid, items, number, text
from backend.scoring.drift import DriftMonitor
from backend.scoring.partition import ScoreCounts
from backend.scoring.scorecard import LATEST, ModelRefused, Scorecard
from backend.scoring.scorer import Lesson
from backend.scoring.shadow import ShadowPeriod, ShadowVerdict
from contracts.risk_score import LearnerState, ModelOrigin, NewModel

FIRST_FRAUDS: Final = 20
"""Confirmed frauds that are learned before there is a first version: with fewer it repeats single cases."""
VERSION_EVERY: Final = timedelta(hours=24)
"""How often there is a version of what was learned meanwhile."""
VERDICT_EVERY: Final = timedelta(hours=1)
"""And so long at least between two where the comparison with the rules came out otherwise."""


MAX_WEIGHT: Final = 100.0
"""Of one lesson."""


class LearnerStep(NamedTuple):
    """What is to be saved."""

    line: int | None
    """None: the next version begins one."""
    document: bytes
    new: NewModel | None
    sentences: tuple[str, ...]
    """What went wrong, for the log."""


def write_lessons(lessons: Iterable[Lesson]) -> bytes:
    """As they are kept until they are learned; empty where there are none."""
    rows: list[Packed] = [[each.vector.hex(), each.is_fraud, each.at, each.weight] for each in lessons]
    return zlib.compress(json.dumps([FEATURE_SET, rows]).encode()) if rows else b""


def read_lessons(body: bytes) -> list[Lesson]:
    """What `write_lessons` wrote. Raises StateInvalid for what is not of this release."""
    try:
        feature_set, rows = items(json.loads(zlib.decompress(body)), 2)
        if feature_set != FEATURE_SET:
            raise StateInvalid(f"they are of feature set {feature_set}, and this release has {FEATURE_SET}")
        return [_lesson(row) for row in items(rows)]
    except (zlib.error, ValueError) as error:
        raise error if isinstance(error, StateInvalid) else StateInvalid("they cannot be read") from None


def model_in(document: bytes) -> Scorecard:
    """The model of a file as it is on record. Raises ModelRefused."""
    try:
        return Scorecard.from_json(zlib.decompress(document))
    except zlib.error:
        raise ModelRefused("The model file is damaged.") from None


def learn(state: LearnerState, lessons: Sequence[bytes], counts: Sequence[ScoreCounts], now: datetime) -> LearnerStep:
    """Learn lessons in order, and decide whether there is another version. `counts`: what partitions report."""
    sentences: list[str] = []
    line, card = state.line, Scorecard()
    if state.document is not None:
        try:
            card = model_in(state.document)
        except ModelRefused as refused:
            line = None
            sentences.append(f"What the risk score had learned is not used, and it begins anew in shadow: {refused}")
    for body in lessons:
        try:
            for each in read_lessons(body):
                card.learn(each.vector, each.is_fraud, each.at, each.weight)
        except StateInvalid as problem:
            sentences.append(f"Labels are not learned by the risk score: {problem}.")
    verdict = shadow_of(counts, line).verdict()
    reason = _why_another(card, line, state.newest, verdict, now)
    document = zlib.compress(card.to_json().encode())
    new = None if reason is None else _new_model(card, document, line is not None and verdict.ready, reason)
    return LearnerStep(line, document, new, tuple(sentences))


def shadow_of(counts: Sequence[ScoreCounts], line: int | None) -> ShadowPeriod:
    """What all partitions have counted of a line."""
    period = ShadowPeriod()
    for each in counts:
        if each.line == line:
            period.add(each.shadow)
    return period


def drift_of(counts: Sequence[ScoreCounts], line: int | None) -> DriftMonitor:
    """What all partitions have counted of charges since the line began."""
    monitor = DriftMonitor()
    for each in counts:
        if each.line == line:
            monitor.add(each.drift)
    return monitor


def _why_another(
    card: Scorecard, line: int | None, newest: ModelOrigin | None, verdict: ShadowVerdict, now: datetime
) -> str | None:
    if card.frauds < FIRST_FRAUDS:
        return None
    learned = f"{card.frauds:,} confirmed frauds and {card.others:,.0f} other charges"
    if line is None or newest is None:
        return f"The first of its line, learned from {learned}."
    age = now - newest.made_at
    if verdict.ready != newest.may_alert and age >= VERDICT_EVERY:
        return verdict.sentence
    more = (card.frauds, card.others) != (newest.frauds, newest.others)
    return f"Learned from {learned}." if more and age >= VERSION_EVERY else None


def _new_model(card: Scorecard, document: bytes, may_alert: bool, reason: str) -> NewModel:
    until = card.learned_until
    return NewModel(
        may_alert=may_alert,
        frauds=card.frauds,
        others=card.others,
        learned_until=None if until is None else datetime.fromtimestamp(until, UTC),
        reason=reason,
        document=document,
    )


def _lesson(row: Packed) -> Lesson:
    vector, is_fraud, at, weight = items(row, 4)
    levels = bytes.fromhex(text(vector))
    sizes = [len(each.levels) for each in FEATURES]
    found = levels[CURRENCY_LETTERS:]
    if len(found) != len(sizes) or any(level >= size for level, size in zip(found, sizes, strict=True)):
        raise StateInvalid("they have levels that no feature has")
    if not 0 <= number(at) <= LATEST or not 0 < number(weight) <= MAX_WEIGHT:
        raise StateInvalid("they have times or weights that cannot be")
    return Lesson(levels, is_fraud is True, number(at), number(weight))
