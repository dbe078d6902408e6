"""Writes to the casebook in batches what nobody waits for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from casebook.errors import CasebookUnavailable

log = logging.getLogger("casewright.batches")

RETRY_S = 5.0
"""Until a casebook that did not answer is asked again: nothing tells when it will."""


async def write_in_batches(
    arrived: asyncio.Event, write: Callable[[], Awaitable[None]], pause_s: float, later: str
) -> None:
    """Call `write` some time after something has `arrived`, until cancelled.

    `pause_s`: how long to gather before writing. A casebook that takes nothing is tried again; `later` is the sentence
    that says what waits for it.
    """
    while True:
        await arrived.wait()
        arrived.clear()
        await asyncio.sleep(pause_s)
        try:
            await write()
        except CasebookUnavailable as error:
            log.warning("%s %s", error, later)
            arrived.set()
            await asyncio.sleep(RETRY_S)
