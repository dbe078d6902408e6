"""A charge becomes a label once: by a verdict, or as no fraud when the delay is over."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.detection.state.pace import DAY_S
from backend.detection.state.packing import Packed, StateInvalid
from backend.scoring.late_labels import LateLabels, WaitingEvent
from tests.unit.backend.scoring.vectors import START, key, vector

WEEK_S = 7 * DAY_S

steps = st.lists(
    st.tuples(st.sampled_from(["keep", "review", "decide", "due"]), st.integers(0, 12), st.booleans()), max_size=60
)


def waiting(event_id: str, days: float = 0.0, customer_id: int = 1) -> WaitingEvent:
    return WaitingEvent(key(event_id, customer_id), START + days * DAY_S, "T1", vector(), 0.25, alerted=False)


def test_charge_is_no_fraud_once_its_delay_is_over() -> None:
    labels = LateLabels()
    labels.keep(waiting("a"))
    labels.keep(waiting("b", days=1))

    early = labels.due(START + WEEK_S)
    known = labels.due(START + WEEK_S + 1)

    assert early == []
    assert [(each.event.key.event_id, each.is_fraud) for each in known] == [("a", False)]
    assert len(labels) == 1


def test_verdict_is_learned_at_once_and_only_once() -> None:
    labels = LateLabels()
    labels.keep(waiting("a"))

    decided = labels.decide(key("a"), is_fraud=True)

    assert decided is not None
    assert decided.is_fraud
    assert labels.decide(key("a"), is_fraud=True) is None
    assert labels.due(START + 9 * WEEK_S) == []


def test_charge_under_review_waits_for_its_verdict() -> None:
    labels = LateLabels()
    labels.keep(waiting("a"))
    labels.review(key("a"))
    labels.review(key("never seen"))

    assert labels.due(START + 2 * WEEK_S) == []
    decided = labels.decide(key("a"), is_fraud=False)
    assert decided is not None
    assert not decided.is_fraud


def test_review_without_end_is_never_learned_from() -> None:
    labels = LateLabels()
    labels.keep(waiting("a"))
    labels.review(key("a"))

    assert labels.due(START + 4 * WEEK_S + 1) == []
    assert labels.decide(key("a"), is_fraud=True) is None
    assert labels.dropped == 1


def test_oldest_is_dropped_when_too_many_wait() -> None:
    labels = LateLabels(capacity=2)
    for event_id in ("a", "b", "c"):
        labels.keep(waiting(event_id))
    assert (len(labels), labels.dropped) == (2, 1)
    assert labels.decide(key("a"), is_fraud=True) is None


def test_repeated_id_keeps_its_first_event() -> None:
    labels = LateLabels()
    labels.keep(waiting("a"))
    labels.keep(waiting("a", days=5))
    assert len(labels) == 1
    assert len(labels.due(START + WEEK_S + 1)) == 1


def test_customers_whose_charges_share_an_id_are_apart() -> None:
    labels = LateLabels()
    labels.keep(waiting("1", customer_id=7))
    labels.keep(waiting("1", customer_id=8))

    decided = labels.decide(key("1", 8), is_fraud=True)

    assert decided is not None
    assert decided.event.key == key("1", 8)
    assert [each.event.key for each in labels.due(START + 9 * WEEK_S)] == [key("1", 7)]


def played(labels: LateLabels, values: list[tuple[str, int, bool]], first: int = 0) -> list[tuple[str, bool]]:
    """What became known, in order."""
    known: list[tuple[str, bool]] = []
    for number, (what, which, is_fraud) in enumerate(values, first):
        if what == "keep":
            labels.keep(waiting(str(which), days=number))
        elif what == "review":
            labels.review(key(str(which)))
        elif what == "decide":
            decided = labels.decide(key(str(which)), is_fraud)
            known += [] if decided is None else [(str(which), is_fraud)]
        else:
            known += [(each.event.key.event_id, each.is_fraud) for each in labels.due(START + number * DAY_S)]
    return known


@given(steps, st.integers(0, 60))
def test_restart_changes_nothing(values: list[tuple[str, int, bool]], restart: int) -> None:
    straight, stopped = LateLabels(capacity=5), LateLabels(capacity=5)
    expected = played(straight, values)

    known = played(stopped, values[:restart])
    packed = json.loads(json.dumps(stopped.packed(), allow_nan=False))
    stopped = LateLabels.unpacked(packed, capacity=5)
    known += played(stopped, values[restart:], first=restart)

    assert known == expected
    assert stopped.packed() == straight.packed()
    assert len(straight) <= 5


@pytest.mark.parametrize("packed", [[], [2, 1, 0, [], []], [1, 99, 0, [], []], [1, 1, 0, [["a"]], []]])
def test_unknown_labels_are_refused(packed: Packed) -> None:
    with pytest.raises(StateInvalid):
        LateLabels.unpacked(packed)
