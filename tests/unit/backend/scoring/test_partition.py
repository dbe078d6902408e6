"""The scores of a partition follow from its charges, and from what people said by a stated time: from nothing else."""

import json
from collections.abc import Iterable
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.detection import AlertSignal, Detector
from backend.detection.state.packing import Packed
from backend.scoring.partition import CORE, PartitionScorer, counts_of
from backend.scoring.scorer import Lesson
from contracts.telemetry import TransactionEvent
from tests.unit.backend.detection.events import at, signals_of
from tests.unit.backend.scoring.score_world import (
    COMPROMISED,
    DAY_MINUTES,
    RULES,
    charges,
    is_fraud,
    label,
    labels,
    model,
    models,
    trained,
)
from tests.unit.backend.scoring.vectors import vector


class Partition:
    """A detector with its scorer, saved and restored together."""

    def __init__(self, teaches: bool = True) -> None:
        self.lessons: list[Lesson] = []
        self._states: dict[str, Packed] = {}
        self.score_states: dict[str, Packed] = {}
        self._teaches = teaches
        self._begin()

    def _begin(self) -> None:
        self.scorer = PartitionScorer(teaches=self._teaches)
        self.scorer.restore(json.loads(json.dumps(self.score_states)))
        self.detector = Detector(RULES, is_saved=True, scoring=self.scorer)
        self.detector.restore(self._states)

    def restart(self) -> None:
        """Save, and go on in another process."""
        self._states |= self.detector.take_changes().states
        changes = self.scorer.take_changes()
        self.score_states |= changes.states
        for key in changes.forgotten:
            self.score_states.pop(key, None)
        self.lessons += changes.lessons
        self._begin()

    def judge(self, events: Iterable[TransactionEvent]) -> list[tuple[str, str, str]]:
        return [_named(signal) for event in events for signal in signals_of(self.detector, event)]


def _named(signal: AlertSignal) -> tuple[str, str, str]:
    return signal.fate, signal.alert.alert_id, signal.alert.description


@pytest.mark.parametrize("seed", range(4))
def test_world_has_alerts_of_the_score_to_compare(seed: int) -> None:
    events = charges(Random(seed))
    partition = Partition()
    partition.scorer.hear_labels(labels(Random(seed), events), 10_000)
    partition.scorer.hear_models(models())
    found = partition.judge(events)
    of_score = [(fate, said) for fate, _, said in found if said.startswith("Risk score")]
    assert {"raised", "shadow"} <= {fate for fate, _ in of_score}
    assert all("by model 2" in said for fate, said in of_score if fate == "raised")


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 239), max_size=6), st.integers(0, 3))
def test_restarts_and_the_time_of_hearing_change_nothing(seed: int, restarts: list[int], ahead: int) -> None:
    """Whether all is heard at the beginning, or each label and model only once it is said."""
    events = charges(Random(seed))
    said, made = labels(Random(seed), events), models()
    straight, stopped = Partition(), Partition()
    straight.scorer.hear_labels(said, 10_000)
    straight.scorer.hear_models(made)
    expected = straight.judge(events)

    found: list[tuple[str, str, str]] = []
    for number, event in enumerate(events):
        if number in restarts:
            stopped.restart()
        now = event.occurred_at + ahead * timedelta(days=2)
        known = [each for each in said if each.at <= now and each.seq > stopped.scorer.read_to]
        stopped.scorer.hear_labels(known, known[-1].seq if known else stopped.scorer.read_to)
        stopped.scorer.hear_models([each for each in made if each.origin.made_at <= now])
        found += stopped.judge([event])

    assert found == expected
    straight.restart()
    stopped.restart()
    assert stopped.lessons == straight.lessons


def test_alert_names_the_model_and_what_moved_the_score() -> None:
    seed = 1
    events = charges(Random(seed))
    partition = Partition()
    partition.scorer.hear_labels(labels(Random(seed), events), 10_000)
    partition.scorer.hear_models(models())
    alerts = [alert for event in events for alert in partition.detector.alerts(event)]
    alert = next(each for each in alerts if each.rule_id == "learned_score")
    assert alert.description.startswith("Risk score ")
    assert "by model 2 (alert from 30.0%); most of it by confirmed frauds at the terminal" in alert.description
    assert alert.baseline is not None
    assert (alert.baseline.metric, alert.baseline.threshold) == ("risk_score", 0.3)
    assert [each.event_id for each in alert.trigger_events] == [alert.trigger_events[0].event_id]


def test_label_takes_effect_ten_minutes_after_it_was_said() -> None:
    first, soon, later = (
        event.model_copy(update={"occurred_at": at(minute), "customer_id": 1})
        for event, minute in zip(charges(Random(0))[:3], (0, 69, 71), strict=True)
    )
    partition = Partition()
    partition.scorer.hear_labels([label(1, first, "fraud", timedelta(hours=1))], 1)
    partition.judge([first, soon])
    partition.restart()
    assert partition.lessons == []
    partition.scorer.hear_labels([label(1, first, "fraud", timedelta(hours=1))], 1)
    partition.judge([later])
    partition.restart()
    assert [(each.is_fraud, each.at) for each in partition.lessons] == [(True, at(0).timestamp())]


def test_changed_verdict_is_learned_as_well() -> None:
    event, later = charges(Random(0))[:2]
    partition = Partition()
    said = [
        label(1, event, "fraud", timedelta(0)),
        label(2, event, "fraud", timedelta(1)),
        label(3, event, "no_fraud", timedelta(2)),
    ]
    partition.scorer.hear_labels(said, 3)
    partition.judge([event, later.model_copy(update={"occurred_at": event.occurred_at + timedelta(days=5)})])
    partition.restart()
    assert [each.is_fraud for each in partition.lessons] == [True, False]


def test_verdict_is_about_the_charge_of_its_customer() -> None:
    """Sources that number the charges of each customer have many of the same event id."""
    one, other, later = (
        event.model_copy(update={"event_id": event_id, "customer_id": customer_id, "occurred_at": at(minute)})
        for event, event_id, customer_id, minute in zip(
            charges(Random(0))[:3], ("1", "1", "2"), (1, 2, 3), (0, 1, 200), strict=True
        )
    )
    partition = Partition()
    partition.scorer.hear_labels([label(1, other, "fraud", timedelta(hours=1))], 1)
    partition.judge([one, other, later])
    assert partition.scorer.waiting == 2
    partition.restart()
    assert [(each.is_fraud, each.at) for each in partition.lessons] == [(True, at(1).timestamp())]


def charges_at_terminal(*minutes: int) -> list[TransactionEvent]:
    """One charge a minute that is named, all at the compromised terminal."""
    attributes = charges(Random(0))[0].attributes.model_copy(update={"terminal_id": COMPROMISED})
    return [
        event.model_copy(update={"occurred_at": at(minute), "attributes": attributes})
        for event, minute in zip(charges(Random(0)), minutes, strict=False)
    ]


def at_terminal(partition: Partition) -> list[Packed]:
    """What is saved of the compromised terminal: labels, frauds, and those in a row."""
    partition.restart()
    row = partition.score_states[f"risk:acceptor:{COMPROMISED}"]
    assert isinstance(row, list)
    return row[4:7]


def test_verdict_said_again_counts_once_after_a_restart() -> None:
    """At the terminal, in a partition that never scored the charge: also where it is said by another process."""
    here, elsewhere = charges_at_terminal(0, 1)
    partition = Partition()
    said = [label(number, elsewhere, "fraud", timedelta(hours=number)) for number in (1, 2)]
    partition.scorer.hear_labels(said, 2)
    partition.judge([here, here.model_copy(update={"event_id": "b", "occurred_at": at(75)})])
    partition.restart()
    partition.scorer.hear_labels(said, 2)
    partition.judge([here.model_copy(update={"event_id": "c", "occurred_at": at(300)})])
    assert at_terminal(partition) == [1.0, 1.0, 1.0]


def test_label_of_a_time_after_itself_is_ignored() -> None:
    """Nobody can have seen it, and no later label would outweigh it."""
    here, later = charges_at_terminal(0, 600)
    forged = here.model_copy(update={"event_id": "forged", "occurred_at": at(0).replace(year=9998)})
    said = label(1, forged, "fraud", timedelta(0)).model_copy(update={"at": at(30)})
    partition = Partition()
    partition.scorer.hear_labels([said], 1)
    partition.judge([here, later])
    assert at_terminal(partition) == [0.0, 0.0, 0.0]


def test_frauds_of_other_partitions_are_known_at_the_terminal() -> None:
    """A terminal is used by customers of all partitions: what is confirmed of one warns of the next."""
    events = charges(Random(3))
    elsewhere = [event for event in events if is_fraud(event)]
    here = [event for event in events if not is_fraud(event) or event.occurred_at > at(20 * DAY_MINUTES)]
    told, untold = Partition(), Partition()
    told.scorer.hear_labels([label(n, event, "fraud", timedelta(hours=1)) for n, event in enumerate(elsewhere, 1)], 999)
    for partition in (told, untold):
        partition.scorer.hear_models(models())
    of_score = [
        [said for _, _, said in partition.judge(here) if said.startswith("Risk score")] for partition in (told, untold)
    ]
    assert len(of_score[0]) > len(of_score[1])


def test_who_does_not_save_teaches_nothing() -> None:
    events = charges(Random(0))
    partition = Partition(teaches=False)
    partition.judge(events)
    partition.restart()
    assert partition.lessons == []


def test_model_of_another_release_scores_nothing() -> None:
    events = charges(Random(1), days=3)
    partition = Partition()
    partition.scorer.hear_models([model(7, 0)])
    assert not [said for _, _, said in partition.judge(events) if said.startswith("Risk score")]
    assert partition.scorer.model == 7


def test_restored_partition_asks_for_its_model() -> None:
    events = charges(Random(1), days=3)
    card = trained(vector(streak=5))
    partition = Partition()
    partition.scorer.hear_models([model(7, 0, card)])
    partition.judge(events[:5])
    partition.restart()
    assert partition.scorer.is_without_file
    partition.scorer.hear_models([model(7, 0, card)])
    assert (partition.scorer.is_without_file, partition.scorer.model) == (False, 7)


def test_another_line_begins_a_shadow_period() -> None:
    events = charges(Random(2))
    partition = Partition()
    partition.scorer.hear_models([model(1, 0, trained(vector(streak=5)))])
    partition.judge(events[:200])

    def labelled() -> int:
        partition.restart()
        shadow = counts_of(partition.score_states[CORE]).shadow.packed()  # pyright: ignore[reportPrivateUsage]
        assert isinstance(shadow, list)
        assert isinstance(shadow[3], list)
        return sum(each for each in shadow[3] if isinstance(each, int))

    before = labelled()
    partition.scorer.use_at_once(model(2, 0, trained(vector(streak=4))))
    assert labelled() == before > 0
    partition.scorer.use_at_once(model(3, 0, trained(vector(streak=4)), line=3))
    assert labelled() == 0


OF_ANOTHER_RELEASE: list[dict[str, Packed]] = [
    {"risk:waiting:0": []},
    {CORE: [99, 0, 0, 0, [], [], [], []]},
    {CORE: "what"},
]


@pytest.mark.parametrize("states", OF_ANOTHER_RELEASE)
def test_state_of_another_release_begins_anew(states: dict[str, Packed]) -> None:
    scorer = PartitionScorer(teaches=True)
    problem = scorer.restore(states)
    assert problem is not None
    assert str(problem).startswith("What the risk score knew of the partition is not used: ")
    assert set(scorer.take_changes().forgotten) == states.keys() - {CORE}


def test_saved_parts_are_small_and_forgotten_when_settled() -> None:
    events = charges(Random(0), days=60, each_day=80)
    partition = Partition()
    partition.judge(events[:2_500])
    partition.restart()
    first = partition.score_states  # pyright: ignore[reportPrivateUsage]
    assert {"risk:waiting:0", "risk:waiting:1", f"risk:acceptor:{COMPROMISED}"} <= first.keys()
    partition.judge(events[2_500:])
    partition.restart()
    assert "risk:waiting:0" not in first
    assert "risk:settled:0" in first
    counts = counts_of(first[CORE])
    assert counts.waiting == sum(
        len(rows) for key, rows in first.items() if "waiting" in key and isinstance(rows, list)
    )
