# ruff: noqa: A002 -- input is the protocol's word
"""The interface of the store.

Every method runs inside the caller's transaction (see `group_commit.GroupCommit`): what it changes is there for later
calls at once, is on disk only when its group is, and is gone without a trace when the operation raises. Methods raise
nothing of their own; an implementation's errors are translated by the group commit.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from local.scheduler.store.rows import (
    Activity,
    ActivityLease,
    Due,
    Entity,
    EntityLease,
    EntityOp,
    EntityPage,
    IdPage,
    InboxRow,
    Instance,
    InstancePage,
    LostDelivery,
    Payload,
)


class InstanceFilter(NamedTuple):
    """Which instances a query or purge means. Times are inclusive below, exclusive above."""

    hub: int
    statuses: tuple[int, ...] = ()
    created_from: int | None = None
    created_to: int | None = None
    id_prefix: str | None = None


class EntityFilter(NamedTuple):
    """Which entities a query means."""

    hub: int
    id_prefix: str | None = None
    modified_from: int | None = None
    modified_to: int | None = None
    include_transient: bool = False


class InstanceStore(Protocol):
    """Instances, their payloads and histories."""

    def forget_cache(self) -> None:
        """Drops what is remembered of rows: a transaction was rolled back."""
        ...

    def next_key(self) -> int:
        """A row key that was never used before, larger than all before it."""
        ...

    def insert_instance(self, row: Instance, input: str | None) -> None:
        """Adds a new instance; its (hub, id) must be free."""
        ...

    def instance(self, key: int) -> Instance | None:
        """The instance with this key."""
        ...

    def find_instance(self, hub: int, instance_id: str) -> Instance | None:
        """The instance with this id."""
        ...

    def payload(self, key: int) -> Payload:
        """Input, output and failure of an instance."""
        ...

    def save_instance(self, row: Instance) -> None:
        """Replaces everything of the instance but hub, id, parent and payload."""
        ...

    def save_input(self, key: int, input: str | None) -> None:
        """Replaces the input and forgets output and failure."""
        ...

    def save_result(self, key: int, output: str | None, failure: bytes | None) -> None:
        """Replaces output and failure."""
        ...

    def delete_instance(self, key: int) -> None:
        """Removes the instance with history, inbox, timers and unfinished activities."""
        ...

    def children(self, key: int) -> list[Instance]:
        """The instances that this one started as sub-orchestrations."""
        ...

    def append_history(self, key: int, events: bytes) -> None:
        """Adds one turn's events, framed as `pastEvents`."""
        ...

    def replace_history(self, key: int, events: bytes | None) -> None:
        """Forgets the history and, when given, starts over with `events`."""
        ...

    def history(self, key: int) -> bytes:
        """All events so far, framed as `pastEvents`."""
        ...

    def history_parts(self, key: int) -> list[bytes]:
        """The same, one entry per turn."""
        ...


class InboxStore(Protocol):
    """Events on their way to orchestrations, and the due-time index."""

    def post(self, instance: int, generation: int | None, kind: int, event: bytes) -> int:
        """Adds an event to an inbox and returns its key."""
        ...

    def inbox(self, instance: int) -> list[InboxRow]:
        """An inbox in the order of arrival."""
        ...

    def has_inbox(self, instance: int, kinds: Sequence[int] = ()) -> bool:
        """Whether anything (of these kinds, if given) waits in the inbox."""
        ...

    def take_inbox(self, keys: Iterable[int]) -> None:
        """Removes consumed events."""
        ...

    def clear_inbox(self, instance: int) -> None:
        """Removes whatever waits in an inbox."""
        ...

    def add_due(self, row: Due) -> None:
        """Remembers something for later."""
        ...

    def due(self, until: int, limit: int) -> list[Due]:
        """What is due at `until`, earliest first."""
        ...

    def take_due(self, keys: Iterable[int]) -> None:
        """Removes what has happened."""
        ...

    def clear_due(self, target: int) -> None:
        """Removes what an instance or entity was waiting for."""
        ...

    def has_due(self, target: int) -> bool:
        """Whether an instance or entity waits for something."""
        ...

    def next_due(self) -> int | None:
        """The earliest due time."""
        ...


class WorkStore(Protocol):
    """Unfinished activities, workers and leases."""

    def insert_activity(self, row: Activity) -> None:
        """Adds an unfinished activity."""
        ...

    def activity(self, key: int) -> Activity | None:
        """An unfinished activity."""
        ...

    def lease_activity(self, key: int, worker: int, at: int) -> tuple[int, bytes] | None:
        """Gives an activity to a worker: the new attempt number and the request; None when it is gone."""
        ...

    def release_activity(self, key: int) -> None:
        """Reclaims an activity; its token stays good until somebody else gets it."""
        ...

    def finish_activity(self, key: int, attempt: int) -> tuple[int, int, int] | None:
        """Removes an activity: (instance, generation, task); None when this is not its last attempt."""
        ...

    def worker_key(self, worker_id: str, local_pid: int | None) -> int:
        """The key under which leases of this worker are kept; creates it."""
        ...


class EntityStore(Protocol):
    """Entities, their locks and what waits at them."""

    def entity(self, key: int) -> Entity | None:
        """The entity with this key."""
        ...

    def find_entity(self, hub: int, entity_id: str) -> Entity | None:
        """The entity with this id."""
        ...

    def insert_entity(self, hub: int, entity_id: str, at: int) -> Entity:
        """Adds an entity without state."""
        ...

    def save_entity(self, row: Entity) -> None:
        """Replaces everything of the entity but hub and id."""
        ...

    def delete_entity(self, key: int) -> None:
        """Removes the entity with whatever waits at it."""
        ...

    def add_op(self, entity: int, op: EntityOp) -> None:
        """Adds an operation or lock request to an entity's queue."""
        ...

    def ops(self, entity: int, limit: int) -> list[EntityOp]:
        """The head of an entity's queue."""
        ...

    def ops_of(self, entity: int, caller: int, generation: int, limit: int) -> list[EntityOp]:
        """Calls by one orchestration in an entity's queue."""
        ...

    def has_ops(self, entity: int) -> bool:
        """Whether anything waits at the entity."""
        ...

    def count_ops(self, entity: int) -> int:
        """How many operations wait at the entity."""
        ...

    def ops_by_key(self, keys: Sequence[int]) -> list[EntityOp]:
        """These operations, in order."""
        ...

    def delete_ops(self, keys: Iterable[int]) -> None:
        """Removes finished operations."""
        ...

    def locked_by(self, instance: int) -> list[Entity]:
        """The entities that an orchestration has locked."""
        ...

    def lock_requests_of(self, instance: int) -> list[tuple[int, int, str]]:
        """(operation, entity, critical section id) of lock requests that still wait."""
        ...


class HubStore(Protocol):
    """Task hubs."""

    def hubs(self) -> dict[str, int]:
        """All task hubs by name."""
        ...

    def insert_hub(self, name: str, at: int) -> int:
        """Adds a task hub and returns its key."""
        ...

    def hub_part(self, hub: int, limit: int) -> tuple[list[int], list[int]]:
        """Up to `limit` instance keys and entity keys of a hub."""
        ...

    def delete_hub(self, hub: int) -> None:
        """Removes an empty task hub."""
        ...


class RecoveryStore(Protocol):
    """What the dispatcher reads once at a start. Cost grows with unfinished work, not with history."""

    def ready_instances(self) -> list[tuple[int, int, str, str | None, int]]:
        """(hub, key, name, version, status) of instances with something in the inbox that may run."""
        ...

    def unfinished_activities(self) -> list[ActivityLease]:
        """All of them, oldest first."""
        ...

    def entities_with_ops(self) -> list[tuple[int, int, str]]:
        """(hub, key, id) of entities at which something waits."""
        ...

    def entity_leases(self) -> list[EntityLease]:
        """Batches that were out with a worker."""
        ...

    def workers(self) -> list[tuple[int, str, int | None]]:
        """(key, id, local pid) of the workers that hold leases; others are forgotten."""
        ...


class LostDeliveryStore(Protocol):
    """Deliveries whose worker was lost."""

    def lost_deliveries(self) -> list[tuple[int, int, int]]:
        """(kind, key, times) of all that is not given up; drops rows of work that is gone."""
        ...

    def save_lost_delivery(self, row: LostDelivery) -> None:
        """Adds or replaces one; of those given up only the newest are kept."""
        ...

    def forget_lost_delivery(self, kind: int, target: int) -> None:
        """Removes one."""
        ...

    def forget_lost_deliveries_of(self, owner: int) -> None:
        """Removes those of an instance or entity."""
        ...


class Store(InstanceStore, InboxStore, WorkStore, EntityStore, HubStore, RecoveryStore, LostDeliveryStore, Protocol):
    """The whole store, seen by the one writer."""


class Reader(Protocol):
    """Long reads, on a connection of their own: they never hold up the writer."""

    def query_instances(
        self, where: InstanceFilter, after: tuple[int, int] | None, limit: int, payloads: bool
    ) -> InstancePage:
        """One page in the order of creation."""
        ...

    def ended_instances(
        self,
        hub: int,
        statuses: tuple[int, ...],
        ended_from: int | None,
        ended_to: int | None,
        after: tuple[int, int] | None,
        limit: int,
    ) -> IdPage:
        """One page of ids in the order in which the instances ended."""
        ...

    def query_entities(self, where: EntityFilter, after: str | None, limit: int) -> EntityPage:
        """One page of entities in the order of their ids."""
        ...

    def expired_instances(self, before: int, limit: int) -> list[int]:
        """Keys of instances, in any hub, that ended before `before`."""
        ...

    def history_parts(self, key: int) -> list[bytes]:
        """An instance's history, one entry per turn."""
        ...
