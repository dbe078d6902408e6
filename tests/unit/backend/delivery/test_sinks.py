"""Sinks get all events in order, whatever fails and whoever delivers."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from backend.delivery import sinks
from backend.delivery.errors import SendingFailed
from backend.delivery.sinks import LEASE, SinkDelivery
from backend.executor import BlockingExecutor
from casebook.async_api import AsyncEvents
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.events_api import EventsApi
from casebook.tasks_api import TasksApi
from contracts.domain_events import CloudEvent
from contracts.tasks import NewTask
from tests.unit.backend.delivery.events import FrozenClock

pytestmark = pytest.mark.anyio


class Collecting:
    """Keeps what it is sent; fails as often as a test says, after the first half of a batch."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.failures = 0
        self.hangs = False
        self.most: int | None = None
        """Events that it takes in time."""

    async def send(self, events: Sequence[CloudEvent]) -> None:
        if self.failures:
            self.failures -= 1
            self.ids += [event.id for event in events[: len(events) // 2]]
            raise SendingFailed("It broke.")
        if self.hangs and len(events) > 1:
            raise TimeoutError
        if self.most is not None and len(events) > self.most:
            raise TimeoutError
        self.ids += [event.id for event in events]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def own(engine: Engine, clock: FrozenClock) -> Transactions:
    return Transactions(engine, clock)


def publish(own: Transactions, first: int, count: int) -> list[str]:
    for number in range(first, first + count):
        TasksApi(own).create_task(NewTask(title="Call"), Origin(f"task-{number}", "ana"))
    return [f"{number}-TaskCreated" for number in range(first, first + count)]


def delivery(own: Transactions, sink: Collecting, owner: str = "one") -> SinkDelivery:
    return SinkDelivery("test", sink, AsyncEvents(EventsApi(own), BlockingExecutor()), owner)


async def test_failed_batch_is_sent_again(own: Transactions) -> None:
    sink = Collecting()
    sink.failures = 1
    published = publish(own, 1, 4)
    sending = delivery(own, sink)
    with pytest.raises(SendingFailed):
        await sending.deliver()
    assert not await sending.deliver()
    assert sink.ids == [*published[:2], *published]
    assert not await sending.deliver()
    assert len(sink.ids) == 6


async def test_batch_that_takes_too_long_is_halved(own: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "BATCH", 8)
    sink = Collecting()
    sink.hangs = True
    published = publish(own, 1, 8)
    sending = delivery(own, sink)
    too_long = r"^test did not take the events within 30 seconds\.$"
    for _ in range(3):
        with pytest.raises(SendingFailed, match=too_long):
            await sending.deliver()
    assert await sending.deliver()
    assert sink.ids == published[:1]
    sink.hangs = False
    while await sending.deliver():
        pass
    assert sink.ids == published


async def test_slow_sink_fails_seldom(own: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "BATCH", 20)
    sink = Collecting()
    sink.most = 12
    published = publish(own, 1, 120)
    sending = delivery(own, sink)
    failures, more = 0, True
    while more:
        try:
            more = await sending.deliver()
        except SendingFailed:
            failures += 1
    assert sink.ids == published
    assert failures <= 6


async def test_second_process_waits_for_the_lease(own: Transactions, clock: FrozenClock) -> None:
    sink = Collecting()
    one, two = delivery(own, sink, "one"), delivery(own, sink, "two")
    first = publish(own, 1, 2)
    await one.deliver()
    second = publish(own, 3, 2)
    await two.deliver()
    assert sink.ids == first
    clock.now += LEASE
    await two.deliver()
    assert sink.ids == first + second
    third = publish(own, 5, 1)
    await one.deliver()
    assert sink.ids == first + second
    await two.release()
    clock.now += timedelta(seconds=1)
    await one.deliver()
    assert sink.ids == first + second + third


async def test_process_that_comes_too_late_sends_nothing(own: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = Collecting()
    other = delivery(own, sink, "other")
    events = AsyncEvents(EventsApi(own), BlockingExecutor())
    take_lease = events.take_lease

    async def take_it_after_the_other(consumer: str, owner: str, lease: timedelta) -> bool:
        await other.deliver()
        await other.release()
        return await take_lease(consumer, owner, lease)

    monkeypatch.setattr(events, "take_lease", take_it_after_the_other)
    published = publish(own, 1, 2)
    assert not await SinkDelivery("test", sink, events, "one").deliver()
    assert sink.ids == published
