"""Finds out the result of an effect when the store did not answer: a durable loop with growing pauses."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from durabletask import task

from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.case import now

T = TypeVar("T")

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
DEFAULT_HOURS = 24.0
"""How long what knows no policy is looked up."""


def reconcile(
    ctx: task.OrchestrationContext,
    hours: float | None,
    look: Callable[[bool], Orchestration[T]],
    in_doubt: Callable[[T], bool],
) -> Orchestration[T]:
    """Look until what is found is no longer in doubt, for `hours` at most; what was found last.

    `look` gets whether it is the last time. The pause doubles from FIRST_WAIT to LONGEST_WAIT.
    """
    until = now(ctx) + timedelta(hours=hours or DEFAULT_HOURS)
    wait = FIRST_WAIT
    while True:
        last = now(ctx) >= until
        found = yield from look(last)
        if last or not in_doubt(found):
            return found
        yield ctx.create_timer(min(now(ctx) + wait, until))
        wait = min(wait * 2, LONGEST_WAIT)
