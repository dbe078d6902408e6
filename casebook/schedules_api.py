"""The facade of schedules."""

from datetime import date

from casebook.commands import schedules
from casebook.facade import Facade
from casebook.queries import schedules as queries
from contracts.schedules import Schedule, ScheduleId, ScheduleList


class SchedulesApi(Facade):
    """One transaction per method, from any thread; the record decides what is due, whoever asks.

    Methods that take any text for the schedule raise ScheduleNotFound. CasebookUnavailable: the database failed,
    nothing was written.
    """

    def begin(self, schedule_id: ScheduleId) -> Schedule:
        """Let a schedule begin, unless it has: the first run is due at the next midnight, UTC."""
        with self._write_apart() as connection:
            schedules.begin(connection, schedule_id, self._clock())
            return queries.read_schedule(connection, schedule_id, self._clock())

    def list_schedules(self) -> ScheduleList:
        """All schedules."""
        with self._read() as connection:
            now = self._clock()
            return ScheduleList(
                items=tuple(queries.read_schedule(connection, each, now) for each in queries.DESCRIPTIONS)
            )

    def run_due(self, schedule_id: ScheduleId, run_by: str, asked: date | None = None) -> bool:
        """Do what the schedule does, if it is due: once a day, and never while it is paused; whether it was.

        `asked`: which day has begun by the clock of whoever asks.
        """
        with self._write_apart() as connection:
            return schedules.run_due(connection, schedule_id, asked, run_by, self._clock())

    def run_by_hand(self, schedule_id: str, subject: str) -> Schedule:
        """Do what the schedule does, now, paused or not. It takes no day's run; the desk log keeps who it was."""
        known = queries.known_id(schedule_id)
        with self._write_apart() as connection:
            schedules.run_by_hand(connection, known, subject, self._clock())
            return queries.read_schedule(connection, known, self._clock())

    def pause(self, schedule_id: str, subject: str) -> Schedule:
        """No run is due until it is resumed. The desk log keeps who it was."""
        known = queries.known_id(schedule_id)
        with self._write_apart() as connection:
            schedules.pause(connection, known, subject, self._clock())
            return queries.read_schedule(connection, known, self._clock())

    def resume(self, schedule_id: str, subject: str) -> Schedule:
        """Runs are due again, from the next midnight on, UTC. The desk log keeps who it was."""
        known = queries.known_id(schedule_id)
        with self._write_apart() as connection:
            schedules.resume(connection, known, subject, self._clock())
            return queries.read_schedule(connection, known, self._clock())
