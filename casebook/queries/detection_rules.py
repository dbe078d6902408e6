"""Reads what people set for detection: versions of rules, which of them judge, snoozes, suppressions, and counts."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, func, select

from casebook.errors import RuleVersionNotFound
from casebook.schema.base import PlainRow, table_of
from casebook.schema.detection_rules import (
    AlertSnoozeRow,
    DetectionRuleRow,
    RuleSettingsHead,
    RuleSignalCountRow,
    RuleVersionRow,
    SuppressionRow,
)
from contracts.base import Contract
from contracts.detection_rules import (
    SHADOW_AT_FIRST,
    AlertSnooze,
    RuleCandidates,
    RuleContent,
    SignalCount,
    StoredRule,
    StoredRules,
    StoredVersion,
    Suppression,
)

BEFORE = 5
"""Versions that were live before, for a release that does not know the one that is."""
LATE = timedelta(days=1)
"""So long after it has ended a snooze is still read: events come late."""

HEAD, RULES, VERSIONS = table_of(RuleSettingsHead), table_of(DetectionRuleRow), table_of(RuleVersionRow)
SNOOZES, SUPPRESSIONS, COUNTS = table_of(AlertSnoozeRow), table_of(SuppressionRow), table_of(RuleSignalCountRow)

_EACH_RULE = select(RULES).order_by(RULES.c.rule_id)
_EACH_VERSION = select(VERSIONS).order_by(VERSIONS.c.rule_id, VERSIONS.c.version)
_EACH_SNOOZE = select(SNOOZES).order_by(SNOOZES.c.until, SNOOZES.c.rule_id, SNOOZES.c.customer_id)
_EACH_SUPPRESSION = select(SUPPRESSIONS).order_by(SUPPRESSIONS.c.kind, SUPPRESSIONS.c.value)


def read_revision(connection: Connection) -> int:
    """Grows with every change of what detection is told."""
    return connection.execute(select(HEAD.c.revision)).scalar_one()


def rule_row(connection: Connection, rule_id: str) -> PlainRow | None:
    """The row of a rule; None: it is as the release has it."""
    return connection.execute(select(RULES).where(RULES.c.rule_id == rule_id)).first()


def version_row(connection: Connection, rule_id: str, version: int) -> PlainRow:
    """The row of a version. Raises RuleVersionNotFound."""
    one = select(VERSIONS).where(VERSIONS.c.rule_id == rule_id, VERSIONS.c.version == version)
    row = connection.execute(one).first()
    if row is None:
        raise RuleVersionNotFound(rule_id, version)
    return row


def read_rules(connection: Connection) -> tuple[StoredRule, ...]:
    """All rules that somebody has changed."""
    return tuple(map(_rule, connection.execute(_EACH_RULE)))


def read_rule(connection: Connection, rule_id: str) -> StoredRule | None:
    """A rule; None: it is as the release has it."""
    row = rule_row(connection, rule_id)
    return None if row is None else _rule(row)


def read_versions(connection: Connection, rule_id: str) -> tuple[StoredVersion, ...]:
    """All versions of a rule, the newest first."""
    found = select(VERSIONS).where(VERSIONS.c.rule_id == rule_id).order_by(VERSIONS.c.version.desc())
    return tuple(map(_version, connection.execute(found)))


def count_drafts(connection: Connection) -> dict[str, int]:
    """How many versions of each rule never judged."""
    drafts = VERSIONS.c.live_since.is_(None) & VERSIONS.c.shadow_since.is_(None)
    found = select(VERSIONS.c.rule_id, func.count().label("drafts")).where(drafts).group_by(VERSIONS.c.rule_id)
    return {row.rule_id: row.drafts for row in connection.execute(found)}


def read_snoozes(connection: Connection, since: datetime) -> tuple[AlertSnooze, ...]:
    """Snoozes that end after a time, the one that ends next first."""
    found = connection.execute(_EACH_SNOOZE.where(SNOOZES.c.until > since))
    return tuple(AlertSnooze.model_validate(_columns(row, AlertSnooze)) for row in found)


def read_suppressions(connection: Connection) -> tuple[Suppression, ...]:
    """All entries, by kind and value."""
    return tuple(
        Suppression.model_validate(_columns(row, Suppression)) for row in connection.execute(_EACH_SUPPRESSION)
    )


def read_counts(connection: Connection, since: str, rule_id: str | None = None) -> tuple[SignalCount, ...]:
    """What was counted on a day (ISO 8601, UTC) or later, the latest day first."""
    found = select(COUNTS).where(COUNTS.c.day >= since)
    if rule_id is not None:
        found = found.where(COUNTS.c.rule_id == rule_id)
    found = found.order_by(COUNTS.c.day.desc(), COUNTS.c.rule_id, COUNTS.c.version.desc(), COUNTS.c.fate)
    return tuple(SignalCount.model_validate(_columns(row, SignalCount)) for row in connection.execute(found))


def stored_rules(connection: Connection, now: datetime) -> StoredRules:
    """All that detection is told."""
    return StoredRules(
        revision=read_revision(connection),
        rules=tuple(_candidates(connection, row) for row in connection.execute(_EACH_RULE).all()),
        snoozes=read_snoozes(connection, now - LATE),
        suppressions=read_suppressions(connection),
    )


def day_of(at: datetime) -> str:
    """The day of a time, ISO 8601, UTC."""
    return at.astimezone(UTC).date().isoformat()


# What the desk log says


def version_values(row: PlainRow) -> dict[str, JsonValue]:
    """What is said of a version: what it judges by, and why it was made."""
    return {**json.loads(row.content), "based_on": row.based_on, "reason": row.reason}


def rule_values(connection: Connection, row: PlainRow) -> dict[str, JsonValue] | None:
    """What is said of a rule: which versions judge, by what, and why. None while only drafts of it were made."""
    if row.changed_by is None and (row.live_version, row.shadow_version, row.is_on) == (1, *at_first(row.rule_id)):
        return None
    return {
        "is_on": row.is_on,
        "live": _judging(connection, row.rule_id, row.live_version),
        "shadow": _judging(connection, row.rule_id, row.shadow_version),
        "reason": row.reason,
    }


def at_first(rule_id: str) -> tuple[int | None, bool]:
    """Of a rule that nobody has changed: the version in shadow, and whether it is on."""
    return (1, False) if rule_id in SHADOW_AT_FIRST else (None, True)


def snooze_values(row: PlainRow) -> dict[str, JsonValue]:
    """What is said of a snooze."""
    return {"until": row.until.isoformat(), "reason": row.reason}


def suppression_values(row: PlainRow) -> dict[str, JsonValue]:
    """What is said of an entry of the list."""
    return {"reason": row.reason}


def every_rule(connection: Connection) -> Sequence[PlainRow]:
    """All rows."""
    return connection.execute(_EACH_RULE).all()


def every_version(connection: Connection) -> Sequence[PlainRow]:
    """All rows."""
    return connection.execute(_EACH_VERSION).all()


def every_snooze(connection: Connection) -> Sequence[PlainRow]:
    """All rows, also of those that have ended."""
    return connection.execute(_EACH_SNOOZE).all()


def every_suppression(connection: Connection) -> Sequence[PlainRow]:
    """All rows."""
    return connection.execute(_EACH_SUPPRESSION).all()


def version_name(rule_id: str, version: int) -> str:
    """What the desk log calls a version."""
    return f"{rule_id} version {version}"


def snooze_name(rule_id: str, customer_id: int) -> str:
    """What the desk log calls a snooze."""
    return f"{rule_id} of customer {customer_id}"


def suppression_name(kind: str, value: str) -> str:
    """What the desk log calls an entry of the list."""
    return f"{kind} {value}"


def _judging(connection: Connection, rule_id: str, version: int | None) -> JsonValue:
    if version is None:
        return None
    one = select(VERSIONS.c.content).where(VERSIONS.c.rule_id == rule_id, VERSIONS.c.version == version)
    content = connection.execute(one).scalar()
    return {"version": version, **({} if content is None else json.loads(content))}


def _rule(row: PlainRow) -> StoredRule:
    return StoredRule.model_validate(_columns(row, StoredRule))


def _version(row: PlainRow) -> StoredVersion:
    content = RuleContent.model_validate_json(row.content)
    return StoredVersion.model_validate(_columns(row, StoredVersion) | {"content": content})


def _columns(row: PlainRow, model: type[Contract]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in model.model_fields}


def _candidates(connection: Connection, row: PlainRow) -> RuleCandidates:
    own = VERSIONS.c.rule_id == row.rule_id
    earlier = (
        select(VERSIONS)
        .where(own, VERSIONS.c.live_since.is_not(None), VERSIONS.c.version != row.live_version)
        .order_by(VERSIONS.c.live_since.desc(), VERSIONS.c.version.desc())
        .limit(BEFORE)
    )
    live = version_row(connection, row.rule_id, row.live_version)
    shadow = None if row.shadow_version is None else version_row(connection, row.rule_id, row.shadow_version)
    return RuleCandidates(
        rule=_rule(row),
        live=tuple(map(_version, [live, *connection.execute(earlier).all()])),
        shadow=None if shadow is None else _version(shadow),
    )
