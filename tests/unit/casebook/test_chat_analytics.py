"""How messages ended: by day, by user, and how long people took to decide."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from casebook.chat_api import ChatApi
from casebook.database.transactions import Transactions
from contracts.chat_analytics import BusyUser, ChatAnalytics, DecisionTimes, MessageFigures
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import ANALYST, NOON, SteppingClock
from tests.unit.casebook.replies import an_answer
from tests.unit.casebook.test_conversations import ask, draft, post, send

TODAY = NOON.date()
FLAGGED = "The message says 'urgent'."


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def chat(engine: Engine, clock: SteppingClock) -> ChatApi:
    return ChatApi(Transactions(engine, clock))


def figures(chat: ChatApi, book: CaseBook, first: date = TODAY, last: date = TODAY) -> ChatAnalytics:
    chat.count_told()
    return chat.analytics(first, last)


def decide(chat: ChatApi, book: CaseBook, number: int, verdict: str, user: str = "bob", after_s: int = 60) -> None:
    turn = post(chat, number, user)
    asked = ask(book, turn, draft(chat, turn, FLAGGED))
    answer = an_answer(asked, "approve" if verdict == "approve" else "reject")
    book.accept_decision(
        answer.model_copy(update={"decided_at": asked.opened_at + timedelta(seconds=after_s)}), ANALYST
    )
    chat.follow_decision(turn, 1)


def test_nothing_written_gives_empty_days(chat: ChatApi, book: CaseBook):
    told = figures(chat, book, TODAY - timedelta(2))
    assert [(day.day, day.sent, day.users) for day in told.days] == [
        (TODAY - timedelta(2 - number), 0, 0) for number in range(3)
    ]
    assert (told.review_rate, told.decisions) == (None, DecisionTimes(decided=0, median_s=None, p90_s=None))


def test_each_end_is_counted_on_its_day(chat: ChatApi, book: CaseBook, clock: SteppingClock):
    send(chat, post(chat, 1))
    send(chat, post(chat, 1, "eve"))
    decide(chat, book, 2, "approve")
    decide(chat, book, 3, "reject")
    failed = post(chat, 4)
    chat.fail_turn(failed)
    told = figures(chat, book)
    assert told.total == MessageFigures(sent=3, reviewed=1, rejected=1, failed=1)
    assert told.users == told.days[0].users == 2
    assert told.review_rate == 2 / 5
    assert told.busiest[0] == BusyUser(user_id="bob", sent=2, reviewed=1, rejected=1, failed=1)
    assert told.busiest[1].user_id == "eve"
    clock.now += timedelta(days=1)
    send(chat, post(chat, 5))
    after = figures(chat, book, TODAY, TODAY + timedelta(1))
    assert [day.sent for day in after.days] == [3, 1]


def test_only_answered_messages_count_for_the_user(chat: ChatApi, book: CaseBook):
    send(chat, post(chat, 1))
    decide(chat, book, 2, "reject")
    chat.count_told()
    assert chat.message_count("bob").message_count == 1


def test_decision_times_have_median_and_percentile(chat: ChatApi, book: CaseBook):
    for number in range(1, 11):
        decide(chat, book, number, "approve", after_s=number)
    assert figures(chat, book).decisions == DecisionTimes(decided=10, median_s=6, p90_s=10)


def test_figures_outlive_the_texts(chat: ChatApi, book: CaseBook):
    send(chat, post(chat, 1))
    decide(chat, book, 2, "approve")
    before = figures(chat, book)
    chat.erase_conversation("bob", "maria")
    assert figures(chat, book) == before
