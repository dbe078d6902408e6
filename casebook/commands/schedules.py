"""Runs, pauses and resumes schedules. Each command runs inside one transaction; the record decides what is due."""

from datetime import UTC, date, datetime

from sqlalchemy import Connection, bindparam, insert, update

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.commands.message_counts import reset_counts
from casebook.database.upserts import upsert
from casebook.policy.schedules import day_of_run, done_on_resuming
from casebook.queries.schedules import PAUSED, schedule_row
from casebook.schema.base import PlainRow, table_of
from casebook.schema.schedules import ScheduleRow, ScheduleRunRow
from contracts.schedules import ScheduleId

_SCHEDULES, _RUNS = table_of(ScheduleRow), table_of(ScheduleRunRow)
_CHANGE = update(_SCHEDULES).where(_SCHEDULES.c.schedule_id == bindparam("of_schedule"))
_NOTE_RUN = insert(_RUNS)


def begin(connection: Connection, schedule_id: ScheduleId, now: datetime) -> None:
    """Let a schedule begin, unless it has: the day on which it begins is done, so the first run is at midnight."""
    first = upsert(connection, _SCHEDULES).values(schedule_id=schedule_id, done_through=_today(now).isoformat())
    connection.execute(first.on_conflict_do_nothing(index_elements=["schedule_id"]))


def run_due(connection: Connection, schedule_id: ScheduleId, asked: date | None, run_by: str, now: datetime) -> bool:
    """Do what the schedule does, if it is due: once a day, whoever asks, and never while it is paused.

    `asked`: which day has begun by the clock of whoever asks; None: the record's clock alone counts.
    """
    row = _lock(connection, schedule_id, now)
    day = day_of_run(asked, now)
    if row.paused or day <= date.fromisoformat(row.done_through):
        return False
    run = {
        "number": reset_counts(connection).at,
        "schedule_id": schedule_id,
        "day": day.isoformat(),
        "run_at": now,
        "run_by": run_by,
    }
    connection.execute(_NOTE_RUN, run)
    connection.execute(_CHANGE.values(done_through=day.isoformat()), {"of_schedule": schedule_id})
    return True


def run_by_hand(connection: Connection, schedule_id: ScheduleId, actor: str, now: datetime) -> None:
    """Do what the schedule does, now, paused or not: a run of its own, which takes no day's. The desk log keeps who."""
    _lock(connection, schedule_id, now)
    reset = reset_counts(connection)
    run = {"number": reset.at, "schedule_id": schedule_id, "day": None, "run_at": now, "run_by": actor}
    connection.execute(_NOTE_RUN, run)
    log_change(connection, Changed(now, actor, "counts_reset", schedule_id, {"messages": reset.messages}, None))


def pause(connection: Connection, schedule_id: ScheduleId, actor: str, now: datetime) -> None:
    """No run is due until it is resumed; nothing changes when that is so already. The desk log keeps who."""
    if _lock(connection, schedule_id, now).paused:
        return
    values = {"paused": True, "changed_by": actor, "changed_at": now}
    connection.execute(_CHANGE.values(values), {"of_schedule": schedule_id})
    log_change(connection, Changed(now, actor, "schedule_paused", schedule_id, None, PAUSED))


def resume(connection: Connection, schedule_id: ScheduleId, actor: str, now: datetime) -> None:
    """Runs are due again, from the next midnight on: of the days on which it was paused none is made up for."""
    row = _lock(connection, schedule_id, now)
    if not row.paused:
        return
    values = {"paused": False, "changed_by": actor, "changed_at": now}
    done_through = done_on_resuming(date.fromisoformat(row.done_through), now).isoformat()
    connection.execute(_CHANGE.values(**values, done_through=done_through), {"of_schedule": schedule_id})
    log_change(connection, Changed(now, actor, "schedule_resumed", schedule_id, PAUSED, None))


def _lock(connection: Connection, schedule_id: ScheduleId, now: datetime) -> PlainRow:
    begin(connection, schedule_id, now)
    row = schedule_row(connection, schedule_id, locked=True)
    assert row is not None
    return row


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()
