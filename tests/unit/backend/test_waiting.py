import asyncio

import pytest

from backend.waiting import wait_for

pytestmark = pytest.mark.anyio


async def test_wait_says_whether_the_event_was_set() -> None:
    event = asyncio.Event()
    assert not await wait_for(event, 0)
    event.set()
    assert await wait_for(event, 60)


@pytest.mark.parametrize("turns", range(4))
async def test_cancelled_wait_ends_beside_its_event(turns: int) -> None:
    event = asyncio.Event()

    async def job() -> None:
        while True:
            await wait_for(event, 60)
            event.clear()

    running = asyncio.create_task(job())
    await asyncio.sleep(0)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=60)
    assert done
