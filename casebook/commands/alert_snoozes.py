"""Snoozes alerts of a rule about a customer, and keeps the list of what never counts. Each command is one transaction.

All lock the head of the settings of detection first, as changes of rules do.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.commands.detection_rules import lock_settings
from casebook.errors import (
    AlertSnoozeExists,
    AlertSnoozeNotFound,
    AlertSnoozeRefused,
    SuppressionExists,
    SuppressionNotFound,
    TooManyAlertSnoozes,
    TooManySuppressions,
)
from casebook.queries.detection_rules import (
    SNOOZES,
    SUPPRESSIONS,
    snooze_name,
    snooze_values,
    suppression_name,
    suppression_values,
)
from casebook.schema.base import PlainRow
from contracts.detection_rules import (
    MAX_SNOOZE_DAYS,
    MAX_SNOOZES,
    MAX_SUPPRESSIONS,
    NewSnooze,
    SnoozeEnd,
    SuppressionChange,
)


def snooze_alerts(connection: Connection, snooze: NewSnooze, actor: str, now: datetime) -> None:
    """Alert nobody until a time. Raises AlertSnoozeRefused, AlertSnoozeExists, TooManyAlertSnoozes."""
    if not now < snooze.until <= now + timedelta(days=MAX_SNOOZE_DAYS):
        raise AlertSnoozeRefused(MAX_SNOOZE_DAYS)
    lock_settings(connection)
    row = _snooze_row(connection, snooze.rule_id, snooze.customer_id)
    if row is not None and row.until > now:
        raise AlertSnoozeExists(row.rule_id, row.customer_id, row.snoozed_by, row.until)
    current = select(func.count()).select_from(SNOOZES).where(SNOOZES.c.until > now)
    if connection.execute(current).scalar_one() >= MAX_SNOOZES:
        raise TooManyAlertSnoozes(MAX_SNOOZES)
    _forget_snooze(connection, snooze.rule_id, snooze.customer_id)
    values = {**snooze.model_dump(), "snoozed_by": actor, "snoozed_at": now}
    connection.execute(insert(SNOOZES), values)
    made = _snooze_row(connection, snooze.rule_id, snooze.customer_id)
    assert made is not None
    before = None if row is None else snooze_values(row)
    name = snooze_name(snooze.rule_id, snooze.customer_id)
    log_change(connection, Changed(now, actor, "alerts_snoozed", name, before, snooze_values(made)))


def end_snooze(connection: Connection, end: SnoozeEnd, actor: str, now: datetime) -> None:
    """Alert again. Raises AlertSnoozeNotFound where nothing is snoozed, or no longer."""
    lock_settings(connection)
    row = _snooze_row(connection, end.rule_id, end.customer_id)
    if row is None or row.until <= now:
        raise AlertSnoozeNotFound(end.rule_id, end.customer_id)
    _forget_snooze(connection, end.rule_id, end.customer_id)
    name = snooze_name(end.rule_id, end.customer_id)
    before = {**snooze_values(row), "ended_because": end.reason}
    log_change(connection, Changed(now, actor, "alerts_unsnoozed", name, before, None))


def add_suppression(connection: Connection, change: SuppressionChange, actor: str, now: datetime) -> None:
    """Let something never count. Raises SuppressionExists, TooManySuppressions."""
    lock_settings(connection)
    row = _suppression_row(connection, change)
    if row is not None:
        raise SuppressionExists(row.kind, row.value, row.added_by)
    entries = select(func.count()).select_from(SUPPRESSIONS).where(SUPPRESSIONS.c.kind == change.kind)
    if connection.execute(entries).scalar_one() >= MAX_SUPPRESSIONS:
        raise TooManySuppressions(change.kind, MAX_SUPPRESSIONS)
    connection.execute(insert(SUPPRESSIONS), {**change.model_dump(), "added_by": actor, "added_at": now})
    made = _suppression_row(connection, change)
    assert made is not None
    name = suppression_name(change.kind, change.value)
    log_change(connection, Changed(now, actor, "suppression_added", name, None, suppression_values(made)))


def remove_suppression(connection: Connection, change: SuppressionChange, actor: str, now: datetime) -> None:
    """Let it count again. Raises SuppressionNotFound."""
    lock_settings(connection)
    row = _suppression_row(connection, change)
    if row is None:
        raise SuppressionNotFound(change.kind, change.value)
    own = (SUPPRESSIONS.c.kind == change.kind) & (SUPPRESSIONS.c.value == change.value)
    connection.execute(delete(SUPPRESSIONS).where(own))
    name = suppression_name(change.kind, change.value)
    before = {**suppression_values(row), "removed_because": change.reason}
    log_change(connection, Changed(now, actor, "suppression_removed", name, before, None))


def _snooze_row(connection: Connection, rule_id: str, customer_id: int) -> PlainRow | None:
    own = (SNOOZES.c.rule_id == rule_id) & (SNOOZES.c.customer_id == customer_id)
    return connection.execute(select(SNOOZES).where(own)).first()


def _forget_snooze(connection: Connection, rule_id: str, customer_id: int) -> None:
    connection.execute(delete(SNOOZES).where(SNOOZES.c.rule_id == rule_id, SNOOZES.c.customer_id == customer_id))


def _suppression_row(connection: Connection, change: SuppressionChange) -> PlainRow | None:
    own = (SUPPRESSIONS.c.kind == change.kind) & (SUPPRESSIONS.c.value == change.value)
    return connection.execute(select(SUPPRESSIONS).where(own)).first()
