"""Work that workers have abandoned: it is delivered again after a pause, to another worker if there is one."""

from local.scheduler.dispatch.ready_queues import accepts
from local.scheduler.dispatch.workers import Worker
from local.scheduler.operations.context import ReadyWork
from local.scheduler.store.rows import Kind
from runtime.backoff import Backoff

REST = Backoff(first_s=0.2, longest_s=10.0)


class AbandonedWork:
    """Which workers have abandoned which work, by the key of the work."""

    def __init__(self) -> None:
        self._times: dict[int, int] = {}
        self._declined: dict[int, set[str]] = {}

    def add(self, key: int, worker_id: str) -> float:
        """A worker has abandoned this; returns how many seconds to pause before the next delivery, longer each time."""
        times = self._times.get(key, 0)
        self._times[key] = times + 1
        self._declined.setdefault(key, set()).add(worker_id)
        return REST.delay_s(times)

    def forget(self, key: int) -> None:
        """The work is done or gone."""
        self._times.pop(key, None)
        self._declined.pop(key, None)

    def choose_worker(self, kind: Kind, ready: ReadyWork, first: Worker, workers: list[Worker]) -> Worker:
        """A worker that has not abandoned this work, if there is one.

        An old release hands back the cases of a newer one, however free it is.
        """
        declined = self._declined.get(ready.key)
        if not declined or first.id not in declined:
            return first
        for worker in workers:
            if worker.free(kind) <= 0 or worker.stream is None or worker.id in declined:
                continue
            if accepts(worker.stream.filters[kind], ready.name, ready.version):
                return worker
        # All have declined, and may have changed their minds.
        declined.clear()
        return first
