"""One model is learned of what all partitions teach; another version is made when there is reason to, and says why."""

import zlib
from datetime import UTC, datetime, timedelta

import pytest

from backend.detection.features import FEATURE_SET
from backend.detection.state.packing import StateInvalid
from backend.scoring.drift import DriftMonitor
from backend.scoring.learner import (
    FIRST_FRAUDS,
    VERDICT_EVERY,
    VERSION_EVERY,
    drift_of,
    learn,
    model_in,
    read_lessons,
    shadow_of,
    write_lessons,
)
from backend.scoring.partition import ScoreCounts
from backend.scoring.scorecard import ModelRefused
from backend.scoring.scorer import Lesson
from backend.scoring.shadow import ShadowPeriod
from contracts.risk_score import LearnerState, ModelOrigin
from tests.unit.backend.scoring.vectors import START, vector

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def lessons(frauds: int, others: int = 0) -> bytes:
    taught = [Lesson(vector(streak=5), True, START + number, 1.0) for number in range(frauds)]
    taught += [Lesson(vector(), False, START + number, 4.0) for number in range(others)]
    return write_lessons(taught)


def state(
    document: bytes | None = None, line: int | None = None, newest: ModelOrigin | None = None, revision: int = 0
) -> LearnerState:
    return LearnerState(revision=revision, line=line, document=document, newest=newest)


def origin(made_at: datetime, frauds: int = FIRST_FRAUDS, others: float = 0, *, may_alert: bool = False) -> ModelOrigin:
    return ModelOrigin(
        number=1,
        line=1,
        may_alert=may_alert,
        made_at=made_at,
        effective_at=made_at,
        frauds=frauds,
        others=others,
        learned_until=None,
        made_by=None,
        rolled_back_to=None,
        reason="A test.",
    )


def counts(line: int = 1, *, better: bool = True) -> ScoreCounts:
    """Of 100 charges that the rules alerted half were fraud; the score found 80 frauds, or none."""
    shadow = ShadowPeriod()
    for number in range(100):
        shadow.observe(0.1, True, number % 2 == 0)
    for number in range(100):
        shadow.observe(0.9 if better else 0.001, False, number < 95)
    return ScoreCounts(1, line, 0, 0, DriftMonitor(), shadow)


def test_lessons_are_read_as_they_were_written() -> None:
    taught = [Lesson(vector(streak=5), True, START, 1.0), Lesson(vector(currency="EUR"), False, START + 0.5, 4.0)]
    assert read_lessons(write_lessons(taught)) == taught
    assert write_lessons([]) == b""


@pytest.mark.parametrize(
    "body",
    [
        b"nothing",
        zlib.compress(b"{"),
        zlib.compress(b"[99, []]"),
        zlib.compress(f'[{FEATURE_SET}, [["zz", true, 1.0, 1.0]]]'.encode()),
        zlib.compress(f'[{FEATURE_SET}, [["{"ff" * 17}", true, 1.0, 1.0]]]'.encode()),
        zlib.compress(f'[{FEATURE_SET}, [["0000", true, 1.0, 1.0]]]'.encode()),
    ],
)
def test_unreadable_lessons_are_refused(body: bytes) -> None:
    with pytest.raises(StateInvalid):
        read_lessons(body)


@pytest.mark.parametrize(
    ("at", "weight"), [(1e300, 1.0), (float("nan"), 1.0), (-1.0, 1.0), (START, -1.0), (START, 1e9)]
)
def test_lessons_of_impossible_numbers_are_refused(at: float, weight: float) -> None:
    with pytest.raises(StateInvalid):
        read_lessons(write_lessons([Lesson(vector(), True, at, weight)]))


def test_first_version_waits_for_enough_frauds() -> None:
    few = learn(state(), [lessons(FIRST_FRAUDS - 1, 5)], [], NOW)
    assert (few.line, few.new, few.sentences) == (None, None, ())
    enough = learn(state(few.document), [lessons(1)], [], NOW)
    assert enough.new is not None
    assert (enough.new.frauds, enough.new.others, enough.new.may_alert) == (FIRST_FRAUDS, 20, False)
    assert enough.new.reason == "The first of its line, learned from 20 confirmed frauds and 20 other charges."
    assert model_in(enough.new.document).predict(vector(streak=5)) > model_in(enough.document).predict(vector())


def test_learning_in_two_steps_is_learning_in_one() -> None:
    parts = [lessons(8, 3), lessons(2, 9)]
    once = learn(state(), parts, [], NOW)
    twice = learn(state(learn(state(), parts[:1], [], NOW).document), parts[1:], [], NOW)
    assert once.document == twice.document


def test_another_version_is_made_once_a_day() -> None:
    learned = learn(state(), [lessons(FIRST_FRAUDS)], [], NOW).document
    soon = learn(state(learned, 1, origin(NOW - VERSION_EVERY / 2)), [lessons(1)], [], NOW)
    later = learn(state(learned, 1, origin(NOW - VERSION_EVERY)), [lessons(1)], [], NOW)
    same = learn(state(learned, 1, origin(NOW - VERSION_EVERY)), [], [], NOW)
    assert (soon.new, same.new) == (None, None)
    assert later.new is not None
    assert (later.line, later.new.may_alert) == (1, False)
    assert later.new.reason == "Learned from 21 confirmed frauds and 0 other charges."


def test_line_that_is_better_than_the_rules_may_alert() -> None:
    learned = learn(state(), [lessons(FIRST_FRAUDS)], [], NOW).document
    step = learn(state(learned, 1, origin(NOW - VERDICT_EVERY)), [], [counts(), counts(line=2)], NOW)
    assert step.new is not None
    assert step.new.may_alert
    assert step.new.reason.startswith("Ready: of the 100 charges with the highest scores 95% ")
    too_soon = learn(state(learned, 1, origin(NOW - VERDICT_EVERY / 2)), [], [counts()], NOW)
    assert too_soon.new is None


def test_line_that_is_no_longer_better_stops_alerting() -> None:
    learned = learn(state(), [lessons(FIRST_FRAUDS)], [], NOW).document
    ready = origin(NOW - VERDICT_EVERY, may_alert=True)
    step = learn(state(learned, 1, ready), [], [counts(better=False)], NOW)
    assert step.new is not None
    assert not step.new.may_alert
    assert step.new.reason.startswith("Not ready: ")
    assert learn(state(learned, 1, ready), [], [counts()], NOW).new is None


def test_partitions_are_counted_together() -> None:
    assert shadow_of([counts(), counts(), counts(line=2)], 1).verdict().rules.of == 200
    assert drift_of([counts()], 1).report() is None


def test_model_of_another_release_begins_a_line_in_shadow() -> None:
    document = zlib.compress(b'{"format_version": 99}')
    step = learn(state(document, 1, origin(NOW - timedelta(days=9), may_alert=True)), [lessons(1)], [counts()], NOW)
    assert (step.line, step.new) == (None, None)
    (sentence,) = step.sentences
    assert sentence.endswith(
        "begins anew in shadow: The model file has format version 99; this release reads version 1."
    )
    again = learn(state(step.document, None, origin(NOW)), [lessons(FIRST_FRAUDS)], [counts()], NOW)
    assert again.new is not None
    assert not again.new.may_alert


def test_lessons_of_another_release_are_left_out() -> None:
    step = learn(state(), [zlib.compress(b"[99, []]"), lessons(1)], [], NOW)
    assert model_in(step.document).frauds == 1
    assert step.sentences == (
        f"Labels are not learned by the risk score: they are of feature set 99, and this release has {FEATURE_SET}.",
    )


def test_damaged_file_is_refused() -> None:
    with pytest.raises(ModelRefused, match=r"The model file is damaged\."):
        model_in(b"model")
