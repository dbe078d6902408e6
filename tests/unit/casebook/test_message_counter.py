"""The message counter: each reply counts once, whatever is delivered again and however many consumers there are."""

import threading

from sqlalchemy import Engine

from backend.consumers.message_counter import MESSAGE_COUNTER, MessageCounter
from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.database.transactions import Transactions
from casebook.events_api import EventsApi
from casebook.policy.chat_limits import ChatLimits
from casebook.queries.chat import DraftBasis
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


def parts(book: CaseBook) -> tuple[EventsApi, ChatApi]:
    return EventsApi(book.transactions), ChatApi(book.transactions)


def test_each_event_is_counted_once(book: CaseBook):
    events, chat = parts(book)
    answer_messages(chat, 3)
    counter = MessageCounter(events, chat)
    assert counter.consume() == 3
    assert counter.consume() == 0
    assert [counter.handle(event) for _, event in events.events_after(0)] == [False, False, False]
    assert chat.message_count("bob").message_count == 3


def test_consumer_that_forgot_where_it_was_counts_nothing_twice(book: CaseBook, engine: Engine):
    events, chat = parts(book)
    answer_messages(chat, 3)
    MessageCounter(events, chat).consume()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM consumer")
    assert events.cursor(MESSAGE_COUNTER) == 0
    MessageCounter(events, chat).consume()
    assert chat.message_count("bob").message_count == 3


def test_eight_consumers_count_each_message_once(book: CaseBook, engine: Engine):
    events, chat = parts(book)
    answer_messages(chat, MESSAGES)
    start = threading.Barrier(8)

    def consume() -> None:
        own = Transactions(engine)
        counter = MessageCounter(EventsApi(own), ChatApi(own))
        start.wait()
        for _, event in events.events_after(0):
            counter.handle(event)

    threads = [threading.Thread(target=consume) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert chat.message_count("bob").message_count == MESSAGES
    with engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT messages FROM message_count WHERE user_id = 'bob'").all()
    assert row.messages == MESSAGES


def test_event_of_a_message_holds_no_text(book: CaseBook):
    events, chat = parts(book)
    answer_messages(chat, 1)
    ((number, event),) = events.events_after(0)
    assert (event.id, event.type, event.subject) == (
        f"{number}-MessageSent",
        "casewright.MessageSent",
        "conversation/bob",
    )
    assert event.source == f"urn:casewright:{events.identity()}"
    assert event.data == MessageSent(user_id="bob", turn_id="turn-bob-0", reviewed=False).model_dump(mode="json")
