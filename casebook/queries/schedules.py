"""Reads schedules."""

from datetime import UTC, date, datetime

from sqlalchemy import Connection, bindparam, select

from casebook.errors import ScheduleNotFound
from casebook.policy.schedules import next_run
from casebook.schema.base import PlainRow, table_of
from casebook.schema.schedules import ScheduleRow, ScheduleRunRow
from contracts.schedules import RESET_COUNTS, Schedule, ScheduleId

DESCRIPTIONS: dict[ScheduleId, str] = {RESET_COUNTS: "Sets the message counts of all users to 0, daily at 00:00 UTC."}

PAUSED = {"state": "paused"}
"""What the desk log says of a schedule that is paused; of one that is not, nothing is said."""

_SCHEDULES, _RUNS = table_of(ScheduleRow), table_of(ScheduleRunRow)
_ONE = select(_SCHEDULES).where(_SCHEDULES.c.schedule_id == bindparam("of_schedule"))
_LAST_RUN = (
    select(_RUNS).where(_RUNS.c.schedule_id == bindparam("of_schedule")).order_by(_RUNS.c.number.desc()).limit(1)
)


def schedule_row(connection: Connection, schedule_id: str, *, locked: bool = False) -> PlainRow | None:
    """The row of a schedule, or None before its first use."""
    return connection.execute(_ONE.with_for_update() if locked else _ONE, {"of_schedule": schedule_id}).first()


def known_id(schedule_id: str) -> ScheduleId:
    """The same, if there is such a schedule. Raises ScheduleNotFound."""
    for known in DESCRIPTIONS:
        if known == schedule_id:
            return known
    raise ScheduleNotFound(schedule_id)


def read_schedule(connection: Connection, schedule_id: ScheduleId, now: datetime) -> Schedule:
    """A schedule as it is on record; one that was never used is active, and today is done."""
    row = schedule_row(connection, schedule_id)
    last = connection.execute(_LAST_RUN, {"of_schedule": schedule_id}).first()
    done_through = now.astimezone(UTC).date() if row is None else date.fromisoformat(row.done_through)
    paused = row is not None and row.paused
    return Schedule(
        schedule_id=schedule_id,
        description=DESCRIPTIONS[schedule_id],
        interval="P1D",
        state="paused" if paused else "active",
        changed_by=None if row is None else row.changed_by,
        changed_at=None if row is None else row.changed_at,
        last_run_at=None if last is None else last.run_at,
        last_run_by=None if last is None else last.run_by,
        last_run_day=None if last is None else last.day,
        next_run_at=None if paused else next_run(done_through),
    )


def paused_schedules(connection: Connection) -> list[str]:
    """The ids of the schedules that are paused."""
    found = select(_SCHEDULES.c.schedule_id).where(_SCHEDULES.c.paused).order_by(_SCHEDULES.c.schedule_id)
    return [*connection.scalars(found)]
