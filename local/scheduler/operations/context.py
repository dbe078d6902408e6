# ruff: noqa: A002 -- input is the protocol's word
"""The unit of work of one operation: the store, the time, the limits, and the effects for the dispatcher."""

import json
import logging
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import uuid4

from local.scheduler.protocol import events
from local.scheduler.protocol.wire import pb, text, to_bytes
from local.scheduler.store.interface import Store
from local.scheduler.store.rows import Due, DueKind, InboxKind, Instance, Status, Uses

log = logging.getLogger("casewright.scheduler")

WAKES_SUSPENDED = frozenset({InboxKind.RESUME, InboxKind.TERMINATE, InboxKind.TERMINATE_RECURSIVE})


class ReadyWork(NamedTuple):
    """Something that a worker could do now. `name` and `version` are what work-item filters look at."""

    hub: int
    key: int
    name: str
    version: str | None = None


@dataclass(slots=True)
class Effects:
    """What an operation has set in motion; the dispatcher looks at it when the operation has succeeded."""

    instances: list[ReadyWork] = field(default_factory=list[ReadyWork])
    activities: list[ReadyWork] = field(default_factory=list[ReadyWork])
    entities: list[ReadyWork] = field(default_factory=list[ReadyWork])
    status_changes: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])  # started or ended: (hub, id)
    due_at: int | None = None


class Limits(NamedTuple):
    """Sizes in bytes. `message` is what a worker's channel takes, `payload` what an input, result or state may have."""

    message: int
    payload: int = 1024 * 1024
    entity_batch: int = 512 * 1024
    entity_operations: int = 200

    @property
    def request(self) -> int:
        """The largest request body that can be handed on."""
        return self.message - 16 * 1024


@dataclass(slots=True)
class OperationContext:
    """One operation's unit of work: the store, inside an open transaction, and what follows once it is committed."""

    store: Store
    now: int
    limits: Limits
    effects: Effects = field(default_factory=Effects)

    # -- orchestrations ---------------------------------------------------------------------------------------------

    def wake(self, row: Instance, kind: int = InboxKind.PLAIN) -> None:
        """Makes an instance ready, unless it is delayed or suspended."""
        if row.delayed or row.ended or (row.status == Status.SUSPENDED and kind not in WAKES_SUSPENDED):
            return
        self.effects.instances.append(ReadyWork(row.hub, row.key, row.name, row.version))

    def post(
        self, row: Instance, event: pb.HistoryEvent | None, kind: int = InboxKind.PLAIN, generation: int | None = None
    ) -> None:
        """Adds an event to an instance's inbox and makes the instance ready."""
        self.store.post(row.key, generation, kind, b"" if event is None else to_bytes(event))
        self.wake(row, kind)

    def deliver(self, key: int, generation: int, event: pb.HistoryEvent) -> None:
        """Hands a result to the execution that waits for it; drops it when that one is over.

        A failed instance keeps what still arrives: a rewind will need it.
        """
        row = self.store.instance(key)
        if row is None or row.generation != generation or (row.ended and row.status != Status.FAILED):
            return
        self.post(row, event, generation=generation)

    def create_instance(
        self,
        *,
        hub: int,
        instance_id: str,
        name: str,
        version: str | None,
        input: str | None,
        tags: dict[str, str] | None = None,
        trace: pb.TraceContext | None = None,
        parent: tuple[Instance, int] | None = None,
        start_at: int | None = None,
        execution_id: str | None = None,
    ) -> Instance:
        """Adds an instance whose id is free. `parent` is the parent with the id of its task."""
        delayed = start_at is not None and start_at > self.now
        execution_id = execution_id or uuid4().hex
        parent_row = parent[0] if parent else None
        row = Instance(
            key=self.store.next_key(), hub=hub, id=instance_id, execution_id=execution_id, generation=0, name=name,
            version=version, status=Status.PENDING, created_at=self.now, updated_at=self.now, completed_at=None,
            start_at=start_at, delayed=int(delayed), rewinding=0,
            parent_key=parent_row.key if parent_row else None,
            parent_generation=parent_row.generation if parent_row else None,
            parent_task=parent[1] if parent else None, parent_id=parent_row.id if parent_row else None,
            tags=json.dumps(tags) if tags else None, custom_status=None, trace=None, history_bytes=0,
            uses=int(Uses.TIMERS) if delayed else 0,
        )  # fmt: skip
        self.store.insert_instance(row, input)
        started = events.execution_started(
            self.now, instance_id=instance_id, execution_id=execution_id, name=name, version=version, input=input,
            tags=tags, trace=trace, parent=_parent_info(parent), start_at=start_at,
        )  # fmt: skip
        self.post(row, started, InboxKind.STARTED)
        if delayed and start_at is not None:
            self.add_due(start_at, DueKind.START, row.key)
        return row

    # -- later ------------------------------------------------------------------------------------------------------

    def add_due(
        self, at: int, kind: int, target: int, generation: int | None = None, event: pb.HistoryEvent | None = None
    ) -> None:
        """Remembers something for later."""
        self.store.add_due(
            Due(self.store.next_key(), at, kind, target, generation, None if event is None else to_bytes(event))
        )
        if self.effects.due_at is None or at < self.effects.due_at:
            self.effects.due_at = at


def _parent_info(parent: tuple[Instance, int] | None) -> pb.ParentInstanceInfo | None:
    if parent is None:
        return None
    row, task = parent
    return pb.ParentInstanceInfo(
        taskScheduledId=task,
        name=text(row.name),
        version=text(row.version),
        orchestrationInstance=pb.OrchestrationInstance(instanceId=row.id, executionId=text(row.execution_id)),
    )
