"""Poison work: finds out which work kills its workers.

When a worker dies, it is unknown which piece of its work was the cause. So each piece counts a
lost delivery, and a piece with several is quarantined: delivered one at a time. When a worker is lost then, only
the quarantined piece is counted, and harmless work is completed in between.
"""

from local.scheduler.dispatch.workers import Lease, Worker
from local.scheduler.operations import activities, entities, lost_deliveries
from local.scheduler.operations.context import OperationContext
from local.scheduler.store.rows import Kind

QUARANTINE_AFTER = 3


class LostDeliveries:
    """Lost deliveries per piece of work. A mirror of the store's rows."""

    def __init__(self, limit: int) -> None:
        """`limit` lost deliveries and a piece of work is given up; 0: never."""
        self._limit = limit
        self._quarantine_after = min(QUARANTINE_AFTER, limit - 1) if limit > 1 else QUARANTINE_AFTER
        self._counts: dict[tuple[Kind, int], int] = {}
        self.lost = 0
        self.given_up = 0

    def load(self, rows: list[tuple[int, int, int]]) -> None:
        """Starts over with the store's rows: (kind, key, times)."""
        self._counts = {(Kind(kind), key): times for kind, key, times in rows}

    def count(self, kind: Kind, key: int) -> int:
        """How often a worker was lost with this."""
        return self._counts.get((kind, key), 0)

    def is_quarantined(self, kind: Kind, key: int) -> bool:
        """Whether this is quarantined: delivered alone."""
        return bool(self._counts) and self.count(kind, key) >= self._quarantine_after

    def forget(self, kind: Kind, key: int) -> None:
        """The work is done or gone."""
        self._counts.pop((kind, key), None)

    def requeue(self, context: OperationContext, lease: Lease) -> None:
        """Makes work available again, or ends it when too many workers were lost with it."""
        kind, key = lease.kind, lease.ready.key
        if lease.delivery_lost:
            self.lost += 1
            self._counts[kind, key] = times = self.count(kind, key) + 1
            if 0 < self._limit <= times:
                lost_deliveries.give_up(context, kind, key, lease.attempt, lease.turn, times, lease.worker.id)
                self.given_up += 1
                self.forget(kind, key)
                return
            lost_deliveries.record(context, kind, key, times, lease.worker.id)
        if kind is Kind.ACTIVITY:
            activities.requeue(context, key, lease.attempt)
        elif kind is Kind.ENTITY:
            entities.requeue_batch(context, key, lease.attempt)

    def finish(self, context: OperationContext, lease: Lease) -> None:
        """Work is done with which workers were lost: they were not lost for it."""
        kind, key = lease.kind, lease.ready.key
        if kind is Kind.ENTITY and lease.quarantined and context.store.has_ops(key):
            # The cause may be one of the operations that still wait: they stay alone.
            self._counts[kind, key] = times = min(self.count(kind, key), self._quarantine_after)
            lost_deliveries.record(context, kind, key, times, lease.worker.id)
        else:
            self.forget(kind, key)
            context.store.forget_lost_delivery(kind, key)


def mark_suspects(worker: Worker) -> None:
    """A worker was lost: marks what may have been the cause."""
    sent = [lease for lease in worker.leases.values() if lease.sent_at is not None]
    for lease in [lease for lease in sent if lease.quarantined] or sent:
        lease.delivery_lost = True
