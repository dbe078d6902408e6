"""What belongs to no case is deleted by its age, and not before nobody needs it any more."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, Engine, insert, text

from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import post_message
from casebook.commands.detector_states import PartitionKey, Progress
from casebook.commands.erasures import erase_conversation
from casebook.database.transactions import Transactions
from casebook.dead_letters_api import DeadLettersApi
from casebook.detector_states_api import DetectorStatesApi
from casebook.errors import TaskNotFound
from casebook.events_api import EventsApi
from casebook.retention_api import RetentionApi
from casebook.schema.base import table_of
from casebook.schema.deliveries import DeadLetterRow
from casebook.subscriptions_api import SubscriptionsApi
from casebook.tasks_api import TasksApi
from contracts.kinds.reply import REPLY
from contracts.telemetry_dead_letters import LetterChoice
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, SteppingClock, only_on, open_case
from tests.unit.casebook.test_accesses import view
from tests.unit.casebook.test_conversations import FLAGGED, NO_LIMITS, a_message, ask, draft, post, send
from tests.unit.casebook.test_deliveries import SUBSCRIPTION, make, subscribe
from tests.unit.casebook.test_task_races import all_at_once
from tests.unit.casebook.test_telemetry_dead_letters import letter, listed

DAYS = 30


@pytest.fixture
def own(engine: Engine, clock: SteppingClock) -> Transactions:
    return Transactions(engine, clock)


@pytest.fixture
def retention(own: Transactions) -> RetentionApi:
    return RetentionApi(own)


@pytest.fixture
def chat(own: Transactions) -> ChatApi:
    return ChatApi(own)


def grow_old(clock: SteppingClock) -> None:
    clock.now += timedelta(days=DAYS + 1)


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


@only_on("postgresql")
def test_message_on_its_way_keeps_a_conversation(
    own: Transactions, chat: ChatApi, retention: RetentionApi, clock: SteppingClock
) -> None:
    send(chat, post(chat))
    grow_old(clock)
    with own.write() as connection:
        post_message(connection, a_message(2, "bob"), NO_LIMITS, clock())
        assert retention.erase_conversations(DAYS).erased == 0
    assert retention.erase_conversations(DAYS).erased == 0
    assert [turn.message for turn in chat.conversation("bob").items] == ["Message 1", "Message 2"]


def test_silent_conversation_is_erased_by_the_system(
    chat: ChatApi, book: CaseBook, retention: RetentionApi, clock: SteppingClock
) -> None:
    old = post(chat)
    ask(book, old, draft(chat, old, *FLAGGED))
    send(chat, post(chat, user="eve"))
    grow_old(clock)
    send(chat, post(chat, 2, user="eve"))
    assert retention.erase_conversations(DAYS).erased == 1
    assert retention.erase_conversations(DAYS).erased == 0
    assert chat.turn(old).state == "withdrawn"
    assert chat.conversation("bob").items == ()
    assert [turn.message for turn in chat.conversation("eve").items] == ["Message 1", "Message 2"]
    line = book.changes().items[-1]
    assert (line.kind, line.actor, line.name) == ("conversation_erased", "system", "bob")
    case = book.get_case(REPLY.case_id(old))
    assert (case.state, case.outcome) == ("closed", "erased")
    assert book.verify_case_log() is None
    grow_old(clock)
    assert retention.purge_cases("reply", DAYS).purged == 1
    assert book.verify_case_log() is None


def test_conversations_are_erased_in_batches(chat: ChatApi, retention: RetentionApi, clock: SteppingClock) -> None:
    for number in range(25):
        post(chat, user=f"user-{number}")
    grow_old(clock)
    assert [retention.erase_conversations(DAYS).erased for _ in range(3)] == [20, 5, 0]


def test_damaged_conversation_keeps_no_other(
    chat: ChatApi, retention: RetentionApi, clock: SteppingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in ("ann", "bob", "eve"):
        post(chat, user=user)
    grow_old(clock)

    def fragile(connection: Connection, user_id: str, actor: str, now: datetime) -> int:
        if user_id == "bob":
            raise KeyError("a damaged row")
        return erase_conversation(connection, user_id, actor, now)

    monkeypatch.setattr("casebook.retention_api.erase_conversation", fragile)
    batch = retention.erase_conversations(DAYS)
    assert (batch.erased, [*batch.failed]) == (2, ["bob"])
    assert retention.erase_conversations(DAYS, {"bob"}).failed == {}
    assert [turn.message for turn in chat.conversation("bob").items] == ["Message 1"]


def test_ended_tasks_are_deleted_by_age(own: Transactions, retention: RetentionApi, clock: SteppingClock) -> None:
    tasks = TasksApi(own)
    make(own, "task-open", "task-done", "task-deleted")
    tasks.complete_task("task-done", None)
    tasks.delete_task("task-deleted", None)
    assert retention.delete_tasks(DAYS) == 0
    grow_old(clock)
    make(own, "task-new")
    tasks.complete_task("task-new", None)
    assert retention.delete_tasks(DAYS) == 2
    assert [tasks.task(f"task-{each}").state for each in ("open", "new")] == ["open", "completed"]
    with pytest.raises(TaskNotFound):
        tasks.task("task-done")


def test_old_dead_letters_of_telemetry_are_deleted(
    own: Transactions, retention: RetentionApi, clock: SteppingClock
) -> None:
    letters = DeadLettersApi(own)
    letters.keep([letter(number) for number in range(3)], {})
    tried = listed(letters)[0].letter_id
    letters.request_retry(LetterChoice(letter_ids=(tried,)), "maria")
    letters.take_retries("one", [("event hub telemetry", "0")], 10)
    assert retention.delete_telemetry_dead_letters(DAYS) == 0
    grow_old(clock)
    assert retention.delete_telemetry_dead_letters(DAYS) == 2
    assert [each.letter_id for each in listed(letters)] == [tried]


def test_domain_events_stay_until_all_have_handled_them(
    own: Transactions, retention: RetentionApi, engine: Engine, clock: SteppingClock
) -> None:
    events = EventsApi(own)
    subscribe(SubscriptionsApi(own))
    make(own, *(f"task-{number}" for number in range(5)))
    with engine.begin() as connection:
        connection.execute(text("UPDATE consumer SET number = 3"))
        dead = {"subscription_id": SUBSCRIPTION, "number": 2, "subject": "task/task-1", "attempts": 9, "fault": "No."}
        connection.execute(insert(table_of(DeadLetterRow)), {**dead, "first_tried_at": NOON, "given_up_at": NOON})
    assert retention.delete_domain_events(DAYS) == 0
    grow_old(clock)
    make(own, "task-new")
    assert retention.delete_domain_events(DAYS) == 2
    assert [number for number, _ in events.events_after(0)] == [2, 4, 5, 6]
    assert retention.delete_undelivered(DAYS) == 1
    assert retention.delete_domain_events(DAYS) == 1
    with engine.begin() as connection:
        connection.execute(text("UPDATE consumer SET number = 6"))
    assert retention.delete_domain_events(DAYS) == 2
    assert [number for number, _ in events.events_after(0)] == [6]


def test_states_of_the_unseen_are_forgotten(own: Transactions, retention: RetentionApi, clock: SteppingClock) -> None:
    states, of = DetectorStatesApi(own), PartitionKey("hub", "0")
    states.take_partition(of, "one")
    states.save_progress(of, "one", Progress(1, b"", {"customer:1": b"a", "customer:2": b"b"}))
    clock.now += timedelta(days=60)
    states.save_progress(of, "one", Progress(2, b"", {"customer:2": b"c"}))
    clock.now += timedelta(days=40)
    assert retention.forget_detector_states() == 1
    assert states.read_states(of, ["customer:1", "customer:2"]) == {"customer:2": b"c"}


def test_access_record_verifies_without_its_oldest_lines(
    book: CaseBook, retention: RetentionApi, clock: SteppingClock
) -> None:
    case = open_case(book)
    book.record([view(case, subject) for subject in ("ana", "ben", "eva")])
    grow_old(clock)
    book.record([view(case, "maria", clock.now)])
    anchored = book.audit(anchored_lines={"access": (3,)}).lines["access"].digests[3]
    assert retention.purge_accesses(DAYS) == 3
    assert retention.purge_accesses(DAYS) == 0
    report = book.audit(anchored_lines={"access": (3,)})
    assert (report.broken, report.lines["access"].purged, report.lines["access"].lines) == (None, 3, 4)
    assert anchored
    assert [each.subject for each in book.of_case(case).items] == ["maria"]
    assert book.audit_case(case).broken is None
    line = book.changes().items[-1]
    assert (line.kind, line.actor, line.before) == ("accesses_purged", "system", {"lines": 3, "last": 3})


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM access WHERE number = 4",
        "UPDATE access_head SET purged_number = 4, purged_hash = (SELECT hash FROM access WHERE number = 4)",
        "UPDATE access_head SET purged_hash = 'sha256:0'",
        "DELETE FROM desk_change",
    ],
)
def test_access_that_no_purge_explains_is_missed(
    book: CaseBook, retention: RetentionApi, clock: SteppingClock, engine: Engine, statement: str
) -> None:
    case = open_case(book)
    book.record([view(case, subject) for subject in ("ana", "ben", "eva")])
    grow_old(clock)
    book.record([view(case, subject, clock.now) for subject in ("maria", "ben")])
    assert retention.purge_accesses(DAYS) == 3
    with engine.begin() as connection:
        connection.execute(text(statement))
    assert book.verify_case_log() is not None


def test_several_backends_delete_each_thing_once(
    own: Transactions, retention: RetentionApi, clock: SteppingClock, engine: Engine
) -> None:
    make(own, *(f"task-{number}" for number in range(20)))
    for number in range(20):
        TasksApi(own).complete_task(f"task-{number}", None)
    grow_old(clock)
    backends = [RetentionApi(Transactions(engine, clock)) for _ in range(4)]
    deleted = all_at_once([partial(backend.delete_tasks, DAYS) for backend in backends])
    assert sum(each for each in deleted if isinstance(each, int)) == 20
    assert count(engine, "task") == 0
    assert retention.delete_tasks(DAYS) == 0
