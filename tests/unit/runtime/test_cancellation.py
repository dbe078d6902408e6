"""A task ends also when it loses a cancellation."""

import asyncio
from contextlib import suppress

import pytest

from runtime.cancellation import end, raise_lost_cancellation

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_task_that_loses_cancellations_is_ended() -> None:
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost == 3:
                    raise

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await end(task, again_after_s=0.01)
    assert task.cancelled()
    assert lost == 3


async def test_what_a_task_raised_stays_in_it() -> None:
    async def fail() -> None:
        raise ValueError("a fault")

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await end(task)
    assert isinstance(task.exception(), ValueError)


async def test_loop_notices_a_cancellation_that_was_lost() -> None:
    rounds = 0

    async def loop() -> None:
        nonlocal rounds
        while rounds < 5:
            rounds += 1
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            raise_lost_cancellation()

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled(), rounds) == (True, 1)


async def test_timeout_that_passed_is_no_cancellation() -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.sleep(60)
    raise_lost_cancellation()
