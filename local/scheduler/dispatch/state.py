"""The dispatcher's state in memory. All of it can be rebuilt from the store."""

from collections import defaultdict
from dataclasses import dataclass, field

from local.scheduler.dispatch.lost_deliveries import LostDeliveries
from local.scheduler.dispatch.ready_queues import ReadyQueues
from local.scheduler.dispatch.workers import Kind, Lease, Worker
from local.scheduler.operations.context import ReadyWork

QueuesOfHubs = defaultdict[int, tuple[ReadyQueues, ReadyQueues, ReadyQueues]]
"""By task hub; within one, by kind of work."""


def _queues() -> QueuesOfHubs:
    return defaultdict(lambda: (ReadyQueues(), ReadyQueues(), ReadyQueues()))


@dataclass(slots=True)
class DispatchState:
    """Queues by task hub and kind, workers by identity, leases by token."""

    queues: QueuesOfHubs = field(default_factory=_queues)
    workers: dict[str, Worker] = field(default_factory=dict[str, Worker])
    leases: dict[str, Lease] = field(default_factory=dict[str, Lease])
    turns_in_flight: set[int] = field(default_factory=set[int])
    quarantine: QueuesOfHubs = field(default_factory=_queues)  # handed out alone, see lost_deliveries.py
    lost_deliveries: LostDeliveries = field(default_factory=lambda: LostDeliveries(0))
    due_again: dict[int, ReadyWork] = field(default_factory=dict[int, ReadyWork])  # after the turn in flight

    def enqueue(self, kind: Kind, ready: ReadyWork, *, front: bool = False) -> None:
        """Queues work; what may have killed its workers in quarantine, behind others like it."""
        if self.lost_deliveries.is_quarantined(kind, ready.key):
            self.quarantine[ready.hub][kind].push(ready)
        else:
            self.queues[ready.hub][kind].push(ready, front=front)

    def forget_work(self) -> dict[str, Lease]:
        """Empties queues and leases; returns the leases of activities and entity batches that were known."""
        known = {token: lease for token, lease in self.leases.items() if lease.kind is not Kind.ORCHESTRATION}
        for lease in self.leases.values():
            lease.worker.drop(lease, done=False)
        self.leases.clear()
        self.turns_in_flight.clear()
        self.due_again.clear()
        for queues in (*self.queues.values(), *self.quarantine.values()):
            for ready in queues:
                ready.clear()
        return known

    def gauges(self) -> dict[str, int]:
        """Gauges for /metrics."""
        totals = [0, 0, 0]
        for queues in (*self.queues.values(), *self.quarantine.values()):
            for kind in Kind:
                totals[kind] += len(queues[kind])
        return {
            "workers_connected": sum(1 for worker in self.workers.values() if worker.stream is not None),
            "leases": len(self.leases),
            "ready_orchestrations": totals[Kind.ORCHESTRATION],
            "ready_activities": totals[Kind.ACTIVITY],
            "ready_entities": totals[Kind.ENTITY],
            "lost_deliveries_total": self.lost_deliveries.lost,
            "given_up_total": self.lost_deliveries.given_up,
        }
