"""Changes rules: drafts versions, and says which of them judge. Each command runs inside one transaction.

All lock the head of the settings first, then the desk log: so changes come one after the other.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.database.upserts import upsert
from casebook.errors import RuleChanged, RuleUnchanged, TooManyRuleDrafts
from casebook.queries.detection_rules import (
    COUNTS,
    HEAD,
    RULES,
    VERSIONS,
    at_first,
    count_drafts,
    day_of,
    rule_row,
    rule_values,
    version_name,
    version_row,
    version_values,
)
from casebook.schema.base import PlainRow
from contracts.desk_log import DeskChangeKind
from contracts.detection_rules import MAX_DRAFTS, RuleChange, RuleContent, SignalFate
from contracts.hashing import canonical_json

KEPT_DAYS = 90
"""Days for which signals are counted; older counts are dropped."""
OF_THE_RELEASE = "As the release has it."

SignalKey = tuple[str, int, SignalFate]
"""A rule, its version, and the fate of the signal."""


def lock_settings(connection: Connection) -> None:
    """Wait for who changes settings of detection now, and let those who follow them know that there is a change."""
    connection.execute(select(HEAD.c.revision).with_for_update()).one()
    connection.execute(update(HEAD).values(revision=HEAD.c.revision + 1))


def draft_version(
    connection: Connection,
    rule_id: str,
    default: RuleContent,
    change: RuleChange,
    content: RuleContent,
    based_on: int,
    actor: str,
    now: datetime,
) -> int:
    """Add a version; its number. `default`: what the release has. Raises what `_locked` raises, TooManyRuleDrafts,
    RuleVersionNotFound, and RuleUnchanged where it is the same as the one that it is based on."""
    _locked(connection, rule_id, default, change, actor, now)
    base = version_row(connection, rule_id, based_on)
    if base.content == canonical_json(content):
        raise RuleUnchanged(f"These are the values of version {based_on} already: change one of them.")
    if count_drafts(connection).get(rule_id, 0) >= MAX_DRAFTS:
        raise TooManyRuleDrafts(rule_id, MAX_DRAFTS)
    number = _add_version(connection, rule_id, canonical_json(content), base, actor, now, change.reason)
    _update(connection, rule_id, {})
    return number


def begin_shadow(
    connection: Connection,
    rule_id: str,
    default: RuleContent,
    change: RuleChange,
    version: int,
    actor: str,
    now: datetime,
) -> None:
    """Count what a version would raise, in place of one that was in shadow. Raises what `_locked` raises,
    RuleVersionNotFound, and RuleUnchanged where it is in shadow or live."""
    row = _locked(connection, rule_id, default, change, actor, now)
    version_row(connection, rule_id, version)
    is_live = row.is_on and version == row.live_version
    if is_live or version == row.shadow_version:
        mode = "live" if is_live else "in shadow"
        raise RuleUnchanged(f"Version {version} of rule '{rule_id}' is {mode} already.")
    _stamp(connection, rule_id, version, {"shadow_since": now})
    _move(connection, row, "rule_shadowed", {"shadow_version": version}, change, actor, now)


def end_shadow(
    connection: Connection, rule_id: str, default: RuleContent, change: RuleChange, actor: str, now: datetime
) -> None:
    """Have no version in shadow. Raises what `_locked` raises, and RuleUnchanged where none is."""
    row = _locked(connection, rule_id, default, change, actor, now)
    if row.shadow_version is None:
        raise RuleUnchanged(f"No version of rule '{rule_id}' is in shadow.")
    _move(connection, row, "rule_shadow_ended", {"shadow_version": None}, change, actor, now)


def promote(
    connection: Connection,
    rule_id: str,
    default: RuleContent,
    change: RuleChange,
    version: int,
    actor: str,
    now: datetime,
) -> None:
    """Alert by a version, also where the rule was off. Raises what `_locked` raises, RuleVersionNotFound, and
    RuleUnchanged where it alerts already."""
    row = _locked(connection, rule_id, default, change, actor, now)
    version_row(connection, rule_id, version)
    if row.is_on and version == row.live_version:
        raise RuleUnchanged(f"Version {version} of rule '{rule_id}' is live already.")
    _make_live(connection, row, "rule_promoted", version, change, actor, now)


def roll_back(
    connection: Connection,
    rule_id: str,
    default: RuleContent,
    change: RuleChange,
    version: int,
    actor: str,
    now: datetime,
) -> int:
    """Alert by the values of an earlier version, which become a new one; its number. Raises as `promote` does, and
    RuleUnchanged where these are the values of the live one."""
    row = _locked(connection, rule_id, default, change, actor, now)
    base = version_row(connection, rule_id, version)
    if base.content == version_row(connection, rule_id, row.live_version).content:
        raise RuleUnchanged(f"Version {row.live_version} of rule '{rule_id}', which is live, has these values already.")
    number = _add_version(connection, rule_id, base.content, base, actor, now, change.reason)
    _make_live(connection, row, "rule_rolled_back", number, change, actor, now)
    return number


def switch(
    connection: Connection,
    rule_id: str,
    default: RuleContent,
    change: RuleChange,
    *,
    is_on: bool,
    actor: str,
    now: datetime,
) -> None:
    """Let a rule alert no more, or again by the version that was live. Raises what `_locked` raises, and RuleUnchanged
    where it is so already."""
    row = _locked(connection, rule_id, default, change, actor, now)
    if row.is_on == is_on:
        raise RuleUnchanged(f"Rule '{rule_id}' is {'on' if is_on else 'off'} already.")
    kind: DeskChangeKind = "rule_switched_on" if is_on else "rule_switched_off"
    values: dict[str, Any] = {"is_on": is_on}
    if is_on and row.shadow_version == row.live_version:
        values["shadow_version"] = None
    _move(connection, row, kind, values, change, actor, now)


def count_signals(connection: Connection, counts: Mapping[SignalKey, int], now: datetime) -> None:
    """Add to what was counted today, and drop what is older than KEPT_DAYS. Nobody who follows changes hears of it."""
    day = day_of(now)
    for (rule_id, version, fate), count in sorted(counts.items()):
        put = upsert(connection, COUNTS).values(rule_id=rule_id, version=version, day=day, fate=fate, count=count)
        more = {"count": COUNTS.c.count + count}
        connection.execute(put.on_conflict_do_update(index_elements=["rule_id", "version", "day", "fate"], set_=more))
    connection.execute(delete(COUNTS).where(COUNTS.c.day < day_of(now - timedelta(days=KEPT_DAYS))))


def _locked(
    connection: Connection, rule_id: str, default: RuleContent, change: RuleChange, actor: str, now: datetime
) -> PlainRow:
    """The rule, which nobody else changes; of one that nobody changed before, what the release has is put on record.

    Raises RuleChanged when it is not as whoever changes it has seen it.
    """
    lock_settings(connection)
    row = rule_row(connection, rule_id)
    if change.revision != (0 if row is None else row.revision):
        raise RuleChanged(rule_id, None if row is None else row.changed_by)
    if row is not None:
        return row
    shadow_version, is_on = at_first(rule_id)
    first = {
        "rule_id": rule_id,
        "version": 1,
        "content": canonical_json(default),
        "created_at": now,
        "reason": OF_THE_RELEASE,
        "live_since" if is_on else "shadow_since": now,
    }
    connection.execute(insert(VERSIONS), first)
    said = version_values(version_row(connection, rule_id, 1))
    log_change(connection, Changed(now, actor, "rule_drafted", version_name(rule_id, 1), None, said))
    rule = {"rule_id": rule_id, "revision": 0, "is_on": is_on, "live_version": 1, "reason": OF_THE_RELEASE}
    connection.execute(insert(RULES), {**rule, "shadow_version": shadow_version})
    row = rule_row(connection, rule_id)
    assert row is not None
    return row


def _add_version(
    connection: Connection, rule_id: str, content: str, base: PlainRow, actor: str, now: datetime, reason: str
) -> int:
    newest = connection.execute(select(func.max(VERSIONS.c.version)).where(VERSIONS.c.rule_id == rule_id)).scalar_one()
    number = newest + 1
    row = {
        "rule_id": rule_id,
        "version": number,
        "content": content,
        "based_on": base.version,
        "created_by": actor,
        "created_at": now,
        "reason": reason,
    }
    connection.execute(insert(VERSIONS), row)
    after = version_values(version_row(connection, rule_id, number))
    name = version_name(rule_id, number)
    log_change(connection, Changed(now, actor, "rule_drafted", name, version_values(base), after))
    return number


def _make_live(
    connection: Connection,
    row: PlainRow,
    kind: DeskChangeKind,
    version: int,
    change: RuleChange,
    actor: str,
    now: datetime,
) -> None:
    _stamp(connection, row.rule_id, version, {"live_since": now})
    values: dict[str, Any] = {"live_version": version, "is_on": True}
    if row.shadow_version == version:
        values["shadow_version"] = None
    _move(connection, row, kind, values, change, actor, now)


def _move(
    connection: Connection,
    row: PlainRow,
    kind: DeskChangeKind,
    values: Mapping[str, Any],
    change: RuleChange,
    actor: str,
    now: datetime,
) -> None:
    """Say which versions judge from now on, and log it."""
    before = rule_values(connection, row)
    who = {"changed_by": actor, "changed_at": now, "reason": change.reason}
    _update(connection, row.rule_id, {**values, **who})
    after = rule_row(connection, row.rule_id)
    assert after is not None
    log_change(connection, Changed(now, actor, kind, row.rule_id, before, rule_values(connection, after)))


def _update(connection: Connection, rule_id: str, values: Mapping[str, Any]) -> None:
    connection.execute(update(RULES).where(RULES.c.rule_id == rule_id).values(revision=RULES.c.revision + 1, **values))


def _stamp(connection: Connection, rule_id: str, version: int, values: Mapping[str, Any]) -> None:
    own = (VERSIONS.c.rule_id == rule_id) & (VERSIONS.c.version == version)
    connection.execute(update(VERSIONS).where(own).values(**values))
