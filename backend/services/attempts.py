"""Independent attempts at the scheduler: a refused one does not delay the others."""

import logging
from collections.abc import Awaitable, Callable

from backend.services.errors import SchedulerUnavailable
from backend.services.retries import Retries
from backend.services.scheduler import InstanceUnknown, Scheduler
from casebook.errors import CasebookUnavailable

log = logging.getLogger("casewright.relay")


class Attempts:
    """Tries what is due, and puts off what a scheduler that otherwise answers refuses."""

    def __init__(self, scheduler: Scheduler, clock: Callable[[], float]) -> None:
        self._scheduler = scheduler
        self._retries = Retries(clock)

    async def make(self, item: str, act: Callable[[], Awaitable[object]]) -> bool:
        """Whether it worked; false also before it is due. Raises SchedulerUnavailable when nothing would have worked.

        One that raises anything else waits like one that is refused: it must not hold up all others.
        """
        if not self._retries.is_due(item):
            return False
        try:
            await act()
        except (SchedulerUnavailable, InstanceUnknown) as error:
            await self._scheduler.probe()
            if self._retries.postpone(item):
                why = error.reason if isinstance(error, SchedulerUnavailable) else error
                log.error(
                    "%s is refused by the scheduler and tried again now and then; the others go on. %s", item, why
                )
            return False
        except CasebookUnavailable:
            raise
        except Exception:
            if self._retries.postpone(item):
                log.exception("%s cannot be seen to, and is tried again now and then; the others go on.", item)
            return False
        self._retries.forget(item)
        return True
