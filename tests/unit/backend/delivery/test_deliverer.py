"""Deliveries to real receivers that fail in every way: every event arrives, in order per subject."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from backend.delivery import deliverer as deliverer_module
from backend.delivery.addresses import parse_networks
from backend.delivery.deliverer import LEASE, WebhookDeliverer
from backend.delivery.retries import GIVE_UP_AFTER
from backend.delivery.webhooks import Answer, WebhookSender, new_secret
from backend.executor import BlockingExecutor
from casebook.async_api import AsyncEvents
from casebook.commands import deliveries as deliveries_of_the_casebook
from casebook.commands.subscriptions import NewSecret
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.events_api import EventsApi
from casebook.subscriptions_api import SubscriptionsApi
from casebook.tasks_api import TasksApi
from contracts.domain_events import CloudEvent
from contracts.subscriptions import NewSubscription, Progress, Subscription, SubscriptionChange
from contracts.tasks import NewTask, TaskChange
from runtime.backoff import Backoff
from tests.support.webhook_receiver import DROP, HANG, OK, Received, Reply, WebhookReceiver
from tests.unit.backend.delivery.events import FrozenClock

pytestmark = pytest.mark.anyio

SUBSCRIPTION = "sub-" + "1" * 32
SECRET = new_secret()
TIMEOUT_S = 60.0
SHORT_S = 0.3
"""Where a receiver hangs."""


class Deliveries:
    """A subscription of a receiver, and what is published and delivered."""

    def __init__(self, engine: Engine, receiver: WebhookReceiver) -> None:
        self.clock = FrozenClock()
        self.own = Transactions(engine, self.clock)
        self.api = SubscriptionsApi(self.own)
        self.changes = 0
        new = NewSubscription(url=receiver.url())
        self.api.create_subscription(SUBSCRIPTION, new, NewSecret("sec-" + "1" * 32, SECRET), "ada")

    def deliverer(
        self, owner: str = "one", sender: WebhookSender | None = None, timeout_s: float = TIMEOUT_S
    ) -> WebhookDeliverer:
        """A process that delivers."""
        sender = sender or WebhookSender(parse_networks("127.0.0.0/8"), timeout_s=timeout_s)
        return WebhookDeliverer(AsyncEvents(EventsApi(self.own), BlockingExecutor()), sender, owner, self.clock)

    def publish(self, subjects: int, changes: int) -> None:
        """Make tasks, and change them one after the other."""
        tasks = TasksApi(self.own)
        for number in range(subjects):
            tasks.create_task(NewTask(title="Call"), Origin(f"task-{number}", "ana"))
        for change in range(changes):
            for number in range(subjects):
                tasks.change_task(f"task-{number}", None, TaskChange(title=f"Call {change}"))

    def change(self, task: str) -> None:
        """Publish one more event about a task."""
        self.changes += 1
        TasksApi(self.own).change_task(task, None, TaskChange(title=f"Another {self.changes}"))

    @property
    def subscription(self) -> Subscription:
        return self.api.subscription(SUBSCRIPTION)

    @property
    def progress(self) -> Progress:
        return self.subscription.progress

    async def look(self, deliverer: WebhookDeliverer) -> None:
        """Serve what is to be served now."""
        await deliverer.look()
        await deliverer.settle()

    async def finish(self, deliverer: WebhookDeliverer, step: timedelta = timedelta(minutes=5)) -> None:
        """Move the clock until nothing waits any more."""
        for _ in range(2_000):
            await self.look(deliverer)
            progress = self.progress
            if progress.waiting == 0 and progress.handled == progress.newest:
                return
            self.clock.now += step
        raise AssertionError(f"still waiting: {self.subscription}")


@pytest.fixture
def receiver() -> Generator[WebhookReceiver]:
    with WebhookReceiver() as opened:
        yield opened


@pytest.fixture
def deliveries(engine: Engine, receiver: WebhookReceiver) -> Deliveries:
    return Deliveries(engine, receiver)


def taken(requests: list[Received], is_taken: Callable[[int], bool]) -> list[dict[str, Any]]:
    """The events that the receiver took, each the first time, all of them with a valid signature."""
    found: dict[str, dict[str, Any]] = {}
    for number, request in enumerate(requests):
        event = request.verified(SECRET)
        if is_taken(number):
            assert event["id"] == request.headers["webhook-id"]
            found.setdefault(event["id"], event)
    return [*found.values()]


def check_order(events: list[dict[str, Any]]) -> None:
    last: dict[str, str] = {}
    for event in events:
        assert event["sequence"] > last.get(event["subject"], ""), event
        last[event["subject"]] = event["sequence"]


async def test_all_events_arrive_once_in_order_with_signatures(
    deliveries: Deliveries, receiver: WebhookReceiver
) -> None:
    deliveries.publish(subjects=5, changes=3)
    await deliveries.look(deliveries.deliverer())
    events = taken(receiver.requests, lambda _: True)
    assert len(events) == len(receiver.requests) == 20
    check_order(events)
    assert (deliveries.progress.handled, deliveries.progress.waiting) == (20, 0)


@pytest.mark.parametrize(
    "bad",
    [
        Reply(500),
        Reply(503, {"Retry-After": "120"}),
        Reply(429),
        Reply(422),
        HANG,
        DROP,
        Reply(302, {"location": "http://127.0.0.1:1/"}),
        Reply(manner="garbage"),
    ],
    ids=["500", "503", "429", "422", "hangs", "drops", "redirects", "garbage"],
)
async def test_receiver_that_fails_every_third_time_gets_everything(
    deliveries: Deliveries, receiver: WebhookReceiver, bad: Reply
) -> None:
    replies: list[Reply] = []

    def every_third(_: Received) -> Reply:
        replies.append(bad if len(replies) % 3 == 1 else OK)
        return replies[-1]

    receiver.behaviour = every_third
    deliveries.publish(subjects=4, changes=2)
    await deliveries.finish(deliveries.deliverer(timeout_s=SHORT_S if bad is HANG else TIMEOUT_S))
    events = taken(receiver.requests, lambda number: replies[number] is OK)
    assert len(events) == 12
    check_order(events)
    assert deliveries.progress.dead_letters == 0


async def test_answer_that_comes_twice_does_no_harm(deliveries: Deliveries, receiver: WebhookReceiver) -> None:
    receiver.behaviour = lambda _: Reply(manner="twice")
    deliveries.publish(subjects=2, changes=3)
    await deliveries.look(deliveries.deliverer())
    events = taken(receiver.requests, lambda _: True)
    assert len(events) == len(receiver.requests) == 8
    check_order(events)


async def test_receiver_that_is_down_for_an_hour_gets_everything(
    deliveries: Deliveries, receiver: WebhookReceiver
) -> None:
    deliverer = deliveries.deliverer()
    receiver.stop()
    down_until = deliveries.clock.now + timedelta(hours=1)
    deliveries.publish(subjects=3, changes=1)
    attempts = 0
    while deliveries.clock.now < down_until:
        await deliveries.look(deliverer)
        attempts += deliveries.progress.last_fault is not None
        deliveries.clock.now += timedelta(minutes=1)
        if deliveries.clock.now < down_until - timedelta(minutes=30):
            TasksApi(deliveries.own).create_task(NewTask(title="Call"), Origin(f"task-late{attempts}", "ana"))
    assert attempts > 10
    assert deliveries.progress.last_fault == "Nothing answers at the address of the receiver."
    receiver.start()
    await deliveries.finish(deliverer)
    events = taken(receiver.requests, lambda _: True)
    assert len(events) == len(receiver.requests) == deliveries.progress.newest > 30
    check_order(events)


async def test_receiver_that_is_back_gets_its_event_soon(deliveries: Deliveries, receiver: WebhookReceiver) -> None:
    deliverer = deliveries.deliverer()
    receiver.stop()
    deliveries.publish(subjects=1, changes=0)
    up_at = deliveries.clock.now + timedelta(days=1)
    while deliveries.clock.now < up_at:
        await deliveries.look(deliverer)
        deliveries.clock.now += timedelta(minutes=5)
    receiver.start()
    await deliveries.finish(deliverer)
    assert deliveries.clock.now - up_at <= timedelta(minutes=15)
    assert len(receiver.requests) == 1


async def test_failing_event_holds_up_no_other_subject(deliveries: Deliveries, receiver: WebhookReceiver) -> None:
    receiver.behaviour = lambda request: Reply(500) if request.event["subject"] == "task/task-0" else OK
    deliveries.publish(subjects=3, changes=1)
    await deliveries.look(deliveries.deliverer())
    arrived = [each.event["subject"] for each in receiver.requests]
    assert arrived.count("task/task-0") == 1
    assert arrived.count("task/task-1") == arrived.count("task/task-2") == 2
    assert (deliveries.progress.waiting, deliveries.progress.handled) == (2, 6)


async def test_event_is_given_up_after_three_days_and_replayed(
    deliveries: Deliveries, receiver: WebhookReceiver
) -> None:
    receiver.behaviour = lambda request: Reply(500) if request.event["type"].endswith("TaskCreated") else OK
    deliveries.publish(subjects=1, changes=1)
    begun = deliveries.clock.now
    deliverer = deliveries.deliverer()
    await deliveries.finish(deliverer, timedelta(minutes=30))
    assert GIVE_UP_AFTER <= deliveries.clock.now - begun < GIVE_UP_AFTER + timedelta(hours=1)
    (letter,) = deliveries.api.dead_letters(SUBSCRIPTION).items
    assert (letter.event_id, letter.fault) == (
        "1-TaskCreated",
        "The receiver answered 500 (Internal Server Error).",
    )
    assert 15 < letter.attempts == len(receiver.requests) - 1 < 40
    receiver.behaviour = lambda _: OK
    deliveries.api.replay(SUBSCRIPTION, 1, "ada")
    await deliveries.look(deliverer)
    assert [each["id"] for each in receiver.events[-2:]] == ["1-TaskCreated", "2-TaskChanged"]


async def test_receiver_that_is_gone_is_left_alone(deliveries: Deliveries, receiver: WebhookReceiver) -> None:
    receiver.behaviour = lambda _: Reply(410)
    deliveries.publish(subjects=1, changes=2)
    deliverer = deliveries.deliverer()
    await deliveries.look(deliverer)
    deliveries.clock.now += timedelta(days=1)
    await deliveries.look(deliverer)
    assert len(receiver.requests) == 1
    assert (deliveries.subscription.state, deliveries.subscription.paused_because) == ("paused", "gone")
    receiver.behaviour = lambda _: OK
    deliveries.api.change_subscription(SUBSCRIPTION, None, SubscriptionChange(state="active"), "ada")
    await deliveries.finish(deliverer)
    assert [each["id"] for each in receiver.events[1:]] == ["1-TaskCreated", "2-TaskChanged", "3-TaskChanged"]


async def test_receiver_is_not_asked_before_it_wants_to(deliveries: Deliveries, receiver: WebhookReceiver) -> None:
    receiver.behaviour = lambda _: Reply(429, {"Retry-After": "7200"})
    deliveries.publish(subjects=1, changes=0)
    deliverer = deliveries.deliverer()
    await deliveries.look(deliverer)
    deliveries.clock.now += timedelta(hours=1, minutes=55)
    await deliveries.look(deliverer)
    assert len(receiver.requests) == 1
    deliveries.clock.now += timedelta(minutes=10)
    await deliveries.look(deliverer)
    assert len(receiver.requests) == 2


async def test_process_that_dies_between_sending_and_record_sends_again(
    deliveries: Deliveries, receiver: WebhookReceiver
) -> None:
    deliveries.publish(subjects=2, changes=2)
    hold = asyncio.Event()
    first = deliveries.deliverer("one")
    loop = asyncio.get_running_loop()

    def cancel_at_last(_: Received) -> Reply:
        if len(receiver.requests) == 4:
            loop.call_soon_threadsafe(hold.set)
        return OK

    receiver.behaviour = cancel_at_last
    await first.look()
    await hold.wait()
    for task in asyncio.all_tasks():
        if task.get_name() == SUBSCRIPTION:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert deliveries.progress.handled == 0
    second = deliveries.deliverer("two")
    await deliveries.look(second)
    assert deliveries.progress.handled == 0
    deliveries.clock.now += LEASE
    await deliveries.look(second)
    assert deliveries.progress.handled == 6
    check_order(taken(receiver.requests, lambda _: True))


async def test_two_processes_share_subscriptions_and_keep_the_order(
    deliveries: Deliveries, receiver: WebhookReceiver
) -> None:
    one, two = deliveries.deliverer("one"), deliveries.deliverer("two")
    deliveries.publish(subjects=3, changes=0)
    for _ in range(10):
        deliveries.change("task-1")
        await asyncio.gather(one.look(), two.look())
        await asyncio.gather(one.settle(), two.settle())
    await deliveries.finish(one)
    events = taken(receiver.requests, lambda _: True)
    assert len(events) == len(receiver.requests) == deliveries.progress.newest
    check_order(events)


class Clumsy(WebhookSender):
    """Fails over one event in a way that nobody foresaw."""

    async def send(self, url: str, secrets: Sequence[str], event: CloudEvent) -> Answer:
        if event.id == "1-TaskCreated":
            raise RuntimeError("nobody foresaw this")
        return await super().send(url, secrets, event)


async def test_event_that_cannot_be_sent_holds_up_its_subject(
    deliveries: Deliveries, receiver: WebhookReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    deliveries.publish(subjects=2, changes=1)
    sender = Clumsy(parse_networks("127.0.0.0/8"), timeout_s=TIMEOUT_S)
    deliverer = deliveries.deliverer(sender=sender)
    for _ in range(3):
        await deliveries.look(deliverer)
    assert [each["id"] for each in receiver.events] == ["2-TaskCreated", "4-TaskChanged"]
    assert (deliveries.progress.handled, deliveries.progress.waiting) == (4, 2)
    assert len([each for each in caplog.records if each.exc_info]) == 1


async def test_subscription_that_cannot_be_served_rests(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    deliveries.publish(subjects=1, changes=0)
    deliverer = deliveries.deliverer()
    monkeypatch.setattr(deliverer_module, "REST", Backoff(first_s=3_600.0))
    with monkeypatch.context() as patch:
        patch.setattr(deliveries_of_the_casebook, "put_in_order", fail)
        for _ in range(5):
            await deliverer.look()
            with suppress(RuntimeError):
                await deliverer.settle()
    faults = [each.getMessage() for each in caplog.records if each.exc_info]
    assert faults == [f"Delivering to {SUBSCRIPTION} failed, and is tried again soon."]
    await deliveries.look(deliveries.deliverer("two"))
    assert deliveries.progress.handled == 1


async def test_stopped_process_hands_over_at_once(deliveries: Deliveries, receiver: WebhookReceiver) -> None:
    receiver.behaviour = lambda _: HANG
    deliveries.publish(subjects=1, changes=0)
    first = deliveries.deliverer("one")
    await first.look()
    assert await asyncio.to_thread(receiver.wait_for, 1)
    await first.stop()
    receiver.behaviour = lambda _: OK
    await deliveries.look(deliveries.deliverer("two"))
    assert deliveries.progress.handled == 1
