"""Makes and changes tasks, about customers that exist."""

import logging
from collections.abc import Callable
from uuid import uuid4

from backend.services.customer_store import CustomerStoreReader
from backend.services.errors import UnknownCustomer
from casebook.async_api import AsyncTasks
from casebook.commands.tasks import Origin
from casebook.queries.tasks import CreatedTask
from contracts.tasks import NewTask, Task, TaskChange

log = logging.getLogger("casewright.tasks")


class TaskService:
    """What is accepted is on record. `on_change` is called when there may be a reminder to start or to end."""

    def __init__(self, record: AsyncTasks, customers: CustomerStoreReader, on_change: Callable[[], None]) -> None:
        self._record = record
        self._customers = customers
        self._on_change = on_change

    async def create(self, new: NewTask, subject: str, key: str | None) -> CreatedTask:
        """Make a task, unless it was made before under the same key.

        Raises UnknownCustomer, CustomerStoreUnavailable, and what `TasksApi.create_task` raises.
        """
        await self._check_customer(new.customer_id)
        created = await self._record.create_task(new, Origin(f"task-{uuid4().hex}", subject, key))
        if created.created:
            log.info("%s was made by %s", created.task.task_id, subject)
        self._on_change()
        return created

    async def change(self, task_id: str, revision: int | None, change: TaskChange) -> Task:
        """Change what `change` names.

        Raises UnknownCustomer, CustomerStoreUnavailable, and what `TasksApi.change_task` raises.
        """
        await self._check_customer(change.customer_id)
        changed = await self._record.change_task(task_id, revision, change)
        self._on_change()
        return changed

    async def complete(self, task_id: str, revision: int | None) -> Task:
        """The task is done. Raises what `TasksApi.complete_task` raises."""
        done = await self._record.complete_task(task_id, revision)
        self._on_change()
        return done

    async def reopen(self, task_id: str, revision: int | None) -> Task:
        """The task is to be done again. Raises what `TasksApi.reopen_task` raises."""
        opened = await self._record.reopen_task(task_id, revision)
        self._on_change()
        return opened

    async def delete(self, task_id: str, revision: int | None) -> None:
        """Delete the task. Raises what `TasksApi.delete_task` raises."""
        await self._record.delete_task(task_id, revision)
        self._on_change()

    async def _check_customer(self, customer_id: int | None) -> None:
        if customer_id is not None and not await self._customers.has_customer(customer_id):
            raise UnknownCustomer(customer_id)
