"""Work that several ask for at once: done once, and left to the others by whoever leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from worker.adapters.single_flight import SingleFlight


@dataclass
class Work:
    """Ends when it is let, and counts how often it was begun and given up."""

    fault: Exception | None = None
    begun: int = 0
    cancelled: int = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)
    finish: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        self.started.set()
        try:
            await self.finish.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fault is not None:
            raise self.fault
        return number


async def under_way(work: Work, *asked: Coroutine[Any, Any, int]) -> list[asyncio.Task[int]]:
    """What was asked for, all of it waiting: the work can only start after those who were there before it."""
    asking = [asyncio.create_task(each) for each in asked]
    await work.started.wait()
    return asking


def run(scene: Callable[[SingleFlight[int], Work], Awaitable[None]], work: Work | None = None) -> Work:
    async def play() -> Work:
        played = work or Work()
        await scene(SingleFlight[int](), played)
        return played

    return asyncio.run(play())


def test_same_work_at_the_same_moment_is_done_once() -> None:
    async def scene(shared: SingleFlight[int], work: Work) -> None:
        asking = await under_way(work, *(shared.result("a", work) for _ in range(3)))
        work.finish.set()
        assert await asyncio.gather(*asking) == [1, 1, 1]
        assert await shared.result("a", work) == 2

    assert run(scene).begun == 2


def test_something_else_is_done_apart() -> None:
    async def scene(shared: SingleFlight[int], work: Work) -> None:
        work.finish.set()
        assert await asyncio.gather(shared.result("a", work), shared.result("b", work)) == [1, 2]

    assert run(scene).begun == 2


def test_whoever_leaves_leaves_the_work_to_the_others() -> None:
    async def scene(shared: SingleFlight[int], work: Work) -> None:
        first, second = await under_way(work, shared.result("a", work), shared.result("a", work))
        first.cancel()
        await asyncio.wait((first,))
        work.finish.set()
        assert await second == 1

    assert run(scene).cancelled == 0


def test_unawaited_work_is_given_up_and_repeated() -> None:
    async def scene(shared: SingleFlight[int], work: Work) -> None:
        asking = await under_way(work, shared.result("a", work), shared.result("a", work))
        for each in asking:
            each.cancel()
        await asyncio.wait(asking)
        work.finish.set()
        assert await shared.result("a", work) == 2

    assert run(scene).cancelled == 1


def test_a_fault_is_everybody_s_and_not_kept() -> None:
    async def scene(shared: SingleFlight[int], work: Work) -> None:
        asking = await under_way(work, shared.result("a", work), shared.result("a", work))
        work.finish.set()
        for each in asking:
            with pytest.raises(OSError, match="gone"):
                await each
        work.fault = None
        assert await shared.result("a", work) == 2

    run(scene, Work(OSError("gone")))
