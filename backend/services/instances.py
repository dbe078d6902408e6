"""Instances of the scheduler: whether one has ended, and whether another orchestration has taken its id."""

import logging

from backend.services.errors import StartRefused
from backend.services.scheduler import InstanceState, Scheduler
from contracts.words import cut

log = logging.getLogger("casewright.relay")

MAX_REASON_CHARS = 500
_ENDS = {"FAILED": "failed", "TERMINATED": "was terminated", "COMPLETED": "ended"}


async def ensure_running(scheduler: Scheduler, item: str, orchestration: str, state: InstanceState) -> bool:
    """Whether an instance that is not over runs the orchestration that belongs to its id.

    A suspended one is resumed; one that somebody else started under this id is terminated, so that its place is free.
    """
    if state.name != orchestration:
        log.error("%s is taken by an instance of '%s' in the scheduler: it is ended.", item, state.name)
        await scheduler.terminate(item)
        return False
    if state.runtime_status == "SUSPENDED":
        log.error("%s was suspended in the scheduler, where nothing reaches it: it is resumed.", item)
        await scheduler.resume(item)
    return True


def ended(what: str, state: InstanceState) -> str:
    """Why an orchestration is over, as a sentence of a case's history."""
    return _sentence(f"The {what} {_ENDS[state.runtime_status]} in the scheduler", state.result)


def refused(what: str, refusal: StartRefused) -> str:
    """Why an orchestration cannot be started, as a sentence of a case's history."""
    return _sentence(f"The scheduler does not start the {what}", refusal.reason)


def _sentence(said: str, why: str | None) -> str:
    # What an exception says can be long, and hold what no database stores.
    reason = cut((why or "").replace("\0", ""), MAX_REASON_CHARS)
    return said + (f": {reason}" if reason else ".")
