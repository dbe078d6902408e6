"""The rows of the store, as values. Times are microseconds since 1970 UTC."""

from enum import IntEnum
from typing import NamedTuple


class Status(IntEnum):
    """`OrchestrationStatus` of the protocol."""

    RUNNING = 0
    COMPLETED = 1
    CONTINUED_AS_NEW = 2
    FAILED = 3
    CANCELED = 4
    TERMINATED = 5
    PENDING = 6
    SUSPENDED = 7


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.TERMINATED})


class InboxKind(IntEnum):
    """What an inbox row does besides being handed to the orchestrator."""

    PLAIN = 0
    STARTED = 1
    SUSPEND = 2
    RESUME = 3
    TERMINATE = 4
    TERMINATE_RECURSIVE = 5
    REWIND = 6
    WAKE = 7  # carries no event: it only makes the instance run a turn


class DueKind(IntEnum):
    """What happens when a due time comes."""

    TIMER = 0
    SIGNAL = 1
    START = 2


class Kind(IntEnum):
    """The kinds of work that workers do."""

    ORCHESTRATION = 0
    ACTIVITY = 1
    ENTITY = 2


class Uses(IntEnum):
    """Bits: what an instance may have left elsewhere."""

    TIMERS = 1
    LOCKS = 2


class OpKind(IntEnum):
    """What waits at an entity."""

    SIGNAL = 0
    CALL = 1
    LOCK = 2


class Instance(NamedTuple):
    """An orchestration instance, without its payloads."""

    key: int
    hub: int
    id: str
    execution_id: str
    generation: int
    name: str
    version: str | None
    status: int
    created_at: int
    updated_at: int
    completed_at: int | None
    start_at: int | None
    delayed: int
    rewinding: int
    parent_key: int | None
    parent_generation: int | None
    parent_task: int | None
    parent_id: str | None
    tags: str | None
    custom_status: str | None
    trace: bytes | None
    history_bytes: int
    uses: int = 0

    @property
    def ended(self) -> bool:
        """Whether the instance has reached a final status."""
        return self.status in TERMINAL


class Payload(NamedTuple):
    """Input, output and failure (a serialized TaskFailureDetails) of an instance."""

    input: str | None
    output: str | None
    failure: bytes | None


class InboxRow(NamedTuple):
    """An event on its way to an orchestration."""

    key: int
    generation: int | None
    kind: int
    event: bytes


class Activity(NamedTuple):
    """An activity that is not finished."""

    key: int
    hub: int
    instance: int
    generation: int
    task: int
    name: str
    version: str | None
    request: bytes
    attempt: int
    worker: int | None
    leased_at: int | None


class Due(NamedTuple):
    """Something that happens at a later time."""

    key: int
    at: int
    kind: int
    target: int
    generation: int | None
    event: bytes | None


class Entity(NamedTuple):
    """A durable entity."""

    key: int
    hub: int
    id: str
    state: str | None
    modified_at: int
    lock_section: str | None
    lock_instance: int | None
    lock_generation: int | None
    lock_owner: str | None
    attempt: int
    batch: str | None
    worker: int | None
    leased_at: int | None


class EntityOp(NamedTuple):
    """A call, signal or lock request that waits at an entity."""

    key: int
    kind: int
    request_id: str
    caller: int | None
    generation: int | None
    event: bytes


class LostDelivery(NamedTuple):
    """Work whose delivery failed: its worker was lost with it."""

    kind: int
    target: int
    hub: int
    owner: int
    owner_id: str
    name: str
    times: int
    worker: str
    at: int
    given_up: int


class ActivityLease(NamedTuple):
    """An unfinished activity as the dispatcher sees it after a start."""

    key: int
    hub: int
    name: str
    version: str | None
    attempt: int
    worker: int | None
    leased_at: int | None


class EntityLease(NamedTuple):
    """An entity batch that was out with a worker when the scheduler stopped."""

    key: int
    attempt: int
    worker: int
    leased_at: int


class InstancePage(NamedTuple):
    """One page of a query; `next` continues it, None at the end."""

    items: list[tuple[Instance, Payload]]
    next: tuple[int, int] | None


class EntityPage(NamedTuple):
    """One page of entities with the number of operations that wait at each."""

    items: list[tuple[Entity, int]]
    next: str | None


class IdPage(NamedTuple):
    """One page of instance ids, in the order in which they ended."""

    ids: list[str]
    next: tuple[int, int] | None
