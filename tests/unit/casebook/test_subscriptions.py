"""Subscriptions: who changes what others have changed is refused, and everything is in the desk log."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from casebook.commands.deliveries import DeliveryResult, Failure
from casebook.commands.subscriptions import NewSecret
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.errors import (
    CasebookError,
    DeadLetterNotFound,
    FieldNotNull,
    LastSecret,
    MalformedCursor,
    SecretNotFound,
    SequenceAhead,
    SubscriptionChanged,
    SubscriptionNotFound,
    TooManySecrets,
    TooManySubscriptions,
)
from casebook.events_api import EventsApi
from casebook.subscriptions_api import SubscriptionsApi
from casebook.tasks_api import TasksApi
from contracts.subscriptions import MAX_SECRETS, MAX_SUBSCRIPTIONS, NewSubscription, Subscription, SubscriptionChange
from contracts.tasks import NewTask
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, SteppingClock, only_on

LEASE = timedelta(seconds=60)
ADA = "ada"


@pytest.fixture
def own(engine: Engine, clock: SteppingClock) -> Transactions:
    return Transactions(engine, clock)


@pytest.fixture
def api(own: Transactions) -> SubscriptionsApi:
    return SubscriptionsApi(own)


@pytest.fixture
def events(own: Transactions) -> EventsApi:
    return EventsApi(own)


def subscribe(api: SubscriptionsApi, number: int = 1, **said: Any) -> Subscription:
    new = NewSubscription.model_validate({"url": f"https://example.com/token-{number}", **said})
    secret = NewSecret(f"sec-{number:032x}", "whsec_c2VjcmV0")
    return api.create_subscription(f"sub-{number:032x}", new, secret, ADA).subscription


def publish(own: Transactions, count: int) -> None:
    for number in range(count):
        TasksApi(own).create_task(NewTask(title="Call"), Origin(f"task-{number}", "ana"))


def give_up(events: EventsApi, subscription_id: str, numbers: set[int]) -> None:
    """Deliver a batch, in which these fail for the last time."""
    batch = events.take_batch(subscription_id, "one", LEASE)
    assert batch is not None
    failed = [Failure(each, NOON, "It broke.", None) for each in batch.new if each.number in numbers]
    delivered = [each for each in batch.new if each.number not in numbers]
    assert events.record_batch(batch, DeliveryResult(delivered, failed, [], gone=False, outage_until=None), "one")


def test_subscription_begins_with_the_next_event(api: SubscriptionsApi, events: EventsApi, own: Transactions) -> None:
    publish(own, 2)
    made = subscribe(api)
    assert (made.progress.handled, made.progress.newest, made.state) == (2, 2, "active")
    assert events.subscriptions_with_work("one") == []
    earlier = subscribe(api, 2, from_sequence=1)
    assert earlier.progress.handled == 0
    assert events.subscriptions_with_work("one") == [earlier.subscription_id]


def test_subscription_from_an_event_to_come_is_refused(api: SubscriptionsApi, own: Transactions) -> None:
    publish(own, 1)
    with pytest.raises(SequenceAhead, match=r"^Events from number 2 on are still to come here: give 2 or a smaller"):
        subscribe(api, from_sequence=3)
    assert api.list_subscriptions() == ()


def test_change_of_an_old_revision_is_refused(api: SubscriptionsApi) -> None:
    made = subscribe(api)
    change = SubscriptionChange(description="Alerts", events=("CaseOpened", "AlertRaised", "CaseOpened"))
    changed = api.change_subscription(made.subscription_id, 1, change, ADA)
    assert (changed.revision, changed.description, changed.events) == (2, "Alerts", ("AlertRaised", "CaseOpened"))
    with pytest.raises(SubscriptionChanged, match=r"has revision 2 now: read it again\.$"):
        api.change_subscription(made.subscription_id, 1, SubscriptionChange(state="paused"), ADA)
    with pytest.raises(SubscriptionChanged):
        api.delete_subscription(made.subscription_id, 1, ADA)
    assert api.change_subscription(made.subscription_id, None, change, ADA).revision == 2


def test_paused_subscription_gets_nothing_until_resumed(
    api: SubscriptionsApi, events: EventsApi, own: Transactions
) -> None:
    made = subscribe(api)
    paused = api.change_subscription(made.subscription_id, 1, SubscriptionChange(state="paused"), ADA)
    assert (paused.state, paused.paused_because) == ("paused", "person")
    publish(own, 1)
    assert events.subscriptions_with_work("one") == []
    assert events.take_batch(made.subscription_id, "one", LEASE) is None
    resumed = api.change_subscription(made.subscription_id, 2, SubscriptionChange(state="active"), ADA)
    assert resumed.paused_because is None
    assert events.subscriptions_with_work("one") == [made.subscription_id]


def test_field_that_is_always_there_cannot_be_removed(api: SubscriptionsApi) -> None:
    made = subscribe(api)
    with pytest.raises(FieldNotNull, match=r"^A subscription always has a url:"):
        api.change_subscription(made.subscription_id, 1, SubscriptionChange(url=None), ADA)


def test_secrets_rotate_and_the_last_one_stays(api: SubscriptionsApi, events: EventsApi, own: Transactions) -> None:
    made = subscribe(api)
    old = made.secrets[0].secret_id
    with pytest.raises(LastSecret):
        api.remove_secret(made.subscription_id, old, ADA)
    new = api.add_secret(made.subscription_id, NewSecret("sec-" + "a" * 32, "whsec_bmV3"), ADA)
    publish(own, 1)
    batch = events.take_batch(made.subscription_id, "one", LEASE)
    assert batch is not None
    assert batch.secrets == ("whsec_c2VjcmV0", "whsec_bmV3")
    api.remove_secret(made.subscription_id, old, ADA)
    with pytest.raises(SecretNotFound):
        api.remove_secret(made.subscription_id, old, ADA)
    assert [each.secret_id for each in api.subscription(made.subscription_id).secrets] == [new.secret_id]


def test_secrets_and_subscriptions_are_limited(api: SubscriptionsApi) -> None:
    made = [subscribe(api, number) for number in range(1, MAX_SUBSCRIPTIONS + 1)]
    with pytest.raises(TooManySubscriptions):
        subscribe(api, MAX_SUBSCRIPTIONS + 1)
    for number in range(1, MAX_SECRETS):
        api.add_secret(made[0].subscription_id, NewSecret(f"sec-f{number:031x}", "whsec_YQ=="), ADA)
    with pytest.raises(TooManySecrets):
        api.add_secret(made[0].subscription_id, NewSecret("sec-" + "e" * 32, "whsec_YQ=="), ADA)


def test_replay_begins_where_it_is_told(api: SubscriptionsApi, events: EventsApi, own: Transactions) -> None:
    made = subscribe(api)
    publish(own, 3)
    give_up(events, made.subscription_id, {2})
    assert api.subscription(made.subscription_id).progress.dead_letters == 1
    with pytest.raises(SequenceAhead, match="give 4 or a smaller"):
        api.replay(made.subscription_id, 5, ADA)
    replayed = api.replay(made.subscription_id, 2, ADA)
    assert (replayed.progress.handled, replayed.progress.dead_letters) == (1, 0)
    batch = events.take_batch(made.subscription_id, "two", LEASE)
    assert batch is not None
    assert [each.number for each in batch.new] == [2, 3]


def test_replay_is_not_undone_by_a_batchunder_way(api: SubscriptionsApi, events: EventsApi, own: Transactions) -> None:
    made = subscribe(api)
    publish(own, 3)
    batch = events.take_batch(made.subscription_id, "one", LEASE)
    assert batch is not None
    api.replay(made.subscription_id, 1, ADA)
    result = DeliveryResult(batch.new, [], [], gone=False, outage_until=None)
    assert not events.record_batch(batch, result, "one")
    assert api.subscription(made.subscription_id).progress.handled == 0


def test_dead_letters_are_listed_resent_and_dropped(
    api: SubscriptionsApi, events: EventsApi, own: Transactions
) -> None:
    made = subscribe(api)
    publish(own, 5)
    give_up(events, made.subscription_id, {1, 2, 4})
    first = api.dead_letters(made.subscription_id, limit=2)
    assert [(each.number, each.event_id, each.attempts, each.fault) for each in first.items] == [
        (1, "1-TaskCreated", 1, "It broke."),
        (2, "2-TaskCreated", 1, "It broke."),
    ]
    rest = api.dead_letters(made.subscription_id, limit=2, cursor=first.next_cursor)
    assert ([each.number for each in rest.items], rest.next_cursor, rest.total) == ([4], None, 3)
    with pytest.raises(MalformedCursor):
        api.dead_letters("sub-" + "0" * 31 + "1", cursor="AAAA")
    api.drop_dead_letter(made.subscription_id, 4, ADA)
    with pytest.raises(DeadLetterNotFound):
        api.drop_dead_letter(made.subscription_id, 4, ADA)
    with pytest.raises(DeadLetterNotFound):
        api.resend(made.subscription_id, [1, 4], ADA)
    resent = api.resend(made.subscription_id, None, ADA)
    assert (resent.progress.waiting, resent.progress.dead_letters) == (2, 0)
    batch = events.take_batch(made.subscription_id, "one", LEASE)
    assert batch is not None
    assert [(each.number, each.attempts) for each in batch.due] == [(1, 0), (2, 0)]


def test_errors_of_the_database_tell_no_secret(api: SubscriptionsApi) -> None:
    subscribe(api)
    with pytest.raises(IntegrityError) as refused:
        api.add_secret("sub-" + f"{1:032x}", NewSecret(f"sec-{1:032x}", "whsec_c2VjcmV0"), ADA)
    assert "subscription_secret" in str(refused.value)
    assert "whsec_" not in str(refused.value)


def test_deleted_subscription_leaves_nothing(
    api: SubscriptionsApi, events: EventsApi, own: Transactions, engine: Engine
) -> None:
    made = subscribe(api)
    publish(own, 2)
    batch = events.take_batch(made.subscription_id, "one", LEASE)
    assert batch is not None
    api.delete_subscription(made.subscription_id, 1, ADA)
    assert not events.record_batch(batch, DeliveryResult(batch.new, [], [], gone=False, outage_until=None), "one")
    with pytest.raises(SubscriptionNotFound):
        events.take_batch(made.subscription_id, "one", LEASE)
    with engine.connect() as connection:
        for table in ("subscription", "subscription_secret", "pending_delivery", "dead_letter", "consumer"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table


@pytest.mark.parametrize("call", ["subscription", "dead_letters", "replay", "resend", "add_secret"])
def test_unknown_subscription_is_an_error_everywhere(api: SubscriptionsApi, call: str) -> None:
    calls = {
        "subscription": lambda: api.subscription("sub-no"),
        "dead_letters": lambda: api.dead_letters("sub-no"),
        "replay": lambda: api.replay("sub-no", 1, ADA),
        "resend": lambda: api.resend("sub-no", None, ADA),
        "add_secret": lambda: api.add_secret("sub-no", NewSecret("sec-1", "whsec_YQ=="), ADA),
    }
    with pytest.raises(CasebookError, match=r"^There is no subscription 'sub-no'\.$"):
        calls[call]()


@only_on("sqlite")
def test_changes_are_in_the_desk_log_without_secrets(
    book: CaseBook, api: SubscriptionsApi, events: EventsApi, own: Transactions
) -> None:
    made = subscribe(api)
    publish(own, 2)
    give_up(events, made.subscription_id, {1, 2})
    api.change_subscription(made.subscription_id, None, SubscriptionChange(description="Alerts"), ADA)
    api.drop_dead_letter(made.subscription_id, 1, ADA)
    api.resend(made.subscription_id, [2], ADA)
    api.replay(made.subscription_id, 1, ADA)
    api.delete_subscription(made.subscription_id, None, ADA)
    lines = book.changes().items
    assert [line.kind for line in lines] == [
        "subscription_created",
        "subscription_changed",
        "dead_letter_dropped",
        "dead_letters_resent",
        "events_replayed",
        "subscription_deleted",
    ]
    written = "".join(line.model_dump_json() for line in lines)
    assert "token-1" not in written
    assert "c2VjcmV0" not in written
    assert book.audit().broken is None


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE subscription SET url = 'https://elsewhere.example'",
        "UPDATE subscription SET state = 'paused'",
        "UPDATE subscription SET events = '[]'",
        "UPDATE subscription SET events = '['",
        "DELETE FROM subscription_secret",
        "UPDATE subscription SET description = 'harmless'",
    ],
)
@only_on("sqlite")
def test_forged_subscription_is_found(book: CaseBook, api: SubscriptionsApi, engine: Engine, forged: str) -> None:
    subscribe(api)
    with engine.begin() as connection:
        connection.execute(text(forged))
    broken = book.audit().broken
    assert broken is not None
    assert broken.place.startswith("subscription 'sub-")
