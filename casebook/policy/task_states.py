"""What can be done with a task in which state. Pure."""

from collections.abc import Mapping

from contracts.tasks import TaskMove, TaskState

FIRST: TaskState = "open"
MOVES: Mapping[tuple[TaskState, TaskMove], TaskState] = {
    ("open", "change"): "open",
    ("open", "complete"): "completed",
    ("open", "delete"): "deleted",
    ("completed", "reopen"): "open",
    ("completed", "delete"): "deleted",
}
"""The state after each legal move; what is not here is refused. A completed task is reopened before it is changed."""


def state_after(state: TaskState, move: TaskMove) -> TaskState | None:
    """The state after a move; None when it is not legal."""
    return MOVES.get((state, move))
