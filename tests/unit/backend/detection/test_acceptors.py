"""A terminal or merchant is known by its traffic and by the frauds that were confirmed there, whenever labels come."""

import json
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.acceptors import Acceptors
from backend.detection.state.pace import DAY_S
from backend.detection.state.packing import Packed, StateInvalid

START = 1_770_000_000.0
HOUR_S = 3_600.0

steps = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C"]),
        st.floats(0, 90 * DAY_S, allow_nan=False),
        st.sampled_from([None, True, False]),
    ),
    max_size=60,
)


def test_nothing_is_known_of_a_new_terminal() -> None:
    seen = Acceptors().observe("A", START)
    assert (seen.last_day, seen.labelled, seen.frauds, seen.streak, seen.label_age) == (0.0, 0.0, 0.0, 0, inf)


def test_traffic_is_the_charges_of_the_last_day() -> None:
    acceptors = Acceptors()
    for hour in range(24 * 30):
        acceptors.observe("A", START + hour * HOUR_S)
    seen = acceptors.observe("A", START + 30 * DAY_S)
    assert seen.last_day == pytest.approx(24, rel=0.05)


def test_confirmed_frauds_in_a_row_are_a_streak() -> None:
    acceptors = Acceptors()
    for day in range(5):
        acceptors.observe("A", START + day * DAY_S)
    acceptors.label("A", START, is_fraud=False)
    for day in range(1, 4):
        acceptors.label("A", START + day * DAY_S, is_fraud=True)

    seen = acceptors.observe("A", START + 10 * DAY_S)

    assert seen.streak == 3
    assert seen.streak_age == 9 * DAY_S
    assert seen.label_age == 7 * DAY_S
    assert 0.7 < seen.frauds / seen.labelled < 0.8


def test_newer_charge_without_fraud_ends_the_streak() -> None:
    acceptors = Acceptors()
    acceptors.observe("A", START)
    acceptors.label("A", START, is_fraud=True)
    acceptors.label("A", START + DAY_S, is_fraud=False)
    assert acceptors.observe("A", START + 2 * DAY_S).streak == 0


def test_older_charge_without_fraud_leaves_the_streak() -> None:
    acceptors = Acceptors()
    acceptors.observe("A", START)
    acceptors.label("A", START + DAY_S, is_fraud=True)
    acceptors.label("A", START, is_fraud=False)
    assert acceptors.observe("A", START + 2 * DAY_S).streak == 1


def test_acceptor_used_longest_ago_is_forgotten() -> None:
    acceptors = Acceptors(capacity=2)
    for number, name in enumerate(("A", "B", "A", "C")):
        acceptors.observe(name, START + number)
    assert len(acceptors) == 2
    assert acceptors.observe("A", START + 9).last_day > 0
    assert acceptors.observe("B", START + 9).last_day == 0


def test_label_of_a_forgotten_acceptor_is_ignored() -> None:
    acceptors = Acceptors()
    acceptors.label("A", START, is_fraud=True)
    assert len(acceptors) == 0


@given(steps)
def test_packed_acceptors_go_on_as_the_original(values: list[tuple[str, float, bool | None]]) -> None:
    acceptors = Acceptors(capacity=2)
    for name, offset, label in values:
        if label is None:
            acceptors.observe(name, START + offset)
        else:
            acceptors.label(name, START + offset, label)

    again = Acceptors.unpacked(json.loads(json.dumps(acceptors.packed(), allow_nan=False)), capacity=2)

    assert again.packed() == acceptors.packed()
    assert [again.observe(name, START) for name in "ABC"] == [acceptors.observe(name, START) for name in "ABC"]


@given(steps)
def test_frauds_are_never_more_than_labels(values: list[tuple[str, float, bool | None]]) -> None:
    acceptors = Acceptors()
    for name, offset, label in values:
        seen = acceptors.observe(name, START + offset)
        assert 0 <= seen.frauds <= seen.labelled + 1e-9
        if label is not None:
            acceptors.label(name, START + offset, label)


@pytest.mark.parametrize("packed", [[], [2, []], [1, [["A", 1.0]]], [1, ["A"]], [1, [["A", *("x",) * 9]]]])
def test_unknown_acceptors_are_refused(packed: Packed) -> None:
    with pytest.raises(StateInvalid):
        Acceptors.unpacked(packed)
