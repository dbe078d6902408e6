"""Deliveries: in order per subject, by one process at a time, and never lost with it."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, insert

from casebook.commands.deliveries import DeliveryResult, Failure
from casebook.commands.subscriptions import NewSecret
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.events_api import EventsApi
from casebook.queries import deliveries as queries
from casebook.queries.deliveries import DeliveryBatch
from casebook.queries.domain_events import newest_event
from casebook.schema.base import table_of
from casebook.schema.deliveries import DeadLetterRow
from casebook.subscriptions_api import SubscriptionsApi
from casebook.tasks_api import TasksApi
from contracts.domain_events import EventName
from contracts.subscriptions import NewSubscription, SubscriptionChange
from contracts.tasks import NewTask, TaskChange
from tests.unit.casebook.builders import NOON, SteppingClock, only_on

LEASE = timedelta(seconds=60)
SUBSCRIPTION = "sub-" + "1" * 32


@pytest.fixture
def own(engine: Engine, clock: SteppingClock) -> Transactions:
    return Transactions(engine, clock)


@pytest.fixture
def events(own: Transactions) -> EventsApi:
    return EventsApi(own)


@pytest.fixture
def api(own: Transactions) -> SubscriptionsApi:
    return SubscriptionsApi(own)


def subscribe(api: SubscriptionsApi, *names: EventName) -> None:
    new = NewSubscription(url="https://example.com", events=names or None)
    api.create_subscription(SUBSCRIPTION, new, NewSecret("sec-" + "1" * 32, "whsec_YQ=="), "ada")


def make(own: Transactions, *tasks: str) -> None:
    for task in tasks:
        TasksApi(own).create_task(NewTask(title="Call"), Origin(task, "ana"))


def change(own: Transactions, task: str, title: str) -> None:
    TasksApi(own).change_task(task, None, TaskChange(title=title))


def begun(events: EventsApi, owner: str = "one") -> DeliveryBatch:
    found = events.take_batch(SUBSCRIPTION, owner, LEASE)
    assert found is not None
    return found


def all_sent(batch: DeliveryBatch) -> DeliveryResult:
    return DeliveryResult([*batch.due, *batch.new], [], [], gone=False, outage_until=None)


def test_failed_delivery_holds_its_subject_only(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, clock: SteppingClock
) -> None:
    subscribe(api)
    make(own, "task-a", "task-b")
    first = begun(events)
    again_at = clock() + timedelta(seconds=30)
    failed = Failure(first.new[0], clock(), "It broke.", again_at)
    assert events.record_batch(
        first, DeliveryResult([first.new[1]], [failed], [], gone=False, outage_until=None), "one"
    )
    change(own, "task-a", "Later")
    change(own, "task-b", "Later")
    second = begun(events)
    assert (second.due, [each.number for each in second.new], second.waiting) == ((), [3, 4], {"task/task-a"})
    held = DeliveryResult([second.new[1]], [], [second.new[0]], gone=False, outage_until=None)
    assert events.record_batch(second, held, "one")
    assert events.subscriptions_with_work("one") == []

    clock.now = again_at
    third = begun(events)
    assert [(each.number, each.attempts) for each in third.due] == [(1, 1)]
    assert events.record_batch(third, all_sent(third), "one")
    fourth = begun(events)
    assert [(each.number, each.attempts) for each in fourth.due] == [(3, 0)]
    assert events.record_batch(fourth, all_sent(fourth), "one")
    assert api.subscription(SUBSCRIPTION).progress.waiting == 0


def test_given_up_delivery_lets_its_subject_go_on(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, clock: SteppingClock
) -> None:
    subscribe(api)
    make(own, "task-a")
    change(own, "task-a", "Later")
    first = begun(events)
    given_up = Failure(first.new[0], clock(), "It broke.", None)
    assert events.record_batch(
        first, DeliveryResult([], [given_up], [first.new[1]], gone=False, outage_until=None), "one"
    )
    assert [each.number for each in begun(events).due] == [2]
    progress = api.subscription(SUBSCRIPTION).progress
    assert (progress.dead_letters, progress.waiting, progress.last_fault) == (1, 1, "It broke.")


def test_resent_dead_letter_goes_before_what_waits(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, clock: SteppingClock
) -> None:
    subscribe(api)
    make(own, "task-a")
    change(own, "task-a", "Later")
    first = begun(events)
    given_up = Failure(first.new[0], clock(), "It broke.", None)
    later = Failure(first.new[1], clock(), "It broke.", clock() + timedelta(hours=1))
    assert events.record_batch(first, DeliveryResult([], [given_up, later], [], gone=False, outage_until=None), "one")
    api.resend(SUBSCRIPTION, [1], "ada")
    clock.now += timedelta(hours=2)
    assert [each.number for each in begun(events).due] == [1]


def test_one_process_delivers_until_its_lease_ends(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, clock: SteppingClock
) -> None:
    subscribe(api)
    make(own, "task-a")
    first = begun(events, "one")
    assert events.take_batch(SUBSCRIPTION, "two", LEASE) is None
    assert events.subscriptions_with_work("two") == []
    clock.now += LEASE
    assert events.subscriptions_with_work("two") == [SUBSCRIPTION]
    second = begun(events, "two")
    assert second == first
    assert not events.record_batch(first, all_sent(first), "one")
    assert events.record_batch(second, all_sent(second), "two")
    events.release_lease(SUBSCRIPTION, "two")
    make(own, "task-b")
    assert [each.number for each in begun(events, "one").new] == [2]


def test_only_named_events_are_sent(api: SubscriptionsApi, events: EventsApi, own: Transactions) -> None:
    subscribe(api, "TaskChanged")
    make(own, "task-a", "task-b")
    change(own, "task-a", "Later")
    batch = begun(events)
    assert ([each.event.type for each in batch.new], batch.reached) == (["casewright.TaskChanged"], 3)
    assert events.record_batch(batch, all_sent(batch), "one")
    make(own, "task-c")
    assert events.subscriptions_with_work("two") == []
    assert events.take_batch(SUBSCRIPTION, "one", LEASE) is None
    assert api.subscription(SUBSCRIPTION).progress.handled == 4
    change(own, "task-a", "Later still")
    assert [each.number for each in begun(events, "two").new] == [5]


def test_what_waits_is_sent_only_if_still_chosen(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, clock: SteppingClock
) -> None:
    subscribe(api)
    make(own, "task-a", "task-b")
    change(own, "task-a", "Later")
    first = begun(events)
    again_at = clock() + timedelta(seconds=30)
    failed = [Failure(each, clock(), "It broke.", again_at) for each in first.new[:2]]
    held = DeliveryResult([], failed, [first.new[2]], gone=False, outage_until=None)
    assert events.record_batch(first, held, "one")
    clock.now = again_at
    under_way = begun(events)
    assert [each.number for each in under_way.due] == [1, 2]
    changed = api.change_subscription(SUBSCRIPTION, None, SubscriptionChange(events=("TaskChanged",)), "ada")
    assert changed.progress.waiting == 1
    failed = [Failure(each, clock(), "It broke.", None) for each in under_way.due]
    assert not events.record_batch(under_way, DeliveryResult([], failed, [], gone=False, outage_until=None), "one")
    assert [each.number for each in begun(events, "two").due] == [3]
    assert api.subscription(SUBSCRIPTION).progress.dead_letters == 0


@only_on("postgresql")
def test_any_number_of_dead_letters_is_resent(api: SubscriptionsApi, own: Transactions, clock: SteppingClock) -> None:
    subscribe(api)
    count = 65_536
    dead = insert(table_of(DeadLetterRow)).values(
        subscription_id=SUBSCRIPTION, attempts=1, first_tried_at=NOON, given_up_at=NOON, fault="It broke."
    )
    with own.write_apart() as connection:
        connection.execute(dead, [{"number": number, "subject": f"task/{number}"} for number in range(1, count + 1)])
    progress = api.resend(SUBSCRIPTION, None, "ada").progress
    assert (progress.waiting, progress.dead_letters, progress.retry_at) == (count, 0, clock.now)


@only_on("postgresql")
def test_event_published_meanwhile_belongs_to_the_next_batch(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_is_published(connection: Connection) -> int:
        newest = newest_event(connection)
        make(own, "task-meanwhile")
        return newest

    subscribe(api)
    make(own, "task-a")
    with monkeypatch.context() as patch:
        patch.setattr(queries, "newest_event", another_is_published)
        batch = begun(events)
    assert ([each.number for each in batch.new], batch.reached) == ([1], 1)
    assert events.record_batch(batch, all_sent(batch), "one")
    assert [each.number for each in begun(events).new] == [2]


def test_receiver_that_is_away_is_tried_by_one_event(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, clock: SteppingClock
) -> None:
    subscribe(api)
    make(own, "task-a", "task-b", "task-c")
    first = begun(events)
    until = clock() + timedelta(seconds=60)
    failed = [Failure(each, clock(), "Away.", clock() + timedelta(seconds=1)) for each in first.new]
    assert events.record_batch(first, DeliveryResult([], failed, [], gone=False, outage_until=until), "one")
    assert events.subscriptions_with_work("one") == []
    assert events.take_batch(SUBSCRIPTION, "one", LEASE) is None
    clock.now = until
    make(own, "task-d")
    probe = begun(events)
    assert ([each.number for each in probe.due], probe.new, probe.outages) == ([1], (), 1)
    assert events.record_batch(probe, all_sent(probe), "one")
    back = begun(events)
    assert ([each.number for each in back.due], [each.number for each in back.new]) == ([2, 3], [4])


def test_receiver_that_is_gone_pauses_its_subscription(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, clock: SteppingClock
) -> None:
    subscribe(api)
    make(own, "task-a")
    batch = begun(events)
    failed = [Failure(batch.new[0], clock(), "Gone.", clock())]
    assert events.record_batch(batch, DeliveryResult([], failed, [], gone=True, outage_until=None), "one")
    found = api.subscription(SUBSCRIPTION)
    assert (found.state, found.paused_because, found.progress.waiting) == ("paused", "gone", 1)
    assert events.subscriptions_with_work("one") == []


def test_new_events_wait_while_too_many_deliveries_do(
    api: SubscriptionsApi,
    events: EventsApi,
    own: Transactions,
    clock: SteppingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queries, "MAX_WAITING", 2)
    monkeypatch.setattr(queries, "NEW_AT_ONCE", 2)
    subscribe(api)
    make(own, "task-a", "task-b", "task-c")
    batch = begun(events)
    failed = [Failure(each, clock(), "It broke.", clock() + timedelta(hours=1)) for each in batch.new]
    assert events.record_batch(batch, DeliveryResult([], failed, [], gone=False, outage_until=None), "one")
    assert events.subscriptions_with_work("one") == []
    clock.now += timedelta(hours=1)
    batch = begun(events)
    assert ([each.number for each in batch.due], batch.new) == ([1, 2], ())
    assert events.record_batch(batch, all_sent(batch), "one")
    assert [each.number for each in begun(events).new] == [3]


def test_lease_of_a_sink_is_taken_kept_and_lost(events: EventsApi, clock: SteppingClock) -> None:
    assert events.take_lease("event-log", "one", LEASE)
    assert not events.take_lease("event-log", "two", LEASE)
    assert events.advance_leased("event-log", "one", 5)
    clock.now += LEASE
    assert events.take_lease("event-log", "two", LEASE)
    assert not events.advance_leased("event-log", "one", 9)
    assert events.cursor("event-log") == 5
    events.release_lease("event-log", "two")
    assert events.take_lease("event-log", "one", LEASE)
