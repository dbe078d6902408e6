"""Which bands apply to an alert, and what several alerts ask for together."""

import pytest
from pydantic import ValidationError

from contracts.alert import asks_for
from contracts.autonomy import AutonomyBand, Decider, deciders
from contracts.severity import Severity
from tests.unit.casebook.builders import an_alert

TABLE = (
    AutonomyBand(decider="auto_clear"),
    AutonomyBand(decider="one_analyst", from_score=0.3),
    AutonomyBand(decider="two_people", from_score=0.8),
    AutonomyBand(decider="manager_first", from_severity="critical"),
)


@pytest.mark.parametrize(
    ("severity", "score", "expected"),
    [
        ("low", 0.29, ("auto_clear",)),
        ("high", 0.3, ("auto_clear", "one_analyst")),
        ("high", 0.8, ("auto_clear", "one_analyst", "two_people")),
        ("critical", 0.0, ("auto_clear", "manager_first")),
        ("critical", None, ("auto_clear", "one_analyst", "two_people", "manager_first")),
    ],
)
def test_every_band_that_applies_counts(severity: Severity, score: float | None, expected: tuple[Decider, ...]) -> None:
    assert deciders(TABLE, severity, score) == expected
    assert deciders(reversed(TABLE), severity, score) == expected


def test_without_bands_nobody_is_asked_for() -> None:
    assert asks_for([an_alert()], 1.0) is None
    assert asks_for([an_alert().model_copy(update={"autonomy": TABLE[:1]})], 1.0) is None


def test_what_several_alerts_ask_for_adds_up() -> None:
    first, second = (an_alert().model_copy(update={"autonomy": (band,)}) for band in (TABLE[1], TABLE[2]))
    assert asks_for([first, second], 0.5) == ("one_analyst",)
    assert asks_for([first, second], 0.9) == ("one_analyst", "two_people")


def test_alert_without_bands_is_written_as_before() -> None:
    assert "autonomy" not in an_alert().model_dump(mode="json")


@pytest.mark.parametrize("wrong", [{"from_score": 1.1}, {"from_severity": "awful"}, {"decider": "nobody"}])
def test_band_out_of_its_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AutonomyBand.model_validate({"decider": "one_analyst", **wrong})
