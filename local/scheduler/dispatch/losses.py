"""Which work may be what kills its workers.

A worker that dies takes everything it holds with it, and nobody sees which piece was the cause. So each piece is
suspected a little, and what has been on board of several wrecks is handed out one piece at a time: when a worker is
lost then, only the suspect counts as the cause, and the innocent are finished in between.
"""

from local.scheduler.dispatch.workers import Lease, Worker
from local.scheduler.operations import activities, entities, lost_deliveries
from local.scheduler.operations.context import OperationContext
from local.scheduler.store.rows import Kind

ISOLATED_FROM = 3


class Losses:
    """How often workers were lost with what they held. A mirror of the store's rows."""

    def __init__(self, limit: int) -> None:
        """`limit` losses and a piece of work is given up; 0: never."""
        self._limit = limit
        self._isolated_from = min(ISOLATED_FROM, limit - 1) if limit > 1 else ISOLATED_FROM
        self._times: dict[tuple[Kind, int], int] = {}
        self.lost = 0
        self.given_up = 0

    def load(self, rows: list[tuple[int, int, int]]) -> None:
        """Starts over with the store's rows: (kind, key, times)."""
        self._times = {(Kind(kind), key): times for kind, key, times in rows}

    def times(self, kind: Kind, key: int) -> int:
        """How often a worker was lost with this."""
        return self._times.get((kind, key), 0)

    def is_suspect(self, kind: Kind, key: int) -> bool:
        """Whether this is to be handed out alone."""
        return bool(self._times) and self.times(kind, key) >= self._isolated_from

    def forget(self, kind: Kind, key: int) -> None:
        """The work is done or gone."""
        self._times.pop((kind, key), None)

    def take_back(self, context: OperationContext, lease: Lease) -> None:
        """Makes work available again, or ends it when too many workers were lost with it."""
        kind, key = lease.kind, lease.ready.key
        if lease.blamed:
            self.lost += 1
            self._times[kind, key] = times = self.times(kind, key) + 1
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
        if kind is Kind.ENTITY and lease.suspect and context.store.has_ops(key):
            # The cause may be one of the operations that still wait: they stay alone.
            self._times[kind, key] = times = min(self.times(kind, key), self._isolated_from)
            lost_deliveries.record(context, kind, key, times, lease.worker.id)
        else:
            self.forget(kind, key)
            context.store.forget_lost_delivery(kind, key)


def blame(worker: Worker) -> None:
    """A worker was lost: marks what may have been the cause."""
    sent = [lease for lease in worker.leases.values() if lease.sent_at is not None]
    for lease in [lease for lease in sent if lease.suspect] or sent:
        lease.blamed = True
