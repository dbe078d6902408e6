"""Delivers ready work to connected workers, and reclaims it from lost ones.

Orchestrator turns have no effect outside: they are delivered at once, even before the events in them are on disk.
Activities and entity batches are delivered when their lease is on disk, so that after a crash of the scheduler the
worker that has them can still finish them and no other worker starts them meanwhile.

Everything here can be rebuilt from the store (`rebuild`), at a start and after a group of operations was lost.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from uuid import uuid4

from local.scheduler.dispatch.abandoned_work import AbandonedWork
from local.scheduler.dispatch.lost_deliveries import LostDeliveries, mark_suspects
from local.scheduler.dispatch.processes import is_alive, local_process
from local.scheduler.dispatch.ready_queues import Filter, ReadyQueues
from local.scheduler.dispatch.recovery import load
from local.scheduler.dispatch.state import DispatchState
from local.scheduler.dispatch.status_waiters import StatusWaiters
from local.scheduler.dispatch.workers import Lease, Stream, Worker
from local.scheduler.failpoints import Failpoints
from local.scheduler.operations import activities, entities, turns
from local.scheduler.operations.context import Effects, OperationContext, ReadyWork
from local.scheduler.protocol.wire import ACTIVITY_REQUEST, ENTITY_REQUEST_V2, ORCHESTRATOR_REQUEST, work_item
from local.scheduler.store.group_commit import GroupCommit
from local.scheduler.store.rows import Kind

T = TypeVar("T")
log = logging.getLogger("casewright.scheduler.dispatch")

LEASE_CHECK_SECONDS = 0.25
LOST_PAUSE = 1.0  # what has just failed would fail again at once


class Dispatcher:
    """Queues, workers and leases of all task hubs. Use from the event loop only."""

    def __init__(
        self,
        group_commit: GroupCommit,
        new_context: Callable[[], OperationContext],
        *,
        grace: float,
        ping_seconds: float,
        max_deliveries: int,
        failpoints: Failpoints,
        on_due: Callable[[int], None],
    ) -> None:
        """`grace` and `ping_seconds` in seconds; `on_due` hears of new due times.

        Work with which `max_deliveries` workers were lost fails; 0: no limit.
        """
        self._group_commit = group_commit
        self._new_unit = new_context
        self._grace = grace
        self._ping_seconds = ping_seconds
        self._failpoints = failpoints
        self._on_due = on_due
        self._state = state = DispatchState(lost_deliveries=LostDeliveries(max_deliveries))
        self._lost_deliveries = state.lost_deliveries
        self._queues = state.queues
        self._workers = state.workers
        self._leases = state.leases
        self._turns_in_flight = state.turns_in_flight
        self._due_again = state.due_again
        self._abandoned = AbandonedWork()
        self._run = uuid4().hex[:12]
        self._order = 0
        self._dispatch_scheduled = False
        self._paused_until = 0.0
        self.waiters = StatusWaiters()
        self.redelivered = 0

    # -- operations -------------------------------------------------------------------------------------------------

    def perform(self, operation: Callable[[OperationContext], T], *, front: bool = False) -> T:
        """Runs an operation in the store and sets in motion what it causes, `front` before what is queued."""
        context = self._new_unit()
        effects = context.effects

        def run() -> T:
            result = operation(context)
            if effects.status_changes:
                self._group_commit.on_durable(lambda: self._wake_waiters(effects.status_changes))
            return result

        result = self._group_commit.apply(run)
        self._apply_effects(effects, front=front)
        return result

    def _wake_waiters(self, status_changes: list[tuple[int, str]]) -> None:
        for hub, instance_id in status_changes:
            self.waiters.wake(hub, instance_id)

    def _apply_effects(self, effects: Effects, *, front: bool = False) -> None:
        for ready in effects.instances:
            if ready.key in self._turns_in_flight:
                self._due_again[ready.key] = ready
            else:
                self._state.enqueue(Kind.ORCHESTRATION, ready, front=front)
        for ready in effects.activities:
            self._state.enqueue(Kind.ACTIVITY, ready, front=front)
        for ready in effects.entities:
            self._state.enqueue(Kind.ENTITY, ready, front=front)
        if effects.due_at is not None:
            self._on_due(effects.due_at)
        if effects.instances or effects.activities or effects.entities:
            self._schedule_dispatch()

    # -- streams ----------------------------------------------------------------------------------------------------

    def connect(
        self,
        hub: int,
        worker_id: str,
        limits: tuple[int, int, int],
        filters: tuple[Filter, Filter, Filter],
    ) -> Stream:
        """A worker asks for work, which comes on the stream."""
        identity = f"{worker_id}@{hub}"
        worker = self._workers.get(identity)
        if worker is None:
            process = local_process(worker_id)
            key = self.perform(lambda context: context.store.worker_key(identity, process))
            worker = self._workers[identity] = Worker(identity, key, process)
        elif worker.stream is not None:
            # The worker knows better than the scheduler that its old stream is broken.
            old = worker.stream
            worker.disconnected(time.monotonic(), self._grace)
            old.close()
        worker.credits = list(limits)
        worker.reconnected(time.monotonic(), self._grace)
        worker.stream = Stream(worker, hub, filters)
        self._schedule_dispatch()
        return worker.stream

    def disconnect(self, stream: Stream, *, lost: bool) -> None:
        """A stream has ended; `lost`: without a word, as when its process is killed."""
        worker = stream.worker
        if worker.stream is not stream:
            return
        if lost:
            mark_suspects(worker)
        worker.disconnected(time.monotonic(), self._grace)
        if not worker.leases:
            self._workers.pop(worker.id, None)

    def close_streams(self) -> None:
        """Ends all streams, at a shutdown."""
        for worker in list(self._workers.values()):
            if worker.stream is not None:
                worker.stream.close()

    # -- handing out ------------------------------------------------------------------------------------------------

    def _schedule_dispatch(self) -> None:
        if self._dispatch_scheduled:
            return
        self._dispatch_scheduled = True
        loop = asyncio.get_running_loop()
        pause = self._paused_until - time.monotonic()
        if pause > 0:
            loop.call_later(pause, self._dispatch_ready)
        else:
            loop.call_soon(self._dispatch_ready)

    def _dispatch_ready(self) -> None:
        self._dispatch_scheduled = False
        by_hub: defaultdict[int, list[Worker]] = defaultdict(list[Worker])
        for worker in self._workers.values():
            if worker.stream is not None:
                by_hub[worker.stream.hub].append(worker)
        for hub, workers in by_hub.items():
            self._dispatch_quarantine(hub, workers)
            queues = self._queues.get(hub)
            if queues is None:
                continue
            for kind in Kind:
                while len(queues[kind]) and self._dispatch_next(kind, queues[kind], workers):
                    pass

    def _dispatch_quarantine(self, hub: int, workers: list[Worker]) -> None:
        """Quarantined work goes out one piece at a time per worker."""
        for kind, queue in zip(Kind, self._state.quarantine.get(hub, ()), strict=False):
            while len(queue) and self._dispatch_next(kind, queue, [w for w in workers if not w.has_quarantined]):
                pass

    def _dispatch_next(self, kind: Kind, queue: ReadyQueues, workers: list[Worker]) -> bool:
        """Gives one piece of work to the least busy worker that takes it; false when nobody does."""
        for worker in sorted(workers, key=lambda w: -w.free(kind)) if len(workers) > 1 else workers:
            if worker.free(kind) <= 0 or worker.stream is None:
                continue
            ready = queue.take(worker.stream.filters[kind])
            if ready is not None:
                try:
                    self._assign(kind, ready, self._abandoned.choose_worker(kind, ready, worker, workers))
                except Exception:
                    # A full or damaged disk must not end the dispatcher. An operation that failed has made us
                    # rebuild the queues; a turn was only read, and goes back into its own.
                    log.exception("Work could not be handed out; it is tried again.")
                    if kind is Kind.ORCHESTRATION:
                        asyncio.get_running_loop().call_later(LOST_PAUSE, self._requeue, kind, ready)
                return True
        return False

    def _requeue(self, kind: Kind, ready: ReadyWork) -> None:
        self._state.enqueue(kind, ready, front=True)
        self._schedule_dispatch()

    def _assign(self, kind: Kind, ready: ReadyWork, worker: Worker) -> None:
        stream = worker.stream
        assert stream is not None
        if kind is Kind.ORCHESTRATION:
            self._assign_turn(ready, worker, stream)
        elif kind is Kind.ACTIVITY:
            self._lease(kind, ready, worker, stream, activities.lease, ACTIVITY_REQUEST, "a")
        else:
            single = self._lost_deliveries.is_quarantined(kind, ready.key)
            take = partial(entities.lease_batch, single=single)
            self._lease(kind, ready, worker, stream, take, ENTITY_REQUEST_V2, "e")

    def _assign_turn(self, ready: ReadyWork, worker: Worker, stream: Stream) -> None:
        try:
            prepared = turns.prepare(self._new_unit(), ready.key)
        except turns.HistoryTooLarge as error:
            too_large = error
            self.perform(lambda context: turns.fail_too_large(context, too_large))
            return
        if prepared is None:
            self._abandoned.forget(ready.key)
            self._lost_deliveries.forget(Kind.ORCHESTRATION, ready.key)
            return
        turn, request = prepared
        self._order += 1
        token = f"o{self._run}.{self._order}"
        lease = Lease(Kind.ORCHESTRATION, ready, token, 0, worker, turn, self._order, time.monotonic())
        lease.quarantined = self._lost_deliveries.is_quarantined(Kind.ORCHESTRATION, ready.key)
        self._turns_in_flight.add(ready.key)
        self._leases[token] = lease
        worker.hold(lease)
        stream.send(work_item(ORCHESTRATOR_REQUEST, request, token))

    def _lease(
        self,
        kind: Kind,
        ready: ReadyWork,
        worker: Worker,
        stream: Stream,
        take: Callable[[OperationContext, int, int], tuple[int, bytes] | None],
        request_kind: int,
        prefix: str,
    ) -> None:
        context = self._new_unit()
        leased_request: list[tuple[Lease, bytes]] = []

        def run() -> tuple[int, bytes] | None:
            leased = take(context, ready.key, worker.key)
            if leased is not None:
                self._group_commit.on_durable(
                    lambda: self._send(leased_request[0][0], stream, request_kind, leased_request[0][1])
                )
            return leased

        leased = self._group_commit.apply(run)
        if leased is not None:
            attempt, request = leased
            lease = Lease(kind, ready, f"{prefix}{ready.key}.{attempt}", attempt, worker)
            lease.quarantined = self._lost_deliveries.is_quarantined(kind, ready.key)
            leased_request.append((lease, request))
            self._leases[lease.token] = lease
            worker.hold(lease)
        elif kind is Kind.ACTIVITY:
            self._lost_deliveries.forget(kind, ready.key)
        self._apply_effects(context.effects)

    def _send(self, lease: Lease, stream: Stream, request_kind: int, request: bytes) -> None:
        if self._leases.get(lease.token) is not lease:
            return
        self._failpoints.hit("before-send")
        self._order += 1
        lease.order = self._order
        lease.sent_at = time.monotonic()
        stream.send(work_item(request_kind, request, lease.token))
        self._failpoints.hit("after-send")

    # -- reclaiming work --------------------------------------------------------------------------------------------

    def turn_lease(self, token: str) -> Lease | None:
        """The lease of an orchestrator turn that is out."""
        lease = self._leases.get(token)
        return lease if lease is not None and lease.turn is not None else None

    def complete(self, token: str) -> None:
        """Work was finished: its worker can have more."""
        lease = self._leases.pop(token, None)
        if lease is None:
            return
        lease.worker.drop(lease, done=True)
        self._abandoned.forget(lease.ready.key)
        self._clear_lost_deliveries(lease)
        self._free_turn(lease)
        if lease.worker.stream is None and not lease.worker.leases:
            self._workers.pop(lease.worker.id, None)
        self._schedule_dispatch()

    def _clear_lost_deliveries(self, lease: Lease) -> None:
        if not self._lost_deliveries.count(lease.kind, lease.ready.key):
            return
        try:
            self.perform(lambda context: self._lost_deliveries.finish(context, lease))
        except Exception:
            # The work itself is stored, and that counts.
            log.exception("A finished piece of work is still counted as a lost delivery.")

    def _free_turn(self, lease: Lease) -> None:
        if lease.kind is Kind.ORCHESTRATION:
            self._turns_in_flight.discard(lease.ready.key)
            due_again = self._due_again.pop(lease.ready.key, None)
            if due_again is not None:
                self._state.enqueue(Kind.ORCHESTRATION, due_again)

    def abandon(self, token: str) -> None:
        """A worker does not want this work now: it is offered again after a pause that grows."""
        lease = self._leases.get(token)
        if lease is None:
            return
        pause = self._abandoned.add(lease.ready.key, lease.worker.id)
        lease.worker.drop(lease, done=True)
        self._schedule_dispatch()
        asyncio.get_running_loop().call_later(pause, self._release, lease)

    def _release(self, lease: Lease) -> None:
        """Offers work again that its worker will not finish."""
        if self._leases.pop(lease.token, None) is not lease:
            return
        lease.worker.drop(lease, done=False)
        self.redelivered += 1
        try:
            if lease.delivery_lost or lease.kind is not Kind.ORCHESTRATION:
                self.perform(lambda context: self._lost_deliveries.requeue(context, lease), front=True)
        except Exception:
            log.exception("Work could not be reclaimed; it is tried again.")
            if lease.kind is not Kind.ORCHESTRATION:
                self._leases[lease.token] = lease
                lease.worker.hold(lease)
                lease.deadline = time.monotonic() + 1.0
                return
        if lease.kind is Kind.ORCHESTRATION:
            self._due_again.pop(lease.ready.key, None)
            self._turns_in_flight.discard(lease.ready.key)
            self._state.enqueue(Kind.ORCHESTRATION, lease.ready, front=True)
            self._schedule_dispatch()

    def expire_leases(self) -> None:
        """Reclaims what has run out of grace. Call several times a second."""
        now = time.monotonic()
        for worker in list(self._workers.values()):
            if worker.stream is not None:
                worker.stream.ping(now, self._ping_seconds)
            dead = worker.stream is None and worker.process is not None and not is_alive(worker.process)
            for lease in list(worker.leases.values()):
                if dead or (lease.deadline is not None and lease.deadline <= now):
                    log.warning("Worker '%s' is gone or slow to return: %s is sent again.", worker.id, lease.token)
                    self._release(lease)
            if worker.stream is None and not worker.leases:
                self._workers.pop(worker.id, None)

    # -- rebuilding -------------------------------------------------------------------------------------------------

    def rebuild(self, *, alive_until: float | None = None) -> None:
        """Derives queues and leases from the store.

        At a start `alive_until` is when the scheduler was last alive (seconds since 1970): what was leased just
        before may never have been sent. Without it, a group of operations was lost: leases that this process does
        not know any more belong to results that could not be stored, and their work is offered again.
        """
        known = self._state.forget_work()
        if alive_until is None:
            # What has just failed would fail again at once, for ever.
            self._paused_until = time.monotonic() + LOST_PAUSE
        context = self._new_unit()
        context.store.forget_cache()
        self._group_commit.apply(lambda: load(self._state, context, known, alive_until, self._grace))
        self._apply_effects(context.effects)
        self._schedule_dispatch()
        self.waiters.wake_all()

    def gauges(self) -> dict[str, int]:
        """Gauges for /metrics."""
        return {**self._state.gauges(), "redelivered_total": self.redelivered, "waiting_clients": len(self.waiters)}
