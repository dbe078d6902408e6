import asyncio
import json

import pytest

from backend.live.broadcast import Broadcast
from backend.live.messages import SAMPLE_SIZE
from backend.live.telemetry_sampler import TelemetrySampler
from contracts.telemetry import DataUsageAttributes, DataUsageEvent, LoginAttributes, LoginEvent
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio


def login(number: int) -> LoginEvent:
    return LoginEvent(event_id=f"l{number}", customer_id=1, occurred_at=NOON, attributes=LoginAttributes())


async def test_flood_becomes_one_batch_with_exact_totals() -> None:
    broadcast = Broadcast()
    sampler = TelemetrySampler(broadcast, lambda: NOON, interval_s=60)
    for number in range(1_000):
        sampler.take(login(number))
    sampler.take(DataUsageEvent(event_id="d", customer_id=1, occurred_at=NOON, attributes=DataUsageAttributes(gb=1)))
    change = broadcast.next_change()
    running = asyncio.create_task(sampler.run())
    await asyncio.wait_for(change.wait(), 60)
    running.cancel()

    assert sampler.number == 1
    assert sampler.latest_json is not None
    batch = json.loads(sampler.latest_json)
    assert (batch["total"], batch["received"]) == (1_001, 1_001)
    assert batch["total_by_kind"] == {"login": 1_000, "data_usage": 1}
    assert len(batch["sample"]) == SAMPLE_SIZE
    assert batch["sample"][-1]["event_id"] == "d"


async def test_batches_come_no_faster_than_the_interval() -> None:
    broadcast = Broadcast()
    sampler = TelemetrySampler(broadcast, lambda: NOON, interval_s=0.05)
    running = asyncio.create_task(sampler.run())
    loop = asyncio.get_running_loop()
    began = loop.time()
    while sampler.number < 4:
        sampler.take(login(1))
        await asyncio.sleep(0)
    running.cancel()
    assert loop.time() - began >= 3 * 0.05


async def test_nothing_is_published_while_nothing_comes_in() -> None:
    broadcast = Broadcast()
    sampler = TelemetrySampler(broadcast, lambda: NOON, interval_s=0)
    running = asyncio.create_task(sampler.run())
    change = broadcast.next_change()
    sampler.take(login(1))
    await change.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    running.cancel()
    assert sampler.number == 1
