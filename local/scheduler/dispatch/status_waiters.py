"""Clients that wait for an orchestration to start or end."""

import asyncio
from collections import defaultdict


class StatusWaiters:
    """Wakes those who wait for an instance; they look for themselves what has happened."""

    def __init__(self) -> None:
        self._waiting: defaultdict[tuple[int, str], set[asyncio.Future[None]]] = defaultdict(set[asyncio.Future[None]])

    def __len__(self) -> int:
        return sum(len(group) for group in self._waiting.values())

    def add(self, hub: int, instance_id: str) -> asyncio.Future[None]:
        """A future that is done at the next change of the instance's status; hand it to `remove` afterwards."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[hub, instance_id].add(future)
        return future

    def remove(self, hub: int, instance_id: str, future: asyncio.Future[None]) -> None:
        """Forgets a waiter."""
        group = self._waiting.get((hub, instance_id))
        if group is not None:
            group.discard(future)
            if not group:
                del self._waiting[hub, instance_id]

    def wake(self, hub: int, instance_id: str) -> None:
        """The instance has started, ended or gone."""
        for future in self._waiting.get((hub, instance_id), ()):
            if not future.done():
                future.set_result(None)

    def wake_all(self) -> None:
        """Makes everybody look again."""
        for hub, instance_id in list(self._waiting):
            self.wake(hub, instance_id)
