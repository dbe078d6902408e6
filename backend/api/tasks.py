"""`/api/tasks`: follow-up tasks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AfterValidator

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import CurrentIdentity, MayReveal, Services, ServicesDep, strict_json
from backend.api.preconditions import SeenRevision, tag
from backend.http.problem import documented
from casebook.queries.filters import ME
from casebook.queries.tasks import TaskQuery
from contracts.tasks import NewTask, Task, TaskChange, TaskNotes, TaskPage, Title
from contracts.words import says_something

router = APIRouter(prefix="/api/tasks", tags=["tasks"])


def _says_something(text: str) -> str:
    if not says_something(text):
        raise ValueError("write something that can be read")
    return text


SeenTitle = Annotated[Title, AfterValidator(_says_something)]
SeenNotes = Annotated[TaskNotes, AfterValidator(_says_something)]


class TaskOrder(NewTask):
    """What is to be done."""

    title: SeenTitle
    notes: SeenNotes | None = None


class TaskChangeOrder(TaskChange):
    """What becomes different. What is left out stays as it is; null removes it."""

    title: SeenTitle | None = None
    notes: SeenNotes | None = None


class TaskListQuery(TaskQuery):
    """A query, and which page of the answer."""

    limit: Limit = 50
    cursor: Cursor = None


@router.get("", operation_id="list_tasks", summary="List tasks", responses=documented(401, 403, 422, 503))
async def list_tasks(
    services: ServicesDep, identity: CurrentIdentity, asked: Annotated[TaskListQuery, Query()]
) -> TaskPage:
    """Tasks that pass every filter, the one that is due first at the beginning; `assignee=me` for your own."""
    query = TaskQuery.model_validate(asked.model_dump(exclude={"limit", "cursor"}))
    if query.assignee == ME:
        query = query.model_copy(update={"assignee": identity.subject})
    return await services.task_record.list_tasks(query, limit=asked.limit, cursor=asked.cursor)


@router.post(
    "",
    operation_id="create_task",
    summary="Make a task",
    status_code=201,
    responses={
        200: {"model": Task, "description": "It was made before under the same key"},
        **documented(401, 403, 409, 413, 415, 422, 503),
    },
    dependencies=[Depends(strict_json(TaskOrder))],
)
async def create_task(
    order: TaskOrder,
    services: ServicesDep,
    identity: CurrentIdentity,
    response: Response,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Task:
    """Make a task, for yourself unless `assignee` names another. The same `Idempotency-Key` twice makes one task."""
    new = NewTask.model_validate(order.model_dump())
    created = await services.tasks.create(new, identity.subject, idempotency_key)
    response.status_code = 201 if created.created else 200
    return _tagged(created.task, response)


@router.get(
    "/{task_id}",
    operation_id="get_task",
    summary="One task",
    responses=documented(401, 403, 404, 422, 503),
    dependencies=[MayReveal],
)
async def get_task(task_id: str, services: ServicesDep, response: Response) -> Task:
    """The task, and its `ETag`."""
    return _tagged(await services.task_record.task(task_id), response)


@router.patch(
    "/{task_id}",
    operation_id="change_task",
    summary="Change a task",
    responses=documented(401, 403, 404, 409, 412, 413, 415, 422, 428, 503),
    dependencies=[Depends(strict_json(TaskChangeOrder))],
)
async def change_task(
    task_id: str, order: TaskChangeOrder, services: ServicesDep, seen: SeenRevision, response: Response
) -> Task:
    """Change an open task that is still as it was read. A changed due time is reminded of anew.

    A title or notes that come back as they are masked stay as they are.
    """
    change = await _whole(task_id, TaskChange.model_validate(order.model_dump(exclude_unset=True)), services)
    return _tagged(await services.tasks.change(task_id, seen, change), response)


async def _whole(task_id: str, change: TaskChange, services: Services) -> TaskChange:
    """The change without texts that are what is shown of the task. Raises MaskedText, TaskNotFound."""
    given = {field: text for field, text in (("title", change.title), ("notes", change.notes)) if text is not None}
    if not given:
        return change
    task = await services.task_record.task(task_id)
    cases = () if task.case_id is None else (task.case_id,)
    customers = () if task.customer_id is None else (task.customer_id,)
    left_out: set[str] = set()
    for field, text in given.items():
        whole = (task.title if field == "title" else task.notes) or ""
        if text != whole and await services.masking.is_shown_as(text, whole, cases, customers):
            left_out.add(field)
        else:
            await services.masking.require_whole(field, text, whole, cases, customers)
    return TaskChange.model_validate(change.model_dump(exclude_unset=True, exclude=left_out))


@router.post(
    "/{task_id}/complete",
    operation_id="complete_task",
    summary="Complete a task",
    responses=documented(401, 403, 404, 409, 412, 422, 428, 503),
)
async def complete_task(task_id: str, services: ServicesDep, seen: SeenRevision, response: Response) -> Task:
    """Say that an open task is done. Nobody is reminded of it any more."""
    return _tagged(await services.tasks.complete(task_id, seen), response)


@router.post(
    "/{task_id}/reopen",
    operation_id="reopen_task",
    summary="Reopen a task",
    responses=documented(401, 403, 404, 409, 412, 422, 428, 503),
)
async def reopen_task(task_id: str, services: ServicesDep, seen: SeenRevision, response: Response) -> Task:
    """Say that a completed task is to be done again."""
    return _tagged(await services.tasks.reopen(task_id, seen), response)


@router.delete(
    "/{task_id}",
    operation_id="delete_task",
    summary="Delete a task",
    status_code=204,
    responses=documented(401, 403, 404, 409, 412, 422, 428, 503),
)
async def delete_task(task_id: str, services: ServicesDep, seen: SeenRevision) -> None:
    """Delete a task for good, with everything that was written in it; 409 while its case is under a legal hold."""
    await services.tasks.delete(task_id, seen)


def _tagged(task: Task, response: Response) -> Task:
    tag(response, task.revision)
    return task
