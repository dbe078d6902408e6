"""Waits for an event, for a limited time."""

import asyncio


async def wait_for(event: asyncio.Event, seconds: float | None) -> bool:
    """Whether `event` was set within `seconds`; None: however long it takes.

    Unlike `asyncio.wait_for` before Python 3.12, it ends when it is cancelled in the moment in which the event is set:
    https://github.com/python/cpython/issues/86296.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
