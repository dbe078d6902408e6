"""The score may alert only when it is better than the rules beyond chance, on enough labels."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.packing import Packed, StateInvalid
from backend.scoring.shadow import ShadowPeriod, proportion

labelled = st.lists(st.tuples(st.floats(0, 1, allow_nan=False), st.booleans(), st.booleans()), max_size=80)


def period(*rows: tuple[int, float, bool, bool]) -> ShadowPeriod:
    """Rows of how many, score, alerted, fraud."""
    shadow = ShadowPeriod()
    for count, score, alerted, is_fraud in rows:
        for _ in range(count):
            shadow.observe(score, alerted, is_fraud)
    return shadow


def test_too_few_frauds_are_told() -> None:
    verdict = period((1_000, 0.01, False, False), (12, 0.9, True, True)).verdict()
    assert not verdict.ready
    assert verdict.sentence == "Not ready: 12 of 50 confirmed frauds are known so far."


def test_too_few_alerts_of_rules_are_told() -> None:
    verdict = period((1_000, 0.01, False, False), (60, 0.9, False, True), (20, 0.02, True, False)).verdict()
    assert not verdict.ready
    assert verdict.sentence == "Not ready: the rules raised 20 of the 30 alerts that a comparison needs."


def test_better_score_is_ready() -> None:
    verdict = period(
        (5_000, 0.01, False, False), (80, 0.9, False, True), (30, 0.3, True, True), (70, 0.02, True, False)
    )
    found = verdict.verdict()
    assert found.ready
    assert found.sentence == (
        "Ready: of the 100 charges with the highest scores 100% (96% to 100%) were fraud, "
        "of the rules' 100 alerts 30% (22% to 40%)."
    )
    assert found.difference[0] > 0.5


def test_equal_precision_is_not_better() -> None:
    verdict = period((5_000, 0.01, False, False), (60, 0.9, True, True), (40, 0.5, True, False)).verdict()
    assert not verdict.ready
    assert verdict.sentence.endswith("that is not better beyond chance.")


def test_slightly_better_is_not_beyond_chance() -> None:
    rows = ((5_000, 0.01, False, False), (52, 0.9, True, True), (4, 0.8, False, True), (48, 0.02, True, False))
    assert not period(*rows).verdict().ready


def test_scores_of_one_bin_are_shared_out() -> None:
    verdict = period((50, 0.5, False, True), (50, 0.5, False, False), (40, 0.01, True, False)).verdict()
    assert verdict.score.hits == pytest.approx(20)


def test_intervals_are_wilsons() -> None:
    found = proportion(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert proportion(0, 0)[2:] == (0.0, 1.0)


@given(labelled)
def test_order_of_labels_changes_nothing(rows: list[tuple[float, bool, bool]]) -> None:
    one, other = ShadowPeriod(), ShadowPeriod()
    for row in rows:
        one.observe(*row)
    for row in sorted(rows):
        other.observe(*row)
    assert one.packed() == other.packed()


@given(labelled)
def test_verdict_is_consistent_and_survives_packing(rows: list[tuple[float, bool, bool]]) -> None:
    shadow = ShadowPeriod()
    for row in rows:
        shadow.observe(*row)

    verdict = shadow.verdict()

    assert ShadowPeriod.unpacked(json.loads(json.dumps(shadow.packed()))).verdict() == verdict
    assert -1 <= verdict.difference[0] <= verdict.difference[1] <= 1 + 1e-9
    assert 0 <= verdict.score.hits <= sum(is_fraud for _, _, is_fraud in rows) + 1e-9
    assert verdict.sentence.startswith("Ready" if verdict.ready else "Not ready")


def test_correction_of_what_was_not_counted_changes_no_share() -> None:
    shadow = period((30, 0.5, True, False))
    for _ in range(66):
        shadow.correct(0.5, True, True)
    assert shadow.verdict().rules.share == 1
    shadow.correct(0.9, False, True)
    assert shadow.verdict().score.share == 1


def test_more_frauds_than_charges_are_refused() -> None:
    counted = [0] * 240
    with pytest.raises(StateInvalid, match="more frauds than charges"):
        ShadowPeriod.unpacked([1, 30, 66, [*counted], [*counted]])


@pytest.mark.parametrize("packed", [[], [2, 0, 0, [], []], [1, 0, 0, [0], [0]]])
def test_unknown_period_is_refused(packed: Packed) -> None:
    with pytest.raises(StateInvalid):
        ShadowPeriod.unpacked(packed)
