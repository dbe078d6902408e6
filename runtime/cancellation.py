"""Ends tasks of libraries that may lose a cancellation."""

import asyncio
from typing import Any

AGAIN_AFTER_S = 3.0


async def end(task: asyncio.Task[Any], again_after_s: float = AGAIN_AFTER_S) -> None:
    """Cancel a task until it has ended; what it raised is left in it.

    Before Python 3.12, `asyncio.wait_for` loses a cancellation that comes when what it waits for is done, and goes on:
    https://github.com/python/cpython/issues/86296. A task that calls it in a loop, as the clients of Azure do, then
    never ends.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=again_after_s)


def raise_lost_cancellation() -> None:
    """Raise CancelledError when the current task was cancelled, and a library lost that.

    For loops around such a library. Under load nearly every cancellation can be lost: data and the order to stop then
    arrive in the same round of the event loop.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
