"""Ready work, first in first out, with one queue per name and version.

A worker with filters looks only at the heads of the queues that it may take from, so that work that no connected
worker can do does not delay other work.
"""

from collections import deque
from collections.abc import Mapping

from local.scheduler.operations.context import ReadyWork

Filter = Mapping[str, frozenset[str]] | None
"""Accepted names with their accepted versions (none: any version); None accepts everything."""


def accepts(wanted: Filter, name: str, version: str | None) -> bool:
    """Whether a worker with this filter takes this work."""
    if wanted is None:
        return True
    versions = wanted.get(name)
    return versions is not None and (not versions or (version or "") in versions)


class ReadyQueues:
    """First in first out over all names and versions, without duplicates."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str | None], deque[tuple[int, ReadyWork]]] = {}
        self._queued: set[int] = set()
        self._last = 0
        self._first = 0

    def __len__(self) -> int:
        return len(self._queued)

    def push(self, ready: ReadyWork, *, front: bool = False) -> None:
        """Adds work, unless it is already queued."""
        if ready.key in self._queued:
            return
        self._queued.add(ready.key)
        queue = self._queues.setdefault((ready.name, ready.version), deque())
        if front:
            self._first -= 1
            queue.appendleft((self._first, ready))
        else:
            self._last += 1
            queue.append((self._last, ready))

    def take(self, wanted: Filter) -> ReadyWork | None:
        """The oldest work that the filter accepts."""
        best: tuple[str, str | None] | None = None
        for (name, version), queue in self._queues.items():
            if (best is None or queue[0][0] < self._queues[best][0][0]) and accepts(wanted, name, version):
                best = name, version
        if best is None:
            return None
        queue = self._queues[best]
        ready = queue.popleft()[1]
        if not queue:
            del self._queues[best]
        self._queued.discard(ready.key)
        return ready

    def clear(self) -> None:
        """Forgets everything."""
        self._queues.clear()
        self._queued.clear()
