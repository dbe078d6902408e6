"""Rules on record: versions never change, each change is logged with old and new value, and one of several wins."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from casebook.audit.verify import verify_case_log
from casebook.commands import detection_rules as commands
from casebook.database.transactions import Transactions
from casebook.desk_api import DeskApi
from casebook.detection_rules_api import DetectionRulesApi
from casebook.errors import (
    AlertSnoozeExists,
    AlertSnoozeNotFound,
    AlertSnoozeRefused,
    CasebookError,
    RuleChanged,
    RuleUnchanged,
    RuleVersionNotFound,
    SuppressionExists,
    SuppressionNotFound,
    TooManyRuleDrafts,
)
from contracts.desk_log import DeskChange
from contracts.detection_rules import (
    NewSnooze,
    RuleChange,
    RuleContent,
    RuleScope,
    RuleSwitch,
    SnoozeEnd,
    StoredRule,
    SuppressionChange,
    VersionChoice,
)
from tests.unit.casebook.builders import SteppingClock
from tests.unit.casebook.test_audit import tampering
from tests.unit.casebook.test_task_races import all_at_once

RULE = "spending_spike"
DEFAULT = RuleContent(parameters={"deviations": 3.0})
STRICT = RuleContent(parameters={"deviations": 4.0}, severity="high", scope=RuleScope(except_customers=(7,)))
WHY = "Too many false alerts."
MARIA, ALEX = "maria", "alex"
AT_ONCE = 6
ADDRESS = SuppressionChange(kind="address", value="203.0.113.7", reason="Our office.")


@pytest.fixture
def rules(engine: Engine, clock: SteppingClock) -> DetectionRulesApi:
    return DetectionRulesApi(Transactions(engine, clock))


def change(revision: int, reason: str = WHY) -> RuleChange:
    return RuleChange(revision=revision, reason=reason)


def choose(revision: int, version: int, reason: str = WHY) -> VersionChoice:
    return VersionChoice(revision=revision, version=version, reason=reason)


def draft(rules: DetectionRulesApi, revision: int = 0, content: RuleContent = STRICT, based_on: int = 1) -> int:
    return rules.draft(RULE, DEFAULT, change(revision), content, based_on, MARIA)


def judging(rules: DetectionRulesApi) -> StoredRule:
    (candidates,) = rules.stored_rules().rules
    return candidates.rule


def changes(rules: DetectionRulesApi) -> list[DeskChange]:
    return [*DeskApi(rules.transactions).changes().items]


def snooze(rules: DetectionRulesApi, days: float = 1, customer_id: int = 7) -> NewSnooze:
    until = rules.transactions.now() + timedelta(days=days)
    return NewSnooze(rule_id=RULE, customer_id=customer_id, until=until, reason="Moves house.")


def refused(call: Callable[..., object], *said: Any) -> str:
    with pytest.raises(CasebookError) as refusal:
        call(*said)
    return refusal.value.sentence


def test_nothing_is_on_record_at_first(rules: DetectionRulesApi):
    stored = rules.stored_rules()
    assert (stored.revision, stored.rules, stored.snoozes, stored.suppressions) == (0, (), (), ())
    assert rules.rule(RULE).versions == ()


def test_first_draft_records_what_the_release_has(rules: DetectionRulesApi):
    assert draft(rules) == 2
    newest, first = rules.rule(RULE).versions
    assert (first.content, first.created_by, first.reason) == (DEFAULT, None, "As the release has it.")
    assert (newest.content, newest.created_by, newest.based_on, newest.reason) == (STRICT, MARIA, 1, WHY)
    rule = judging(rules)
    assert (rule.revision, rule.live_version, rule.shadow_version, rule.is_on) == (1, 1, None, True)
    assert (rules.list_rules().drafts, rules.revision()) == ({RULE: 1}, 1)


def test_version_goes_into_shadow_and_live(rules: DetectionRulesApi):
    draft(rules)
    rules.begin_shadow(RULE, DEFAULT, choose(1, 2), MARIA)
    assert (judging(rules).live_version, judging(rules).shadow_version) == (1, 2)
    rules.promote(RULE, DEFAULT, choose(2, 2, "Better on ours."), ALEX)
    assert (judging(rules).live_version, judging(rules).shadow_version) == (2, None)
    (candidates,) = rules.stored_rules().rules
    assert [each.version for each in candidates.live] == [2, 1]
    line = changes(rules)[-1]
    assert (line.kind, line.actor, line.name) == ("rule_promoted", ALEX, RULE)
    assert line.before is not None
    assert line.after is not None
    assert line.before["live"] == {"version": 1, **DEFAULT.model_dump(mode="json")}
    assert line.after["live"] == {"version": 2, **STRICT.model_dump(mode="json")}
    assert (line.before["shadow"], line.after["shadow"]) == (line.after["live"], None)
    assert line.after["reason"] == "Better on ours."


def test_draft_is_logged_with_the_values_it_changes(rules: DetectionRulesApi):
    draft(rules)
    first, second = changes(rules)
    assert (first.kind, first.name, first.before) == ("rule_drafted", f"{RULE} version 1", None)
    assert (second.kind, second.name) == ("rule_drafted", f"{RULE} version 2")
    assert second.before is not None
    assert second.after is not None
    assert (second.before["parameters"], second.after["parameters"]) == ({"deviations": 3.0}, {"deviations": 4.0})
    assert second.after["reason"] == WHY


def test_shadow_ends_and_another_takes_its_place(rules: DetectionRulesApi):
    draft(rules)
    draft(rules, 1, RuleContent(parameters={"deviations": 5.0}))
    rules.begin_shadow(RULE, DEFAULT, choose(2, 2), MARIA)
    rules.begin_shadow(RULE, DEFAULT, choose(3, 3), MARIA)
    assert judging(rules).shadow_version == 3
    rules.end_shadow(RULE, DEFAULT, change(4), MARIA)
    assert judging(rules).shadow_version is None
    assert rules.list_rules().drafts == {}
    assert "No version" in refused(rules.end_shadow, RULE, DEFAULT, change(5), MARIA)


def test_rule_is_switched_off_and_on_again(rules: DetectionRulesApi):
    rules.switch(RULE, DEFAULT, RuleSwitch(revision=0, reason=WHY, is_on=False), MARIA)
    assert not judging(rules).is_on
    again = RuleSwitch(revision=1, reason=WHY, is_on=False)
    assert refused(rules.switch, RULE, DEFAULT, again, MARIA) == f"Rule '{RULE}' is off already."
    rules.switch(RULE, DEFAULT, RuleSwitch(revision=1, reason="Needed.", is_on=True), ALEX)
    assert (judging(rules).is_on, judging(rules).live_version) == (True, 1)


def test_roll_back_makes_a_new_version(rules: DetectionRulesApi):
    draft(rules)
    rules.promote(RULE, DEFAULT, choose(1, 2), MARIA)
    assert rules.roll_back(RULE, DEFAULT, choose(2, 1, "Worse."), MARIA) == 3
    newest = rules.rule(RULE).versions[0]
    assert (newest.content, newest.based_on, judging(rules).live_version) == (DEFAULT, 1, 3)
    with pytest.raises(RuleUnchanged, match="which is live, has these values already"):
        rules.roll_back(RULE, DEFAULT, choose(3, 1), MARIA)


def test_what_changes_nothing_is_refused(rules: DetectionRulesApi):
    draft(rules)
    with pytest.raises(RuleUnchanged, match="values of version 1 already"):
        draft(rules, 1, DEFAULT)
    with pytest.raises(RuleUnchanged, match="Version 1 of rule 'spending_spike' is live already"):
        rules.promote(RULE, DEFAULT, choose(1, 1), MARIA)
    with pytest.raises(RuleUnchanged, match="live already"):
        rules.begin_shadow(RULE, DEFAULT, choose(1, 1), MARIA)
    with pytest.raises(RuleVersionNotFound):
        rules.promote(RULE, DEFAULT, choose(1, 9), MARIA)
    assert (judging(rules).revision, rules.revision()) == (1, 1)


def test_change_of_an_older_revision_is_refused(rules: DetectionRulesApi):
    draft(rules)
    rules.promote(RULE, DEFAULT, choose(1, 2), ALEX)
    with pytest.raises(RuleChanged, match="was changed by alex since you read it"):
        rules.switch(RULE, DEFAULT, RuleSwitch(revision=1, reason=WHY, is_on=False), MARIA)
    with pytest.raises(RuleChanged):
        rules.switch("api_burst", DEFAULT, RuleSwitch(revision=1, reason=WHY, is_on=False), MARIA)


def test_one_of_several_managers_wins(rules: DetectionRulesApi):
    draft(rules)
    ended = all_at_once([lambda: rules.promote(RULE, DEFAULT, choose(1, 2), MARIA)] * AT_ONCE)
    assert sum(isinstance(each, RuleChanged) for each in ended) == AT_ONCE - 1
    assert judging(rules).revision == 2
    assert [line.kind for line in changes(rules)].count("rule_promoted") == 1


def test_first_changes_at_once_record_the_release_once(rules: DetectionRulesApi):
    ended = all_at_once([lambda: draft(rules)] * AT_ONCE)
    assert sum(each == 2 for each in ended) == 1
    assert [each.version for each in rules.rule(RULE).versions] == [2, 1]


def test_snooze_ends_by_itself_or_by_hand(rules: DetectionRulesApi, clock: SteppingClock):
    rules.snooze(snooze(rules), MARIA)
    with pytest.raises(AlertSnoozeExists, match="snoozed by maria until"):
        rules.snooze(snooze(rules), ALEX)
    clock.now += timedelta(days=2)
    assert (rules.snoozes(), rules.stored_rules().snoozes) == ((), ())
    end = SnoozeEnd(rule_id=RULE, customer_id=7, reason="Moved.")
    with pytest.raises(AlertSnoozeNotFound):
        rules.end_snooze(end, MARIA)
    rules.snooze(snooze(rules), MARIA)
    rules.end_snooze(end, ALEX)
    assert rules.snoozes() == ()
    assert [line.kind for line in changes(rules)] == ["alerts_snoozed", "alerts_snoozed", "alerts_unsnoozed"]
    ended = changes(rules)[-1]
    assert ended.before is not None
    assert (ended.before["reason"], ended.before["ended_because"], ended.after) == ("Moves house.", "Moved.", None)


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_snooze_is_for_a_while(rules: DetectionRulesApi, days: float):
    with pytest.raises(AlertSnoozeRefused):
        rules.snooze(snooze(rules, days), MARIA)


def test_one_of_several_snoozes_wins(rules: DetectionRulesApi):
    ended = all_at_once([lambda: rules.snooze(snooze(rules), MARIA)] * AT_ONCE)
    assert sum(isinstance(each, AlertSnoozeExists) for each in ended) == AT_ONCE - 1


def test_suppressions_are_added_and_removed(rules: DetectionRulesApi):
    rules.add_suppression(ADDRESS, MARIA)
    with pytest.raises(SuppressionExists):
        rules.add_suppression(ADDRESS, ALEX)
    (entry,) = rules.suppressions()
    assert (entry.value, entry.added_by, entry.reason) == ("203.0.113.7", MARIA, "Our office.")
    rules.remove_suppression(ADDRESS, ALEX)
    with pytest.raises(SuppressionNotFound):
        rules.remove_suppression(ADDRESS, ALEX)
    assert [line.kind for line in changes(rules)] == ["suppression_added", "suppression_removed"]


def test_signals_are_counted_by_day_and_forgotten(rules: DetectionRulesApi, clock: SteppingClock):
    clock.now = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)
    rules.count_signals({(RULE, 2, "shadow"): 3, (RULE, 1, "raised"): 1})
    rules.count_signals({(RULE, 2, "shadow"): 2})
    clock.now += timedelta(hours=2)
    rules.count_signals({(RULE, 2, "shadow"): 1})
    counted = [(each.day, each.version, each.fate, each.count) for each in rules.rule(RULE).counts]
    assert counted == [
        ("2026-11-30", 2, "shadow", 1),
        ("2026-11-29", 2, "shadow", 5),
        ("2026-11-29", 1, "raised", 1),
    ]
    assert rules.revision() == 0
    clock.now += timedelta(days=90)
    rules.count_signals({(RULE, 1, "raised"): 1})
    clock.now -= timedelta(days=90)
    assert [each.day for each in rules.rule(RULE).counts] == ["2027-02-28", "2026-11-30"]


def test_processes_that_count_at_once_lose_nothing(rules: DetectionRulesApi):
    all_at_once([lambda: rules.count_signals({(RULE, 1, "raised"): 2, (RULE, 2, "shadow"): 1})] * AT_ONCE)
    assert [each.count for each in rules.rule(RULE).counts] == [AT_ONCE, 2 * AT_ONCE]


def test_score_is_in_shadow_until_it_is_promoted(rules: DetectionRulesApi, engine: Engine):
    score = "learned_score"
    default = RuleContent(parameters={"least_score": 0.5})
    strict = RuleContent(parameters={"least_score": 0.9})
    rules.draft(score, default, change(0), strict, 1, MARIA)
    stored = rules.rule(score).rule
    assert stored is not None
    assert (stored.is_on, stored.live_version, stored.shadow_version) == (False, 1, 1)
    with pytest.raises(RuleUnchanged, match="in shadow already"):
        rules.begin_shadow(score, default, choose(1, 1), MARIA)
    rules.end_shadow(score, default, change(1), MARIA)
    rules.begin_shadow(score, default, choose(2, 1), MARIA)
    rules.switch(score, default, RuleSwitch(revision=3, reason=WHY, is_on=True), MARIA)
    stored = rules.rule(score).rule
    assert stored is not None
    assert (stored.is_on, stored.live_version, stored.shadow_version) == (True, 1, None)
    with engine.connect() as connection:
        assert verify_case_log(connection).broken is None


@pytest.fixture
def filled(rules: DetectionRulesApi) -> DetectionRulesApi:
    draft(rules)
    rules.begin_shadow(RULE, DEFAULT, choose(1, 2), MARIA)
    rules.snooze(snooze(rules), MARIA)
    rules.add_suppression(ADDRESS, MARIA)
    rules.draft("api_burst", DEFAULT, change(0), STRICT, 1, MARIA)
    return rules


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE rule_version SET content = '{}' WHERE version = 2", "rule_version"),
        ("UPDATE rule_version SET content = '{}' WHERE version = 1", "rule_version"),
        ("UPDATE rule_version SET reason = 'x' WHERE version = 2", "rule_version"),
        ("DELETE FROM rule_version WHERE version = 2 AND rule_id = 'api_burst'", "rule_version"),
        ("UPDATE detection_rule SET live_version = 2 WHERE rule_id = 'api_burst'", "detection_rule"),
        ("UPDATE detection_rule SET is_on = (1 = 0) WHERE rule_id = 'api_burst'", "detection_rule"),
        ("UPDATE detection_rule SET shadow_version = NULL WHERE rule_id = 'spending_spike'", "detection_rule"),
        ("UPDATE detection_rule SET reason = 'x' WHERE rule_id = 'spending_spike'", "detection_rule"),
        ("DELETE FROM detection_rule WHERE rule_id = 'spending_spike'", "detection_rule"),
        ("UPDATE alert_snooze SET reason = 'x'", "alert_snooze"),
        ("UPDATE alert_snooze SET customer_id = 8", "alert_snooze"),
        ("DELETE FROM alert_snooze", "alert_snooze"),
        ("UPDATE suppression SET value = '203.0.113.8'", "suppression"),
        ("DELETE FROM suppression", "suppression"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_what_is_not_as_logged_is_named(engine: Engine, statement: str, place: str):
    with tampering(engine) as connection:
        assert verify_case_log(connection).broken is None
        assert connection.execute(text(statement)).rowcount
        broken = verify_case_log(connection).broken
    assert broken is not None
    assert broken.place.startswith(f"{place} '")


def test_going_back_works_however_many_drafts_there_are(
    rules: DetectionRulesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MAX_DRAFTS", 2)
    draft(rules)
    rules.promote(RULE, DEFAULT, choose(1, 2), MARIA)
    for number in (2, 3):
        rules.draft(RULE, DEFAULT, change(number), RuleContent(parameters={"deviations": 10.0 + number}), 1, MARIA)
    with pytest.raises(TooManyRuleDrafts, match="2 drafts that never judged"):
        rules.draft(RULE, DEFAULT, change(4), RuleContent(parameters={"deviations": 20.0}), 1, MARIA)
    rules.roll_back(RULE, DEFAULT, choose(4, 1), MARIA)
    rules.begin_shadow(RULE, DEFAULT, choose(5, 3), MARIA)
    rules.draft(RULE, DEFAULT, change(6), RuleContent(parameters={"deviations": 20.0}), 1, MARIA)
