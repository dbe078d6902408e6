"""What a reply says of the changes of tasks that are made with it, and of those that it asks about. Pure.

It is not left to a model: due times are said as they were understood, and what is asked is what a yes would do.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from casebook.policy.due_times import told
from contracts.task_plans import PlannedTaskChange

Change = Literal["create", "complete", "delete"]

_DONE: Mapping[Change, str] = {
    "create": "Task noted: {}.",
    "complete": "Task done: {}.",
    "delete": "Task deleted: {}.",
}
_ASKED: Mapping[Change, str] = {
    "create": "note the task {}",
    "complete": "complete the task {}",
    "delete": "delete the task {}",
}
_MISSED: Mapping[Change, str] = {
    "create": "The task {} could not be noted.",
    "complete": "The task {} was changed meanwhile and could not be completed.",
    "delete": "The task {} was changed meanwhile and could not be deleted.",
}


def said_back(changes: Sequence[PlannedTaskChange], to_confirm: Sequence[PlannedTaskChange]) -> str:
    """What is written below a reply; empty when it does nothing with tasks."""
    lines = [*map(_said, changes)]
    if to_confirm:
        wanted = "; ".join(_ASKED[each.change].format(_named(each)) for each in to_confirm)
        lines.append(f'Shall I {wanted}? Answer "yes" to confirm.')
    return "\n".join(lines)


def corrected(text: str, missed: Sequence[PlannedTaskChange]) -> str:
    """The reply, where some of the changes could not be made any more."""
    for change in missed:
        instead = _MISSED[change.change].format(f'"{change.title}"')
        said = _said(change)
        text = text.replace(said, instead, 1) if said in text else f"{text}\n\n{instead}"
    return text


def _said(change: PlannedTaskChange) -> str:
    return _DONE[change.change].format(_named(change))


def _named(change: PlannedTaskChange) -> str:
    title = f'"{change.title}"'
    return title if change.due is None else f"{title}, due {told(change.due)}"
