"""No rule fails by values that its parameters may have, whatever the events."""

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest
from annotated_types import Ge, Gt, Le
from hypothesis import given

from backend.detection import Detector
from backend.detection.parameters import PARAMETERS, RuleBook, RuleVersion
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import LISBON, NEW_YORK, at, call, change, charge, failure, login, usage
from tests.unit.backend.detection.random_life import few, seeds

ABOVE_NOTHING = 0.001
SUBNORMAL = 5e-324


def bounds_of(rule_id: str) -> Iterator[tuple[str, list[float]]]:
    """Each number, and the least and the largest that it may be."""
    for name, field in PARAMETERS[rule_id].model_fields.items():
        found = [each.ge for each in field.metadata if isinstance(each, Ge)]
        found += [ABOVE_NOTHING for each in field.metadata if isinstance(each, Gt)]
        found += [each.le for each in field.metadata if isinstance(each, Le)]
        if found:
            yield name, [float(str(each)) for each in found]


def at_the_bounds(random: Random, rule_id: str) -> RuleVersion:
    """A version of which about half of the numbers are at a bound, most of them at the lower one."""
    values: dict[str, Any] = {
        name: random.choice((*bounds, bounds[0])) for name, bounds in bounds_of(rule_id) if random.random() < 0.6
    }
    return RuleVersion(rule_id=rule_id, parameters=PARAMETERS[rule_id].model_validate(values))


def odd_event(random: Random, when: datetime) -> TelemetryEvent:
    """One whose numbers are nothing, next to nothing, or as large as an event may say."""
    size = random.choice((0.0, 0.0, 0.0, SUBNORMAL, 1e-9, 1.0, 1.5e308))
    amount = random.choice(("0", "0", "0", "0.0001", "0.01", "1", "99999999999999"))
    makers = (
        lambda: usage(when, size),
        lambda: charge(when, amount, type=random.choice((None, "transfer", "refund"))),
        lambda: login(when, random.choice((LISBON, NEW_YORK, "US", None)), success=random.random() < 0.7),
        lambda: failure(when, ip="192.0.2.9"),
        lambda: call(when),
        lambda: change(when, "sim"),
    )
    return random.choice((*makers, makers[0], makers[1]))()


@pytest.mark.parametrize("rule_id", [each for each in PARAMETERS if each != "learned_score"])
@few
@given(seeds)
def test_rule_judges_odd_events_at_its_bounds(rule_id: str, seed: int) -> None:
    random = Random(seed)
    detector = Detector(RuleBook(rules=(at_the_bounds(random, rule_id),)))
    minutes = sorted(random.choice((0, 1, 7, 400)) * random.randrange(40) for _ in range(120))
    for event in (odd_event(random, at(minute)) for minute in minutes):
        assert {signal.fate for signal in detector.observe(event)} <= {"raised"}


def test_first_use_after_nothing_is_an_alert() -> None:
    """A line that was never used, and a threshold that a manager has taken away."""
    parameters = PARAMETERS["data_usage_spike"].model_validate({"least_gb": 0})
    detector = Detector(RuleBook(rules=(RuleVersion(rule_id="data_usage_spike", parameters=parameters),)))
    readings = [usage(at(60 * number), 0) for number in range(20)]
    assert [alert for event in readings for alert in detector.alerts(event)] == []
    (alert,) = detector.alerts(usage(at(60 * 20), 2))
    assert alert.severity == "critical"
    assert "(alert above 0 GB)" in alert.description
