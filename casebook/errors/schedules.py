"""Schedules that do not exist."""

from casebook.errors.base import CasebookError


class ScheduleNotFound(CasebookError):
    """No schedule has this id."""

    id = "schedule-not-found"
    status = 404

    def __init__(self, schedule_id: str) -> None:
        super().__init__(f"There is no schedule '{schedule_id}'.")
