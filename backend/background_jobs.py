"""Jobs that run in the background as long as the server does."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

log = logging.getLogger("casewright.backend")


@asynccontextmanager
async def jobs_running(
    *jobs: Callable[[], Coroutine[Any, Any, None]], on_failure: Callable[[], None]
) -> AsyncGenerator[None]:
    """Runs endless jobs while the context is open. A job that ends is a fault: it is logged, `on_failure` is called."""
    tasks = [asyncio.create_task(job(), name=job.__qualname__) for job in jobs]

    def report(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.critical("%s ended", task.get_name(), exc_info=task.exception())
            on_failure()

    for task in tasks:
        task.add_done_callback(report)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
