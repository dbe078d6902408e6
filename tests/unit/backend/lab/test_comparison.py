"""Alerts of two versions are gained, lost or kept, and labels say which were right."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from backend.lab import comparison as module
from backend.lab.comparison import (
    Findings,
    TooManyAlerts,
    by_customer,
    by_day,
    compare,
    listed,
    quality_by_decisions,
    quality_by_file,
    totals,
)
from backend.lab.episodes import Episodes
from backend.lab.intervals import proportion
from contracts.alert import Alert
from contracts.back_tests import MAX_LISTED, MAX_LISTED_CUSTOMERS
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import at, failure


def an_event(name: str, customer: int = 1, day: float = 0) -> TelemetryEvent:
    return failure(at(days=day), customer=customer).model_copy(update={"event_id": name})


def an_alert(name: str, triggers: Sequence[str] = (), customer: int = 1, day: float = 0) -> Alert:
    return Alert(
        alert_id=name,
        customer_id=customer,
        alert_type="auth_failures",
        rule_id="auth_failures",
        rule_version=1,
        severity="high",
        description=f"This is {name}.",
        raised_at=at(days=day),
        trigger_events=tuple(an_event(each, customer) for each in triggers),
        source="replay",
    )


def findings(*alerts: Alert) -> Findings:
    found = Findings(1)
    for each in alerts:
        found.add(each)
    return found


def names(alerts: Sequence[module.Found]) -> list[str]:
    return [each.alert_id for each in alerts]


def test_alerts_are_compared_by_their_ids() -> None:
    found = compare(findings(an_alert("a"), an_alert("b")), findings(an_alert("b"), an_alert("c")))
    assert {side: names(alerts) for side, alerts in found.sides.items()} == {
        "gained": ["c"],
        "lost": ["a"],
        "kept": ["b"],
    }
    counts = totals(found)
    assert (counts.before, counts.after, found.moved) == (2, 2, 0)


def test_other_windows_give_other_ids_to_the_same() -> None:
    before = findings(an_alert("a-1", ["e-1", "e-2"]), an_alert("a-2", ["e-3"]), an_alert("a-3", ["e-9"], customer=2))
    after = findings(an_alert("b-1", ["e-2", "e-3"]), an_alert("b-2", ["e-4"]), an_alert("b-3", ["e-9"], customer=3))
    found = compare(before, after)
    assert names(found.sides["kept"]) == ["b-1"]
    assert (names(found.sides["lost"]), names(found.sides["gained"])) == (["a-2", "a-3"], ["b-2", "b-3"])
    assert found.moved == 1
    assert (totals(found).before, totals(found).after) == (3, 3)


def test_changes_are_counted_by_day_and_customer() -> None:
    before = findings(an_alert("a", day=0), an_alert("b", day=1, customer=2))
    after = findings(an_alert("a", day=0), *(an_alert(f"c-{n}", day=3, customer=100 + n) for n in range(30)))
    found = compare(before, after)
    days = by_day(found)
    assert [(each.day, each.gained, each.lost, each.kept) for each in days] == [
        ("2026-03-02", 0, 0, 1),
        ("2026-03-03", 0, 1, 0),
        ("2026-03-05", 30, 0, 0),
    ]
    customers, more = by_customer(found)
    assert (customers[0].customer_id, customers[0].lost) == (2, 1)
    assert (len(customers), more) == (MAX_LISTED_CUSTOMERS, 12)


def test_lists_are_bounded_and_say_what_is_left_out() -> None:
    alerts = findings(*(an_alert(f"a-{n:03}") for n in range(MAX_LISTED + 5))).all()
    shown = listed(alerts, lambda _: None)
    assert (len(shown.items), shown.more, shown.items[0].description) == (MAX_LISTED, 5, "This is a-000.")


def test_flood_of_alerts_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COMPARED", 2)
    with pytest.raises(TooManyAlerts, match=r"^Version 1 raised more than 2 alerts by 2026-03-02 12:00 UTC: "):
        findings(an_alert("a"), an_alert("b"), an_alert("c"))


def test_only_alerts_of_the_days_asked_for_count() -> None:
    found = Findings(1, counted_from=at(days=1))
    found.add(an_alert("before", day=0.9))
    found.add(an_alert("within", day=1))
    assert found.ids == ["within"]


def episodes(*events: TelemetryEvent, labelled: Sequence[str]) -> Episodes:
    seen = Episodes(frozenset(labelled))
    for each in events:
        seen.note(each)
    return seen


def test_labelled_events_in_a_row_are_one_episode() -> None:
    seen = episodes(
        an_event("bad-1"),
        an_event("bad-2"),
        an_event("bad-2"),
        an_event("other", customer=2),
        an_event("bad-3"),
        an_event("good"),
        an_event("bad-4"),
        labelled=["bad-1", "bad-2", "bad-3", "bad-4", "elsewhere"],
    )
    assert (seen.count, seen.events, seen.customers) == (2, 4, {1})
    assert seen.hit_by(["bad-1", "bad-3", "good"]) == {0}


def test_file_says_what_is_right_and_what_is_found() -> None:
    seen = episodes(
        an_event("bad-1"), an_event("good"), an_event("bad-2"), an_event("bad-3", customer=2),
        labelled=["bad-1", "bad-2", "bad-3"],
    )  # fmt: skip
    before = findings(an_alert("a", ["bad-1"]), an_alert("b", ["good"]))
    after = findings(an_alert("a", ["bad-1"]), an_alert("c", ["bad-2", "good"]), an_alert("d", ["bad-3"], customer=2))
    said = quality_by_file(compare(before, after), seen)
    assert (said.labelled, said.labels) == (3, "file")
    assert [(each.hits, each.of) for each in (said.before.precision, said.before.recall, said.before.customers)] == [
        (1, 2),
        (1, 3),
        (1, 2),
    ]
    assert [(each.hits, each.of) for each in (said.after.precision, said.after.recall, said.after.customers)] == [
        (3, 3),
        (3, 3),
        (2, 2),
    ]


@pytest.mark.parametrize("labelled", [frozenset[str](), frozenset({"of another recording"})])
def test_labels_of_something_else_are_no_sample(labelled: frozenset[str]) -> None:
    said = quality_by_file(compare(findings(an_alert("a", ["e1"])), findings()), Episodes(labelled))
    assert (said.labelled, said.before.precision.of, said.before.precision.share) == (0, 0, None)
    assert (said.before.recall.of, said.before.customers.of) == (0, 0)


def test_decisions_judge_only_what_was_decided() -> None:
    before = findings(an_alert("fraud"), an_alert("false"), an_alert("open"))
    after = findings(an_alert("fraud"), an_alert("new"))
    said = quality_by_decisions(compare(before, after), {"fraud": True, "false": False})
    assert (said.before.precision.hits, said.before.precision.of) == (1, 2)
    assert (said.after.precision.hits, said.after.precision.of) == (1, 1)
    assert (said.after.recall.hits, said.after.recall.of, said.labelled) == (1, 1, 2)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_interval_is_that_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    found = proportion(hits, of)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_empty_sample_has_no_interval() -> None:
    assert proportion(0, 0).model_dump() == {"hits": 0, "of": 0, "share": None, "low": None, "high": None}
    assert proportion(3, 3).high == 1.0


def test_days_between_alerts_are_left_out() -> None:
    found = compare(findings(), findings(an_alert("a"), an_alert("b", day=400)))
    assert [each.day for each in by_day(found)] == ["2026-03-02", (at() + timedelta(days=400)).date().isoformat()]
