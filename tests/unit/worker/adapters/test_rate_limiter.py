"""Calls to a deployment begin at its rate: first come, first served, and nobody waits who cannot have a turn."""

import asyncio
import logging
from typing import Any

import pytest

from tests.unit.worker.support.skipping_loop import SkippingLoop
from worker.adapters.rate_limiter import RateLimiter
from worker.ports.model import ModelUnavailable

pytestmark = pytest.mark.anyio

PER_MINUTE = 30
FAST = 600


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": SkippingLoop}


def now() -> float:
    return asyncio.get_running_loop().time()


def a_limiter(name: str = "gpt-5", per_minute: int | None = PER_MINUTE, window_s: float = 60.0) -> RateLimiter:
    return RateLimiter(name, per_minute, window_s, now)


async def begin(limiter: RateLimiter, name: int, begun: list[int], timeout_s: float = 40.0) -> None:
    await limiter.acquire(timeout_s)
    begun.append(name)


async def test_all_begin_in_order_at_the_rate() -> None:
    limiter, begun = a_limiter(per_minute=FAST), list[int]()
    started = now()
    async with asyncio.TaskGroup() as group:
        for name in range(25):
            group.create_task(begin(limiter, name, begun))
    took_s = now() - started
    assert begun == [*range(25)]
    assert took_s == pytest.approx(24 * 61 / FAST)


async def test_one_that_would_wait_too_long_fails_at_once() -> None:
    limiter = a_limiter()
    await limiter.acquire(40.0)
    started = now()
    with pytest.raises(ModelUnavailable, match="this one would wait 2 seconds") as busy:
        await limiter.acquire(3.0)
    assert now() == started
    assert (busy.value.asked, busy.value.endpoint_is_well) == (False, True)
    assert busy.value.retry_after_s == pytest.approx(61 / 30, abs=0.001)


async def test_those_who_wait_are_counted_in_the_wait() -> None:
    limiter = a_limiter()
    await limiter.acquire(40.0)
    waiting = [asyncio.create_task(limiter.acquire(400.0)) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(ModelUnavailable) as busy:
        await limiter.acquire(20.0)
    assert busy.value.retry_after_s == pytest.approx(6 * 61 / 30, abs=0.001)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_who_is_cancelled_gives_way() -> None:
    limiter, begun = a_limiter(per_minute=60), list[int]()
    await limiter.acquire(40.0)
    tasks = [asyncio.create_task(begin(limiter, name, begun)) for name in range(4)]
    await asyncio.sleep(0)
    started = now()
    # The first of those who wait, and one in the middle.
    for cancelled in (0, 2):
        tasks[cancelled].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert begun == [1, 3]
    assert now() - started == pytest.approx(2 * 61 / 60)


async def test_deployments_do_not_share() -> None:
    one, other = a_limiter("gpt-5 at a"), a_limiter("gpt-5 at b")
    assert (await one.acquire(40.0), await other.acquire(40.0)) == (0.0, 0.0)
    with pytest.raises(ModelUnavailable):
        await one.acquire(1.0)


@pytest.mark.parametrize(
    ("set_to", "window_s", "said", "waits_s"),
    [
        (None, 60.0, {"x-ratelimit-limit-requests": "30"}, 61 / 30),
        (120, 60.0, {"x-ratelimit-limit-requests": "30"}, 61 / 30),
        (30, 60.0, {"x-ratelimit-limit-requests": "120"}, 61 / 30),
        (None, 10.0, {"x-ratelimit-limit-requests": "5"}, 61 / 30),
        (None, 60.0, {"x-ratelimit-limit-requests": "-1", "x-ratelimit-reset-requests": "0"}, 0.0),
        (None, 60.0, {"x-ratelimit-limit-requests": "many"}, 0.0),
        (None, 60.0, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "5s"}, 5.0),
        (None, 60.0, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 60.0),
        (None, 60.0, {"x-ratelimit-remaining-requests": "0"}, 0.0),
    ],
)
async def test_headers_lower_the_rate(
    set_to: int | None, window_s: float, said: dict[str, str], waits_s: float
) -> None:
    limiter = a_limiter(per_minute=set_to, window_s=window_s)
    limiter.told(said)
    if "x-ratelimit-limit-requests" in said:
        await limiter.acquire(40.0)
    if not waits_s:
        assert await limiter.acquire(1.0) == 0.0
        return
    with pytest.raises(ModelUnavailable) as busy:
        await limiter.acquire(1.0)
    assert busy.value.retry_after_s == pytest.approx(waits_s, abs=0.001)


async def test_slower_rate_counts_for_those_who_wait() -> None:
    limiter = a_limiter(per_minute=60)
    await limiter.acquire(40.0)
    waiting = asyncio.create_task(limiter.acquire(3.0))
    await asyncio.sleep(0)
    limiter.told({"x-ratelimit-limit-requests": "10"})
    with pytest.raises(ModelUnavailable):
        await waiting
    assert await limiter.acquire(40.0) > 3.0


async def test_log_says_when_calls_wait_and_how_long(caplog: pytest.LogCaptureFixture) -> None:
    limiter = a_limiter("gpt-5 at a", 60)
    with caplog.at_level(logging.INFO, "worker.adapters.rate_limiter"):
        await asyncio.gather(*(limiter.acquire(40.0) for _ in range(3)))
        await asyncio.sleep(1.1)
        await limiter.acquire(40.0)
    assert caplog.messages == [
        "Calls wait for gpt-5 at a, which takes 60 requests per minute.",
        "2 calls waited for gpt-5 at a, at most 2 s.",
    ]
