"""Tools by which the assistant plans changes of its user's own tasks. They write nothing.

What a call answers says what will be done when the reply is sent, with the due time as it was understood; the plan is
read off these answers. So a step that is repeated from its journal plans the same, and nothing is done for a draft that
is thrown away.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import JsonValue, ValidationError

from casebook.errors import InvalidTask
from casebook.policy.due_times import known_zone, resolve_ahead, told, wall_time
from casebook.queries.chat import DraftBasis
from casebook.queries.tasks import MAX_OWN
from contracts.hashing import HASH_PREFIX, content_hash
from contracts.report import Evidence
from contracts.task_plans import DueTime, PlannedTaskChange, ResolvedDue
from contracts.tasks import Task
from contracts.words import says_something
from worker.domain.spoken_times import Span, understand
from worker.ports.record import TaskRecord
from worker.ports.tools import ToolBox, ToolDescription, ToolInvocation, ToolOutcome

CREATE_TASK, LIST_TASKS = "create_task", "list_tasks"
COMPLETE_TASK, DELETE_TASK = "complete_task", "delete_task"
TASK_TOOLS = (CREATE_TASK, LIST_TASKS, COMPLETE_TASK, DELETE_TASK)
"""The scope `tasks`: for the assistant alone, about tasks of the user who writes and about nothing else."""
LISTED = 50

_PLANNED = "planned"


class CannotPlan(Exception):
    """A change that cannot be planned; the message tells the model why."""


def _tool(name: str, description: str, required: Sequence[str], **properties: str) -> ToolDescription:
    arguments: dict[str, JsonValue] = {
        key: {"type": "string", "description": said, "maxLength": 4_000 if key == "notes" else 200}
        for key, said in properties.items()
    }
    schema: dict[str, JsonValue] = {
        "type": "object",
        "properties": arguments,
        "required": [*required],
        "additionalProperties": False,
    }
    return ToolDescription(name=name, description=description, parameters=schema)


_WHICH = "The task's id, or its title."
DESCRIPTIONS = (
    _tool(
        CREATE_TASK,
        "Plans a new task of the user, who is reminded at its due time. It is made when your reply is sent.",
        ("title",),
        title="What is to be done, in a few words.",
        due="When, in English as the user says it ('on Monday at 9', 'tomorrow', 'in two hours'), or as a local time "
        "such as 2027-03-28T09:00. Left out: no due time.",
        notes="Anything else to keep.",
    ),
    _tool(LIST_TASKS, "The open tasks of the user, the one that is due first at the beginning.", ()),
    _tool(
        COMPLETE_TASK,
        "Plans that a task of the user is done. It counts when your reply is sent.",
        ("task",),
        task=_WHICH,
    ),
    _tool(
        DELETE_TASK,
        "Plans to delete a task of the user. The user is asked first, and it is deleted after a yes.",
        ("task",),
        task=_WHICH,
    ),
)


class TaskTools:
    """The tool boxes of the assistant's runs: tasks of one user, and what a customer may be told."""

    def __init__(self, record: TaskRecord, others: ToolBox, now: Callable[[], datetime]) -> None:
        self._record = record
        self._others = others
        self._now = now
        self._combined: tuple[tuple[ToolDescription, ...], tuple[ToolDescription, ...]] = ((), DESCRIPTIONS)

    def for_run(self, basis: DraftBasis) -> ToolBox:
        """What drafts a reply to this user. Without a customer the tool server is not asked for anything."""
        own = _OwnTasks(self._record, basis, self._now)
        return _RunTools(own, None if basis.customer_id is None else self._others, self._combine)

    def _combine(self, others: tuple[ToolDescription, ...]) -> tuple[ToolDescription, ...]:
        """The same object for the same listing: what validates calls is made once for it."""
        if self._combined[0] is not others:
            # No other server's tool passes for one of these.
            self._combined = others, (*DESCRIPTIONS, *(each for each in others if each.name not in TASK_TOOLS))
        return self._combined[1]


class _RunTools:
    def __init__(
        self,
        own: "_OwnTasks",
        others: ToolBox | None,
        combine: Callable[[tuple[ToolDescription, ...]], tuple[ToolDescription, ...]],
    ) -> None:
        self._own = own
        self._others = others
        self._combine = combine

    def describe(self) -> tuple[ToolDescription, ...]:
        return DESCRIPTIONS if self._others is None else self._combine(self._others.describe())

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:
        foreign = [call for call in calls if call.tool not in TASK_TOOLS]
        answers = iter(self._others.invoke(foreign, timeout_s) if foreign and self._others is not None else ())
        return tuple(self._own.answer(call) if call.tool in TASK_TOOLS else next(answers) for call in calls)


class _OwnTasks:
    """Tasks of the user who writes, and of nobody else."""

    def __init__(self, record: TaskRecord, basis: DraftBasis, now: Callable[[], datetime]) -> None:
        self._record = record
        self._basis = basis
        self._now = now

    def answer(self, call: ToolInvocation) -> ToolOutcome:
        """What will be done, or why it cannot be."""
        does: Mapping[str, Callable[[Mapping[str, JsonValue]], JsonValue]] = {
            CREATE_TASK: self._create,
            LIST_TASKS: self._list,
            COMPLETE_TASK: self._complete,
            DELETE_TASK: self._delete,
        }
        try:
            return ToolOutcome(ok=True, result=does[call.tool](call.arguments))
        except CannotPlan as why:
            return ToolOutcome(ok=False, result={"error": str(why)})
        except InvalidTask as refusal:
            return ToolOutcome(ok=False, result={"error": refusal.sentence})

    def _create(self, arguments: Mapping[str, JsonValue]) -> JsonValue:
        title = " ".join(str(arguments["title"]).split())
        # Models fill in what they leave open with empty texts.
        notes, due = (str(arguments.get(name) or "").strip() or None for name in ("notes", "due"))
        if not says_something(title) or (notes is not None and not says_something(notes)):
            raise CannotPlan("A task needs a title that can be read: say what is to be done.")
        if len(self._tasks()) >= MAX_OWN:
            raise CannotPlan(f"The user has {MAX_OWN} open tasks, the most that one may have: complete one first.")
        resolved = None if due is None else self._resolve(due)
        plan = {
            "change": "create",
            "task_id": self._task_id(title, resolved),
            "title": title,
            "notes": notes,
            "due": None if resolved is None else resolved.model_dump(mode="json"),
        }
        return self._planned(plan, "It is made when the reply is sent.")

    def _list(self, _: Mapping[str, JsonValue]) -> JsonValue:
        tasks = self._tasks()
        shown: list[JsonValue] = [
            {"task_id": each.task_id, "title": each.title, "due": None if each.due is None else told(each.due)}
            for each in tasks[:LISTED]
        ]
        return {"tasks": shown, "not_shown": len(tasks) - len(shown)}

    def _complete(self, arguments: Mapping[str, JsonValue]) -> JsonValue:
        found = self._find(str(arguments["task"]))
        plan = {"change": "complete", "task_id": found.task_id, "title": found.title}
        return self._planned(plan, "It counts as done when the reply is sent.")

    def _delete(self, arguments: Mapping[str, JsonValue]) -> JsonValue:
        found = self._find(str(arguments["task"]))
        plan = {"change": "delete", "task_id": found.task_id, "title": found.title}
        if any(each.change == "delete" and each.task_id == found.task_id for each in self._basis.confirmed):
            return self._planned(plan, "The user has confirmed it: it is deleted when the reply is sent.")
        return self._planned(plan, "Nothing is deleted yet: below the reply the user is asked to confirm it.")

    def _planned(self, plan: Mapping[str, Any], then: str) -> JsonValue:
        try:
            change = PlannedTaskChange.model_validate(plan)
        except ValidationError:
            raise CannotPlan("A title has at most 200 characters, and notes have 4,000.") from None
        due = None if change.due is None else told(change.due)
        return {_PLANNED: change.model_dump(mode="json"), "due": due, "then": then}

    def _tasks(self) -> tuple[Task, ...]:
        return self._record.own_tasks(self._basis.user_id)

    def _task_id(self, title: str, due: ResolvedDue | None) -> str:
        """The same for the same task in one draft, and another in every other."""
        at = None if due is None else due.at.isoformat()
        digest = content_hash([self._basis.turn_id, self._basis.round, title, at])
        return f"task-{digest.removeprefix(HASH_PREFIX)[:32]}"

    def _resolve(self, said: str) -> ResolvedDue:
        now, zone = self._now(), self._basis.zone
        local_now = now.astimezone(known_zone(zone)).replace(tzinfo=None)
        meant = understand(said, local_now)
        if meant is None:
            raise CannotPlan(
                f"'{said[:100]}' is not understood as a time: say it like 'on Monday at 9', 'tomorrow at 17:30', "
                "'in two hours' or 2027-03-28T09:00."
            )
        if isinstance(meant, Span):
            due = wall_time(now + meant.length, zone)
        else:
            due = DueTime(local=meant.replace(microsecond=0).isoformat(), zone=zone)
        return resolve_ahead(due, now)

    def _find(self, which: str) -> Task:
        """The task with this id or title, or the only one whose title has these words."""
        tasks, wanted = self._tasks(), " ".join(which.split()).casefold()
        exact = [each for each in tasks if wanted in (each.task_id, each.title.casefold())]
        found = exact or [each for each in tasks if wanted and wanted in each.title.casefold()]
        if not found:
            raise CannotPlan(f"The user has no open task '{which[:100]}'.")
        if len(found) > 1:
            several = "; ".join(f"{each.task_id}: {each.title}" for each in found[:10])
            raise CannotPlan(f"Several open tasks fit '{which[:100]}', name one by its id: {several}.")
        return found[0]


def planned_changes(evidence: Sequence[Evidence]) -> tuple[PlannedTaskChange, ...]:
    """What the calls of a run have planned, in their order."""
    return tuple(
        PlannedTaskChange.model_validate(each.result[_PLANNED])
        for each in evidence
        if each.ok and each.tool in TASK_TOOLS and isinstance(each.result, dict) and _PLANNED in each.result
    )
