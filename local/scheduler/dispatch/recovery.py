"""Rebuilds queues and leases from the store, at a start and after a group of operations was lost."""

import time

from local.scheduler.dispatch.state import DispatchState
from local.scheduler.dispatch.workers import UNCERTAIN_SECONDS, Kind, Lease, Worker
from local.scheduler.operations import entities
from local.scheduler.operations.context import OperationContext, ReadyWork
from local.scheduler.operations.locks import settle_queue

LOST_RESULT_DELAY = 8.0


def load(
    state: DispatchState, context: OperationContext, known: dict[str, Lease], alive_until: float | None, grace: float
) -> None:
    """Fills an empty state. Reads unfinished work only.

    `known` are the leases from before, `alive_until` (seconds since 1970, None when this process had the work) is when
    the scheduler was last alive, `grace` is in seconds.
    """
    _Loader(state, context, known, alive_until, grace).load()


class _Loader:
    def __init__(
        self,
        state: DispatchState,
        context: OperationContext,
        known: dict[str, Lease],
        alive_until: float | None,
        grace: float,
    ) -> None:
        self._state = state
        self._unit = context
        self._known = known
        self._alive_until = alive_until
        self._grace = grace
        self._names = {key: (worker_id, process) for key, worker_id, process in context.store.workers()}
        self._by_key = {worker.key: worker for worker in state.workers.values()}

    def load(self) -> None:
        store, enqueue = self._unit.store, self._state.enqueue
        self._state.lost_deliveries.load(store.lost_deliveries())
        for worker in self._by_key.values():
            if worker.key not in self._names:
                worker.key = store.worker_key(worker.id, worker.process)
        for hub, key, name, version, _ in store.ready_instances():
            enqueue(Kind.ORCHESTRATION, ReadyWork(hub, key, name, version))
        for row in store.unfinished_activities():
            ready = ReadyWork(row.hub, row.key, row.name, row.version)
            if row.worker is None:
                enqueue(Kind.ACTIVITY, ready)
                continue
            token = f"a{row.key}.{row.attempt}"
            self._restore(Lease(Kind.ACTIVITY, ready, token, row.attempt, self._owner(row.worker)), row.leased_at)
        self._load_entities()

    def _load_entities(self) -> None:
        leased = {row.key: row for row in self._unit.store.entity_leases()}
        for hub, key, entity_id in self._unit.store.entities_with_ops():
            row = leased.get(key)
            if row is None:
                settle_queue(self._unit, key)
                continue
            ready = entities.ready_entity(hub, key, entity_id)
            token = f"e{key}.{row.attempt}"
            self._restore(Lease(Kind.ENTITY, ready, token, row.attempt, self._owner(row.worker)), row.leased_at)

    def _owner(self, key: int) -> Worker:
        worker = self._by_key.get(key)
        if worker is None:
            worker_id, process = self._names.get(key, (f"unknown:{key}", None))
            worker = self._by_key[key] = self._state.workers[worker_id] = Worker(worker_id, key, process)
        return worker

    def _restore(self, lease: Lease, leased_at: int | None) -> None:
        now = time.monotonic()
        known = self._known.get(lease.token)
        if known is not None:
            lease.sent_at, lease.order, lease.deadline = known.sent_at, known.order, known.deadline
            if lease.sent_at is None:
                lease.deadline = now
        elif self._alive_until is None:
            lease.deadline = now + LOST_RESULT_DELAY
            lease.delivery_uncertain = True
        else:
            lease.delivery_uncertain = (
                leased_at is None or leased_at / 1_000_000 > self._alive_until - UNCERTAIN_SECONDS
            )
            lease.sent_at = None if lease.delivery_uncertain else now - UNCERTAIN_SECONDS
            lease.deadline = now + lease.grace(self._grace)
        lease.quarantined = self._state.lost_deliveries.is_quarantined(lease.kind, lease.ready.key)
        self._state.leases[lease.token] = lease
        lease.worker.hold(lease)
