"""What the dispatcher remembers. All of it can be derived from the store again."""

from collections import defaultdict
from dataclasses import dataclass, field

from local.scheduler.dispatch.lanes import Lanes
from local.scheduler.dispatch.losses import Losses
from local.scheduler.dispatch.workers import Kind, Lease, Worker
from local.scheduler.operations.context import ReadyWork


def _queues() -> defaultdict[int, tuple[Lanes, Lanes, Lanes]]:
    return defaultdict(lambda: (Lanes(), Lanes(), Lanes()))


@dataclass(slots=True)
class State:
    """Queues by task hub and kind, workers by identity, leases by token."""

    queues: defaultdict[int, tuple[Lanes, Lanes, Lanes]] = field(default_factory=_queues)
    workers: dict[str, Worker] = field(default_factory=dict[str, Worker])
    leases: dict[str, Lease] = field(default_factory=dict[str, Lease])
    turns_out: set[int] = field(default_factory=set[int])
    apart: defaultdict[int, tuple[Lanes, Lanes, Lanes]] = field(default_factory=_queues)  # suspects, see losses.py
    losses: Losses = field(default_factory=lambda: Losses(0))
    again: dict[int, ReadyWork] = field(
        default_factory=dict[int, ReadyWork]
    )  # for a turn of their own after the one out

    def enqueue(self, kind: Kind, ready: ReadyWork, *, front: bool = False) -> None:
        """Puts work in line; what may have killed its workers in a line of its own, behind others like it."""
        if self.losses.is_suspect(kind, ready.key):
            self.apart[ready.hub][kind].push(ready)
        else:
            self.queues[ready.hub][kind].push(ready, front=front)

    def forget_work(self) -> dict[str, Lease]:
        """Empties queues and leases; returns the leases of activities and entity batches that were known."""
        known = {token: lease for token, lease in self.leases.items() if lease.kind is not Kind.ORCHESTRATION}
        for lease in self.leases.values():
            lease.worker.drop(lease, done=False)
        self.leases.clear()
        self.turns_out.clear()
        self.again.clear()
        for queues in (*self.queues.values(), *self.apart.values()):
            for lanes in queues:
                lanes.clear()
        return known

    def figures(self) -> dict[str, int]:
        """Gauges for /metrics."""
        totals = [0, 0, 0]
        for queues in (*self.queues.values(), *self.apart.values()):
            for kind in Kind:
                totals[kind] += len(queues[kind])
        return {
            "workers_connected": sum(1 for worker in self.workers.values() if worker.stream is not None),
            "leases": len(self.leases),
            "ready_orchestrations": totals[Kind.ORCHESTRATION],
            "ready_activities": totals[Kind.ACTIVITY],
            "ready_entities": totals[Kind.ENTITY],
            "lost_deliveries_total": self.losses.lost,
            "given_up_total": self.losses.given_up,
        }
