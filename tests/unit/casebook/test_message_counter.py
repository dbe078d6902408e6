"""The message counter: each reply counts once, whatever is delivered again and however many consumers there are."""

import threading

import pytest
from sqlalchemy import Engine

from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.database.engine import for_writing
from casebook.database.transactions import Transactions
from casebook.events_api import EventsApi
from casebook.policy.chat_limits import ChatLimits
from casebook.queries.chat import DraftBasis
from casebook.schedules_api import SchedulesApi
from contracts.chat import ChatDraft
from contracts.domain_events import MessageSent
from tests.support.casebooks import CaseBook

MESSAGES = 40
NO_LIMITS = ChatLimits(per_minute=1_000, open_turns=1_000)


def answer_messages(chat: ChatApi, count: int, user: str = "bob") -> None:
    for number in range(count):
        turn = f"turn-{user}-{number}"
        chat.post_message(NewMessage(turn, user, "Hello", {}, (), None), NO_LIMITS)
        basis = chat.begin_draft(turn)
        assert isinstance(basis, DraftBasis)
        chat.keep_draft(turn, ChatDraft(round=1, seen=basis.seen, text="Hi", model="rules"))
        chat.send_reply(turn, 1)


@pytest.fixture
def chat(book: CaseBook) -> ChatApi:
    return ChatApi(book.transactions)


def test_each_event_is_counted_once(chat: ChatApi):
    answer_messages(chat, 3)
    assert [chat.count_told(2), chat.count_told(2), chat.count_told(2)] == [2, 1, 0]
    assert chat.message_count("bob").message_count == 3


def test_counter_that_forgot_where_it_was_counts_nothing_twice(chat: ChatApi, engine: Engine):
    answer_messages(chat, 3)
    chat.count_told()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM consumer")
    assert chat.count_told() == 3
    assert counted(engine) == 3


def test_counter_with_nothing_to_count_waits_for_no_writer(chat: ChatApi, engine: Engine):
    answer_messages(chat, 1)
    assert chat.count_told() == 1
    with for_writing(engine).begin() as writer:
        writer.exec_driver_sql("UPDATE consumer SET number = number")
        assert chat.count_told() == 0


def test_eight_counters_count_each_message_once(chat: ChatApi, engine: Engine):
    answer_messages(chat, MESSAGES)
    start = threading.Barrier(8)

    def consume() -> None:
        own = ChatApi(Transactions(engine))
        start.wait()
        while own.count_told(3):
            pass

    threads = [threading.Thread(target=consume) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counted(engine) == MESSAGES


def test_reset_while_others_count_waits_for_them(chat: ChatApi, engine: Engine):
    for user in ("bob", "eve", "kim"):
        answer_messages(chat, 10, user)
    done = threading.Event()

    def count() -> None:
        own = ChatApi(Transactions(engine))
        while own.count_told(2):
            pass
        done.set()

    thread = threading.Thread(target=count)
    thread.start()
    resets = 0
    while not done.is_set() or not resets:
        SchedulesApi(chat.transactions).run_by_hand("reset-counts", "maria")
        resets += 1
    thread.join(60)
    assert [chat.message_count(user).message_count for user in ("bob", "eve", "kim")] == [0, 0, 0]


def counted(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT messages FROM message_count WHERE user_id = 'bob'").scalar_one()


def test_event_of_a_message_holds_no_text(book: CaseBook, chat: ChatApi):
    events = EventsApi(book.transactions)
    answer_messages(chat, 1)
    ((number, event),) = events.events_after(0)
    assert (event.id, event.type, event.subject) == (
        f"{number}-MessageSent",
        "casewright.MessageSent",
        "conversation/bob",
    )
    assert event.source == f"urn:casewright:{events.identity()}"
    assert event.data == MessageSent(user_id="bob", turn_id="turn-bob-0", reviewed=False).model_dump(mode="json")
