"""Waits for the services that the worker needs, and logs what it waits for."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from runtime.backoff import Backoff, Pauses

log = logging.getLogger(__name__)

BACKOFF = Backoff(first_s=0.25, longest_s=5.0)
REMIND_EVERY_S = 30.0


class StopRequested(Exception):
    """The worker was stopped before it had begun."""


class CannotStart(Exception):
    """Waiting will not help; the message is one sentence that says how to mend it."""


@dataclass(frozen=True)
class Dependency:
    """Something that must be up before work is taken."""

    name: str
    where: str
    probe: Callable[[], object]
    """Returns once it is up; raises CannotStart if waiting is no use, anything else if it is not up yet."""


def wait_for(dependency: Dependency, stop: Event, backoff: Backoff = BACKOFF) -> None:
    """Return once the dependency is up. Raises StopRequested, or CannotStart from the probe.

    Says once that it waits, again for every other reason and every REMIND_EVERY_S seconds, and once that the wait is
    over.
    """
    pauses, waited_s, said_at_s, said = Pauses(backoff), 0.0, None, None
    while not stop.is_set():
        try:
            dependency.probe()
        except CannotStart:
            raise
        except Exception as error:
            why = str(error).split("\n", maxsplit=1)[0] or type(error).__name__
            if said_at_s is None or why != said or waited_s - said_at_s >= REMIND_EVERY_S:
                said_at_s, said = waited_s, why
                log.warning("Waiting for the %s at %s: %s", dependency.name, dependency.where, why)
        else:
            if said_at_s is not None:
                log.info("The %s at %s is up.", dependency.name, dependency.where)
            return
        pause_s = pauses.next_s()
        stop.wait(pause_s)
        waited_s += pause_s
    raise StopRequested
