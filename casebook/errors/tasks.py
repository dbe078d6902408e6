"""Tasks that are refused."""

from collections.abc import Sequence

from casebook.errors.base import CasebookError
from casebook.errors.transitions import TransitionRefused
from contracts.tasks import DueTime, TaskMove, TaskState


class TaskNotFound(CasebookError):
    """No task has this id, or it was deleted."""

    id = "task-not-found"
    status = 404

    def __init__(self, task_id: str) -> None:
        super().__init__(f"There is no task '{task_id}'.")


class TaskChanged(CasebookError):
    """The task is no longer as whoever changes it has seen it."""

    id = "task-changed"
    status = 412

    def __init__(self, task_id: str, revision: int) -> None:
        super().__init__(
            f"Task '{task_id}' was changed since you read it and has revision {revision} now: read it again."
        )


class IllegalTaskMove(CasebookError):
    """The task is in no state for this."""

    id = "illegal-task-move"
    status = 409

    def __init__(self, task_id: str, state: TaskState, move: TaskMove) -> None:
        reopen = ": reopen it first" if (state, move) == ("completed", "change") else ""
        already = {"complete": "completed", "reopen": "reopened", "change": "changed", "delete": "deleted"}[move]
        super().__init__(f"Task '{task_id}' is {state} and cannot be {already}{reopen}.")


class TaskKeyReused(CasebookError):
    """The key of another task."""

    id = "task-key-reused"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "You have made another task under this idempotency key: send the same one, or use another key."
        )


class InvalidTask(CasebookError):
    """Something about a task cannot be; `fields` says what."""

    id = "invalid-task"
    status = 422

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.fields: Sequence[tuple[str, str]] = ((field, sentence),)


class MalformedDueTime(InvalidTask):
    """No wall time."""

    id = "malformed-due-time"

    def __init__(self, local: str) -> None:
        super().__init__(
            "due.local",
            f"'{local}' is no local time: write one like 2027-03-28T09:00, without an offset, and its zone beside it.",
        )


class UnknownZone(InvalidTask):
    """No time zone of this name."""

    id = "unknown-zone"

    def __init__(self, zone: str, field: str = "due.zone") -> None:
        super().__init__(
            field, f"'{zone}' is no time zone: write an IANA name such as Europe/Berlin, with its capitals."
        )


class TaskDueInPast(InvalidTask):
    """The due time has passed."""

    id = "task-due-in-past"

    def __init__(self, due: DueTime) -> None:
        super().__init__("due", f"{due.local} in {due.zone} has passed: a task is due at a time to come.")


class TaskDueTooLate(InvalidTask):
    """The due time is further away than anybody plans."""

    id = "task-due-too-late"

    def __init__(self, due: DueTime, years: int) -> None:
        super().__init__("due", f"{due.local} in {due.zone} is too far away: a task is due within {years} years.")


class FieldNotRemovable(InvalidTask):
    """A task always has one."""

    id = "field-not-removable"

    def __init__(self, field: str) -> None:
        super().__init__(field, f"A task always has a {field}: give another one, or leave the field out.")


class TaskLinkedTwice(InvalidTask):
    """A task about a case and a customer."""

    id = "task-linked-twice"

    def __init__(self) -> None:
        super().__init__("customer_id", "A task is about a case or about a customer: leave one of both out.")


class LinkedCaseUnknown(InvalidTask):
    """The case that a task is to be about does not exist."""

    id = "linked-case-unknown"

    def __init__(self, case_id: str) -> None:
        super().__init__("case_id", f"There is no case '{case_id}' that a task could be about.")


class TaskChangesUnconfirmed(TransitionRefused):
    """A draft deletes tasks, or changes several, and nobody was asked about that and said yes."""

    id = "task-changes-unconfirmed"

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"The user did not confirm the changes of tasks that are drafted for turn '{turn_id}'.")
