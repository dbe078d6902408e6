"""The facade of rules as data: for managers who change them, and for who judges telemetry by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from casebook.commands import alert_snoozes
from casebook.commands import detection_rules as commands
from casebook.commands.detection_rules import SignalKey
from casebook.facade import Facade
from casebook.queries import detection_rules as queries
from contracts.detection_rules import (
    AlertSnooze,
    NewSnooze,
    RuleChange,
    RuleContent,
    RuleSwitch,
    SignalCount,
    SnoozeEnd,
    StoredRule,
    StoredRules,
    StoredVersion,
    Suppression,
    SuppressionChange,
    VersionChoice,
)

RECENT_DAYS = 7
"""Days of which the list counts signals, today included."""
SHOWN_DAYS = 30
"""Days of which a rule shows them."""


@dataclass(frozen=True)
class RulesOnRecord:
    """All rules that somebody has changed, how many drafts each has, and what was counted in the last days."""

    rules: tuple[StoredRule, ...]
    drafts: Mapping[str, int]
    counts: tuple[SignalCount, ...]


@dataclass(frozen=True)
class RuleOnRecord:
    """One rule; None: nobody has changed it."""

    rule: StoredRule | None
    versions: tuple[StoredVersion, ...]
    """The newest first."""
    counts: tuple[SignalCount, ...]


class DetectionRulesApi(Facade):
    """One transaction per method, from any thread. What is changed is in the desk log, under `actor`.

    The casebook keeps parameters and does not judge by them: whoever changes a rule has checked them, and says with
    `default` what the release has, which is put on record with the first change. Methods that change a rule raise
    RuleChanged when another was first. CasebookUnavailable: the database failed, nothing was written.
    """

    def revision(self) -> int:
        """Grows with every change of what detection is told."""
        with self._read() as connection:
            return queries.read_revision(connection)

    def stored_rules(self) -> StoredRules:
        """All that detection is told."""
        with self._read() as connection:
            return queries.stored_rules(connection, self._clock())

    def list_rules(self) -> RulesOnRecord:
        """Rules that somebody has changed, and what was counted in the last seven days."""
        with self._read() as connection:
            since = queries.day_of(self._clock() - timedelta(days=RECENT_DAYS - 1))
            return RulesOnRecord(
                queries.read_rules(connection),
                queries.count_drafts(connection),
                queries.read_counts(connection, since),
            )

    def rule(self, rule_id: str) -> RuleOnRecord:
        """One rule with all its versions, and what was counted in the last thirty days."""
        with self._read() as connection:
            since = queries.day_of(self._clock() - timedelta(days=SHOWN_DAYS - 1))
            return RuleOnRecord(
                queries.read_rule(connection, rule_id),
                queries.read_versions(connection, rule_id),
                queries.read_counts(connection, since, rule_id),
            )

    def draft(
        self, rule_id: str, default: RuleContent, change: RuleChange, content: RuleContent, based_on: int, actor: str
    ) -> int:
        """Add a version; its number. Raises RuleVersionNotFound, RuleUnchanged, TooManyRuleDrafts."""
        with self._write_apart() as connection:
            return commands.draft_version(connection, rule_id, default, change, content, based_on, actor, self._clock())

    def begin_shadow(self, rule_id: str, default: RuleContent, choice: VersionChoice, actor: str) -> None:
        """Count what a version would raise. Raises RuleVersionNotFound, RuleUnchanged."""
        with self._write_apart() as connection:
            commands.begin_shadow(connection, rule_id, default, choice, choice.version, actor, self._clock())

    def end_shadow(self, rule_id: str, default: RuleContent, change: RuleChange, actor: str) -> None:
        """Have no version in shadow. Raises RuleUnchanged."""
        with self._write_apart() as connection:
            commands.end_shadow(connection, rule_id, default, change, actor, self._clock())

    def promote(self, rule_id: str, default: RuleContent, choice: VersionChoice, actor: str) -> None:
        """Alert by a version, also where the rule was off. Raises RuleVersionNotFound, RuleUnchanged."""
        with self._write_apart() as connection:
            commands.promote(connection, rule_id, default, choice, choice.version, actor, self._clock())

    def roll_back(self, rule_id: str, default: RuleContent, choice: VersionChoice, actor: str) -> int:
        """Alert by the values of an earlier version, which become a new one; its number.

        Raises RuleVersionNotFound, RuleUnchanged.
        """
        with self._write_apart() as connection:
            return commands.roll_back(connection, rule_id, default, choice, choice.version, actor, self._clock())

    def switch(self, rule_id: str, default: RuleContent, order: RuleSwitch, actor: str) -> None:
        """Let a rule alert no more, or again. Raises RuleUnchanged."""
        with self._write_apart() as connection:
            commands.switch(connection, rule_id, default, order, is_on=order.is_on, actor=actor, now=self._clock())

    def count_signals(self, counts: Mapping[SignalKey, int]) -> None:
        """Add to what was counted today."""
        with self._write_apart() as connection:
            commands.count_signals(connection, counts, self._clock())

    # What is not reported

    def snoozes(self) -> tuple[AlertSnooze, ...]:
        """Snoozes that have not ended, the one that ends next first."""
        with self._read() as connection:
            return queries.read_snoozes(connection, self._clock())

    def snooze(self, snooze: NewSnooze, actor: str) -> None:
        """Alert nobody until a time. Raises AlertSnoozeRefused, AlertSnoozeExists, TooManyAlertSnoozes."""
        with self._write_apart() as connection:
            alert_snoozes.snooze_alerts(connection, snooze, actor, self._clock())

    def end_snooze(self, end: SnoozeEnd, actor: str) -> None:
        """Alert again. Raises AlertSnoozeNotFound."""
        with self._write_apart() as connection:
            alert_snoozes.end_snooze(connection, end, actor, self._clock())

    def suppressions(self) -> tuple[Suppression, ...]:
        """All entries, by kind and value."""
        with self._read() as connection:
            return queries.read_suppressions(connection)

    def add_suppression(self, change: SuppressionChange, actor: str) -> None:
        """Let something never count. Raises SuppressionExists, TooManySuppressions."""
        with self._write_apart() as connection:
            alert_snoozes.add_suppression(connection, change, actor, self._clock())

    def remove_suppression(self, change: SuppressionChange, actor: str) -> None:
        """Let it count again. Raises SuppressionNotFound."""
        with self._write_apart() as connection:
            alert_snoozes.remove_suppression(connection, change, actor, self._clock())
