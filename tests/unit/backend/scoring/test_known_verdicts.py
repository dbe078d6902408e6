"""A charge is counted once at its terminal, whoever scored it and however often people decide about it."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.detection.state.acceptors import AcceptorHistory
from backend.detection.state.pace import DAY_S
from backend.detection.state.packing import Packed, StateInvalid
from backend.scoring import known_verdicts
from backend.scoring.known_verdicts import KnownVerdicts
from backend.scoring.scorer import Charge, Lesson, Risk, RiskScorer
from tests.unit.backend.scoring.vectors import START, key, vector

TERMINAL = "t1"
HOUR_S = timedelta(hours=1).total_seconds()


def scorer(*, is_owner: bool, lessons: list[Lesson] | None = None) -> RiskScorer:
    """One that knows the terminal, and as owner the charge "a" there."""
    made = RiskScorer(teach=None if lessons is None else lessons.append)
    made.acceptors.observe(TERMINAL, START - 1)
    if is_owner:
        made.keep(Charge(key("a"), START, TERMINAL), Risk(0.5, vector()), alerted=False)
    return made


def say(to: RiskScorer, is_fraud: bool) -> None:
    """As a partition does."""
    if to.knows(key("a")):
        to.decide(key("a"), is_fraud)
    else:
        to.hear(key("a"), TERMINAL, START, is_fraud)


def known_of(of: RiskScorer, days: float) -> tuple[float, float, int]:
    found: AcceptorHistory = of.acceptors.observe(TERMINAL, START + days * DAY_S)
    return found.labelled, found.frauds, found.streak


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([True], (1, 1, 1)),
        ([True, True], (1, 1, 1)),
        ([True, False], (1, 0, 0)),
        ([False, True], (1, 1, 1)),
        ([True, False, True, True], (1, 1, 1)),
    ],
)
@pytest.mark.parametrize("is_owner", [True, False])
def test_reopened_case_is_corrected_in_every_partition(
    is_owner: bool, said: list[bool], expected: tuple[float, float, int]
) -> None:
    partition = scorer(is_owner=is_owner)
    for each in said:
        say(partition, each)
    assert known_of(partition, 1) == pytest.approx(expected)


@pytest.mark.parametrize(("is_fraud", "expected"), [(True, (1, 1, 1)), (False, (1, 0, 0))])
def test_verdict_after_the_label_delay_corrects(is_fraud: bool, expected: tuple[float, float, int]) -> None:
    partition = scorer(is_owner=True)
    assert partition.settle(START + 8 * DAY_S) == 1
    say(partition, is_fraud)
    say(partition, is_fraud)
    assert known_of(partition, 0) == pytest.approx(expected)


def test_charge_delivered_again_after_its_verdict_is_not_learned() -> None:
    lessons: list[Lesson] = []
    partition = scorer(is_owner=True, lessons=lessons)
    say(partition, is_fraud=True)
    partition.keep(Charge(key("a"), START, TERMINAL), Risk(0.5, vector()), alerted=False)
    assert partition.settle(START + 8 * DAY_S) == 0
    assert [each.is_fraud for each in lessons] == [True]
    assert known_of(partition, 0) == pytest.approx((1, 1, 1))


moves = st.lists(st.tuples(st.booleans(), st.integers(0, 15), st.booleans()), max_size=60)


def played(known: KnownVerdicts, values: list[tuple[bool, int, bool]]) -> KnownVerdicts:
    for is_settled, which, is_fraud in values:
        if is_settled:
            known.settle(key(str(which)))
        else:
            known.say(key(str(which)), is_fraud)
    return known


@example([(True, each, False) for each in (0, 0, 1, 0, 2, 3, 4, 5, 6, 7)], [])
@given(moves, st.lists(st.integers(0, 60), max_size=3))
def test_saved_in_parts_changes_nothing(values: list[tuple[bool, int, bool]], restarts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known_verdicts, "CHUNK", 3)
        patch.setattr(known_verdicts, "MAX_SAID", 5)
        straight, stopped = played(KnownVerdicts(7), values), KnownVerdicts(7)
        saved: dict[int, Packed] = {}
        for first, last in pairwise([0, *sorted(restarts), len(values)]):
            played(stopped, values[first:last])
            saved |= stopped.take_chunks()
            saved = json.loads(json.dumps({each: value for each, value in saved.items() if value is not None}))
            saved = {int(number): chunk for number, chunk in saved.items()}
            stopped = KnownVerdicts.restored(json.loads(json.dumps(stopped.packed())), saved, 7)
        assert (stopped.packed(), stopped.all_chunks()) == (straight.packed(), straight.all_chunks())
        names = [key(str(which)) for which in range(16)]
        assert [stopped.verdict(each) for each in names] == [straight.verdict(each) for each in names]


def test_memory_is_bounded() -> None:
    known = KnownVerdicts(max_settled=4_000)
    for number in range(10_000):
        known.settle(key(f"settled {number}"))
        known.say(key(f"said {number}"), is_fraud=True)
    assert known.verdict(key("settled 9999")) is False
    assert known.verdict(key("said 9999")) is True
    assert known.verdict(key("settled 0")) is None
    assert known.verdict(key("said 0")) is None
    assert len(known.all_chunks()) == 2


@pytest.mark.parametrize("packed", [[], [2, 0, "", ""], [1, 0, "00", ""], [1, 0, "what", "f"]])
def test_unknown_verdicts_are_refused(packed: Packed) -> None:
    with pytest.raises(StateInvalid):
        KnownVerdicts.restored(packed, {})
