"""Connected workers and their leases.

The protocol has no lease renewal, and a worker reports a result once. A lease is therefore valid while its worker's
stream is open, and for a grace period after that. A worker that reconnects (same `workerid`) keeps its work for three
grace periods, and no longer, because a report that it made while it was disconnected is lost, and it will not repeat
it. Work that was sent so shortly before the disconnection that it may not have arrived is sent again after
the grace period even if the worker is back. A process of this machine that has ended loses its leases at once.

Orchestrator turns and entity batches are sent again after a few seconds: they have no effect except by their report,
of which one counts, so that running one twice changes nothing.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from local.scheduler.dispatch.ready_queues import Filter
from local.scheduler.operations.context import ReadyWork
from local.scheduler.operations.turns import Turn
from local.scheduler.protocol.wire import pb, to_bytes
from local.scheduler.store.rows import Kind

UNCERTAIN_SECONDS = 2.0
SHORT_GRACE = 3.0
RETURNED_GRACES = 3  # a worker that is back gets this many grace periods
DEFAULT_CREDITS = 100
PING = to_bytes(pb.WorkItem(healthPing=pb.HealthPing()))


@dataclass(slots=True, eq=False)
class Lease:
    """Work that a worker has. `deadline` (monotonic seconds) is set while it is uncertain whether it will finish."""

    kind: Kind
    ready: ReadyWork
    token: str
    attempt: int
    worker: "Worker"
    turn: Turn | None = None
    order: int = 0
    sent_at: float | None = None
    delivery_uncertain: bool = False
    deadline: float | None = None
    quarantined: bool = False  # handed out alone, see lost_deliveries.py
    delivery_lost: bool = False  # its worker was lost while it had this
    partial: list[pb.OrchestratorAction] = field(default_factory=list[pb.OrchestratorAction])

    def grace(self, most: float) -> float:
        """How many seconds the worker may be away before somebody else gets this; `most` is the grace period."""
        return most if self.kind is Kind.ACTIVITY else min(SHORT_GRACE, most)


@dataclass(slots=True, eq=False)
class Worker:
    """A worker process, connected or recently gone."""

    id: str
    key: int
    process: int | None  # see processes.py
    credits: list[int] = field(default_factory=lambda: [0, 0, 0])
    busy: list[int] = field(default_factory=lambda: [0, 0, 0])
    leases: dict[str, Lease] = field(default_factory=dict[str, Lease])
    stream: "Stream | None" = None
    last_done: int = 0

    def free(self, kind: Kind) -> int:
        """How much more of this kind the worker takes now."""
        return self.credits[kind] - self.busy[kind] if self.stream is not None else 0

    @property
    def has_quarantined(self) -> bool:
        """Whether it has something that must be alone of its kind."""
        return any(lease.quarantined for lease in self.leases.values())

    def hold(self, lease: Lease) -> None:
        """Adds a lease."""
        self.leases[lease.token] = lease
        self.busy[lease.kind] += 1

    def drop(self, lease: Lease, *, done: bool) -> None:
        """Removes a lease; `done` proves that everything sent before it has arrived."""
        if self.leases.pop(lease.token, None) is None:
            return
        self.busy[lease.kind] -= 1
        if done:
            self.last_done = max(self.last_done, lease.order)

    def disconnected(self, now: float, grace: float) -> None:
        """The stream has ended: from now on every lease is uncertain."""
        self.stream = None
        for lease in self.leases.values():
            recent = lease.sent_at is None or lease.sent_at > now - UNCERTAIN_SECONDS
            lease.delivery_uncertain = lease.delivery_uncertain or (recent and lease.order > self.last_done)
            lease.deadline = now + lease.grace(grace)

    def reconnected(self, now: float, grace: float) -> None:
        """The worker has reconnected: it gets more time for the activities that surely arrived."""
        for lease in self.leases.values():
            lease.delivery_lost = False
            if lease.deadline is not None and not lease.delivery_uncertain and lease.kind is Kind.ACTIVITY:
                lease.deadline = now + grace * RETURNED_GRACES


class Stream:
    """One GetWorkItems call: the work items that are to be sent on it, in order."""

    def __init__(self, worker: Worker, hub: int, filters: tuple[Filter, Filter, Filter]) -> None:
        self.worker = worker
        self.hub = hub
        self.filters = filters
        self._quiet_since = time.monotonic()
        self._items: deque[bytes] = deque()
        self._closed = False
        self._waiting: asyncio.Future[None] | None = None

    def send(self, item: bytes) -> None:
        """Sends a serialized work item; what the worker has no room for waits here."""
        self._quiet_since = time.monotonic()
        self._items.append(item)
        self._wake()

    def ping(self, now: float, every: float) -> None:
        """Sends a health ping if nothing was sent for `every` seconds: a worker leaves a stream that is silent."""
        if now - self._quiet_since >= every:
            self.send(PING)

    def close(self) -> None:
        """Ends the stream after what was sent."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def next(self) -> bytes | None:
        """The next item to send; None at the end. One caller at a time."""
        while not self._items:
            if self._closed:
                return None
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._items.popleft()
