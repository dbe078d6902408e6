"""Snoozes that are refused."""

from datetime import datetime

from casebook.errors.base import CasebookError


class NotSnoozed(CasebookError):
    """The case is in the queue, so there is no snooze to end."""

    id = "not-snoozed"
    status = 409

    def __init__(self) -> None:
        super().__init__("This case is not snoozed: there is nothing to end.")


class SnoozeTooShort(CasebookError):
    """The snooze would be over already."""

    id = "snooze-too-short"
    status = 422

    def __init__(self) -> None:
        sentence = "That time has passed: snooze the case until a later one."
        super().__init__(sentence)
        self.fields = (("until", sentence),)


class SnoozeTooLong(CasebookError):
    """The snooze would hide the case from its deadline, or from the reminder before it."""

    id = "snooze-too-long"
    status = 422

    def __init__(self, latest: datetime, *, is_reminder: bool) -> None:
        why = "people are reminded of this case" if is_reminder else "this case is due"
        sentence = f"At {latest:%Y-%m-%d %H:%M} UTC {why}: snooze it until then at the latest."
        super().__init__(sentence)
        self.fields = (("until", sentence),)
