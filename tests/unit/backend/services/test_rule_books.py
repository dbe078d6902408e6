"""What is on record becomes what detection is told; what this release does not understand never stops it."""

from datetime import timedelta
from typing import Any

import pytest

from backend.detection.parameters import DEFAULT_RULES, AuthFailures, Snoozed, SpendingSpike
from backend.services.rule_books import NotUnderstood, default_content, rule_book, understood
from backend.services.rule_fields import description_of, fields_of
from contracts.detection_rules import (
    AlertSnooze,
    RuleCandidates,
    RuleContent,
    RuleScope,
    StoredRule,
    StoredRules,
    StoredVersion,
    Suppression,
)
from tests.unit.casebook.builders import NOON

RULE = "spending_spike"


def stored(version: int, rule_id: str = RULE, **parameters: Any) -> StoredVersion:
    return StoredVersion(
        rule_id=rule_id,
        version=version,
        content=RuleContent(parameters=parameters),
        based_on=None,
        created_by="maria",
        created_at=NOON,
        reason="A test.",
        shadow_since=None,
        live_since=NOON,
    )


def candidates(*live: StoredVersion, shadow: StoredVersion | None = None, is_on: bool = True) -> RuleCandidates:
    rule = StoredRule(
        rule_id=live[0].rule_id,
        revision=1,
        is_on=is_on,
        live_version=live[0].version,
        shadow_version=None if shadow is None else shadow.version,
        changed_by="maria",
        changed_at=NOON,
        reason="A test.",
    )
    return RuleCandidates(rule=rule, live=live, shadow=shadow)


def record(*rules: RuleCandidates, **more: Any) -> StoredRules:
    return StoredRules.model_validate({"revision": 1, "rules": rules, "snoozes": (), "suppressions": (), **more})


def judging(rules: StoredRules, rule_id: str = RULE) -> list[tuple[int, str]]:
    book, _ = rule_book(rules)
    return [(each.version, each.mode) for each in book.rules if each.rule_id == rule_id]


def test_nothing_on_record_is_as_the_release_has_it():
    book, sentences = rule_book(record())
    assert (book.rules, sentences) == (DEFAULT_RULES.rules, ())


def test_default_content_is_understood_as_it_was():
    defaults = DEFAULT_RULES.rules
    assert [understood(each.rule_id, 1, default_content(each.rule_id), each.mode) for each in defaults] == [*defaults]


def test_live_and_shadow_versions_judge_side_by_side():
    rules = record(candidates(stored(2, deviations=4.0), stored(1), shadow=stored(3, deviations=5.0)))
    assert judging(rules) == [(2, "live"), (3, "shadow")]
    book, sentences = rule_book(rules)
    found = [each.parameters for each in book.rules if each.rule_id == RULE]
    assert (found, sentences) == ([SpendingSpike(deviations=4.0), SpendingSpike(deviations=5.0)], ())


def test_rule_that_is_off_may_be_in_shadow():
    assert judging(record(candidates(stored(2), is_on=False))) == []
    assert judging(record(candidates(stored(2), shadow=stored(3), is_on=False))) == [(3, "shadow")]


def test_later_version_falls_back_to_the_one_before():
    rules = record(candidates(stored(3, halo=1), stored(2, deviations=-1.0), stored(1, deviations=4.0)))
    assert judging(rules) == [(1, "live")]
    _, sentences = rule_book(rules)
    assert [each[:40] for each in sentences] == [
        "Version 3 of rule 'spending_spike' is no",
        "Version 2 of rule 'spending_spike' is no",
    ]


def test_rule_without_understood_version_is_the_default():
    rules = record(candidates(stored(3, halo=1), shadow=stored(4, halo=1)))
    book, sentences = rule_book(rules)
    assert (book.rules, len(sentences)) == (DEFAULT_RULES.rules, 3)
    assert sentences[1] == "Rule 'spending_spike' judges as the release has it."


def test_rule_of_a_later_release_is_left_out():
    book, sentences = rule_book(record(candidates(stored(1, "halo_effect"))))
    assert book.rules == DEFAULT_RULES.rules
    assert sentences == ("Rule 'halo_effect' is not of this release: it does not judge.",)


def test_snoozes_and_suppressions_reach_every_rule():
    until = NOON + timedelta(days=1)
    snooze = AlertSnooze(rule_id=RULE, customer_id=7, until=until, reason="Moves.", snoozed_by="maria", snoozed_at=NOON)
    entries = [("customer", "8"), ("address", "203.0.113.7"), ("address", "2001:4860:4860::8888")]
    suppressions = [
        Suppression.model_validate({"kind": kind, "value": value, "reason": "x", "added_by": "a", "added_at": NOON})
        for kind, value in entries
    ]
    book, _ = rule_book(record(candidates(stored(1)), snoozes=(snooze,), suppressions=suppressions))
    assert book.snoozes == {(7, RULE): Snoozed(NOON, until)}
    assert book.trusted_addresses == {"203.0.113.7", "2001:4860:4860::"}
    assert not any(each.scope.covers(8) for each in book.rules)
    assert all(each.scope.covers(7) for each in book.rules)


@pytest.mark.parametrize(
    ("rule_id", "parameters", "fault"),
    [
        (RULE, {"deviations": 0}, "deviations: Input should be greater than or equal to 0.001"),
        (RULE, {"deviations": "3"}, "deviations: Input should be a valid number"),
        (RULE, {"deviations": None}, "deviations: Input should be a valid number"),
        (RULE, {"min_history": 2.5}, "min_history: Input should be a valid integer"),
        (RULE, {"halo": 1}, "halo: Extra inputs are not permitted"),
        ("impossible_travel", {"proxy_networks": ["here"]}, "proxy_networks: 'here' does not appear to be an IPv4"),
        ("impossible_travel", {"known_device_severity": "odd"}, "known_device_severity: Input should be 'low'"),
        ("halo_effect", {}, "rule_id: this release has no such rule"),
    ],
)
def test_values_that_no_rule_can_judge_by_are_named(rule_id: str, parameters: dict[str, Any], fault: str):
    with pytest.raises(NotUnderstood) as problem:
        understood(rule_id, 1, RuleContent(parameters=parameters))
    assert str(problem.value).startswith(fault)


def test_parameters_that_are_left_out_are_the_defaults():
    content = RuleContent(parameters={"min_failures": 9}, severity="low", scope=RuleScope(only_customers=(1,)))
    version = understood("auth_failures", 4, content, "shadow")
    assert version.parameters == AuthFailures(min_failures=9)
    assert (version.version, version.mode, version.severity) == (4, "shadow", "low")
    assert [version.scope.covers(each) for each in (1, 2)] == [True, False]


def test_form_shows_units_bounds_and_reasons():
    fields = {each.name: each for each in fields_of("auth_failures")}
    quiet = fields["quiet_hours"]
    assert (quiet.kind, quiet.unit, quiet.minimum, quiet.maximum, quiet.default) == ("number", "hours", 0, 8784, 6)
    assert quiet.description == "A guessing run pauses and continues: one case a shift."
    assert fields["window_hours"].description.startswith("Alert ids carry the time")
    assert (fields["window_hours"].minimum, fields["window_hours"].minimum_excluded) == (0.01, False)
    assert (fields["min_failures"].kind, fields["min_failures"].unit) == ("integer", None)
    travel = {each.name: each for each in fields_of("impossible_travel")}
    assert travel["known_device_severity"].choices == ("low", "medium", "high", "critical")
    assert (travel["max_km_per_hour"].unit, travel["proxy_networks"].kind) == ("km/h", "texts")
    assert description_of("auth_failures") == "Repeated failed logins of one customer in ten minutes."
