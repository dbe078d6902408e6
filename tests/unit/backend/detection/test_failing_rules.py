"""A rule that fails at an event takes neither the other rules nor the events after it, and says so."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest

from backend.detection import AlertSignal, Detector, FailureSignal, RuleBook, Signal
from backend.detection.detector import RULE_IDS
from backend.detection.parameters import DEFAULT_RULES, PARAMETERS, RuleParameters, RuleVersion
from backend.services.rule_fields import fields_of
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import at, charge, failure, unchecked, usage
from tests.unit.backend.detection.random_life import random_life

BURST = [failure(at(number / 60)) for number in range(7)]


def all_signals(events: Sequence[TelemetryEvent], *rules: RuleVersion) -> list[Signal]:
    detector = Detector(RuleBook(rules=rules))
    return [signal for event in events for signal in detector.observe(event)]


@pytest.mark.parametrize("fault", [{"window_hours": 1e-12}, {"min_failures": None}])
def test_the_other_rules_judge_on_when_one_fails(fault: dict[str, Any]) -> None:
    bad = unchecked("auth_failures", **fault)
    signals = all_signals(BURST, bad, *DEFAULT_RULES.rules)
    found = [signal for signal in signals if isinstance(signal, AlertSignal)]
    failed = [signal for signal in signals if isinstance(signal, FailureSignal)]
    assert [(signal.fate, signal.rule_version) for signal in found] == [("raised", 1)]
    assert {(signal.rule_id, signal.rule_version) for signal in failed} == {("auth_failures", 2)}
    assert failed[0].reason.split(":")[0] in ("ZeroDivisionError", "TypeError")
    assert "\n" not in failed[0].reason


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_an_accepted_version_never_fails(rule_id: str) -> None:
    life = random_life(Random(12), 400)
    signals = all_signals(life, *DEFAULT_RULES.rules, *_at_the_bounds(rule_id))
    assert [signal for signal in signals if isinstance(signal, FailureSignal)] == []


def _at_the_bounds(rule_id: str) -> Iterator[RuleVersion]:
    """Versions with one parameter at its least or most, and the others so that the rule fires often."""
    eager = {"min_failures": 1, "min_customers": 1, "min_charges": 1, "min_calls": 1, "min_history": 1}
    model: type[RuleParameters] = PARAMETERS[rule_id]
    base = {name: value for name, value in eager.items() if name in model.model_fields}
    number = 1
    for field in fields_of(rule_id):
        for value in (field.minimum, field.maximum):
            if field.kind in ("number", "integer") and value is not None:
                number += 1
                given = int(value) if field.kind == "integer" else value
                yield RuleVersion(
                    rule_id=rule_id,
                    version=number,
                    mode="shadow",
                    parameters=model.model_validate({**base, field.name: given}),
                )


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_every_number_has_bounds(rule_id: str) -> None:
    for field in fields_of(rule_id):
        if field.kind in ("number", "integer"):
            assert field.minimum is not None, field.name
            assert field.maximum is not None, field.name
            assert not field.minimum_excluded, field.name


def test_a_spike_above_nothing_is_raised() -> None:
    free = [charge(at(days=day), "0") for day in range(9)]
    idle = [usage(at(days=day), 0.0) for day in range(14)]
    least: dict[str, dict[str, float]] = {"spending_spike": {"least_amount": 0}, "data_usage_spike": {"least_gb": 0}}
    rules = [
        RuleVersion(rule_id=rule, parameters=PARAMETERS[rule].model_validate(given)) for rule, given in least.items()
    ]
    signals = all_signals([*free, *idle, charge(at(days=15), "70"), usage(at(days=15), 9.0)], *rules)
    assert [(signal.fate, signal.rule_id) for signal in signals] == [
        ("raised", "spending_spike"),
        ("raised", "data_usage_spike"),
    ]
