"""Graceful shutdown: running activities finish, the rest goes to the next worker."""

import logging
from threading import Thread
from typing import Protocol

log = logging.getLogger(__name__)


class Stoppable(Protocol):
    """The SDK's worker: `stop` takes no new work, and returns when all work that it holds is finished."""

    def stop(self) -> None: ...


def drain(worker: Stoppable, limit_s: float) -> bool:
    """Stop `worker`; True when everything that was running has finished within `limit_s` seconds.

    The SDK's `stop` waits without a limit. What is still running after False ends with the process: the scheduler
    notices that the worker is gone and delivers that work again; no part of it is done or paid for twice.
    """
    stopping = Thread(target=worker.stop, name="drain", daemon=True)
    stopping.start()
    stopping.join(limit_s)
    if stopping.is_alive():
        log.warning("Work is still running after %g seconds: leaving it to be handed out again.", limit_s)
        return False
    return True
