"""Erasing a conversation: no text is left, and every chain stays valid."""

import threading
from collections.abc import Callable, Sequence
from operator import methodcaller

import pytest
from sqlalchemy import Engine, inspect, text

from casebook.audit.verify_export import verify_export
from casebook.chat_api import ChatApi
from casebook.database.transactions import Transactions
from casebook.errors import CasebookError, ConversationFull
from casebook.policy.chat_limits import ChatLimits
from contracts.hashing import content_hash
from contracts.kinds.reply import REPLY
from contracts.reply import EditedReply, ReplyCaseView
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import ANALYST
from tests.unit.casebook.replies import an_answer
from tests.unit.casebook.test_conversations import FLAGGED, NO_LIMITS, a_message, ask, draft, post, send
from tests.unit.casebook.test_export import exported


@pytest.fixture
def chat(engine: Engine) -> ChatApi:
    return ChatApi(Transactions(engine))


def test_erased_conversation_has_room_for_another(chat: ChatApi):
    full = ChatLimits(per_minute=1_000, open_turns=1_000, turns=1)
    send(chat, chat.post_message(a_message(1), full).turn.turn_id)
    with pytest.raises(ConversationFull, match="erase it"):
        chat.post_message(a_message(2), full)
    chat.erase_conversation("bob", "maria")
    assert chat.post_message(a_message(2), full).created


def test_erased_conversation_leaves_no_text(chat: ChatApi, book: CaseBook, engine: Engine):
    secret = "My number is 4711"
    first = chat.post_message(a_message(1, message=secret), NO_LIMITS).turn.turn_id
    asked = ask(book, first, draft(chat, first, *FLAGGED))
    edited = EditedReply(text=f"You said: {secret}")
    answer = an_answer(asked, action="send_edited").model_copy(update={"text_hash": content_hash(edited)})
    book.accept_decision(answer, ANALYST, edited)
    chat.follow_decision(first, 1)
    chat.count_told()
    second = chat.post_message(a_message(2, message=secret), NO_LIMITS).turn.turn_id
    ask(book, second, draft(chat, second, *FLAGGED))
    third = chat.post_message(a_message(3, message=secret), NO_LIMITS).turn.turn_id

    assert chat.erase_conversation("bob", "maria") == 3

    assert (chat.turn(second).state, chat.turn(third).state) == ("withdrawn", "withdrawn")
    assert chat.message_count("bob").message_count == 1
    assert chat.conversation("bob").items == ()
    case = book.get_case(REPLY.case_id(second))
    assert isinstance(case, ReplyCaseView)
    assert (case.state, case.outcome, case.subject, case.draft, case.review) == ("closed", "erased", None, None, None)
    assert book.verify_case_log() is None
    for turn in (first, second):
        export = exported(book, REPLY.case_id(turn))
        assert b"4711" not in export
        assert verify_export(export).broken is None
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            assert "4711" not in str(rows), table
    assert chat.erase_conversation("bob", "maria") == 0
    send(chat, post(chat, 4))
    assert [turn.message for turn in chat.conversation("bob").items] == ["Message 4"]


def test_erasing_and_sending_never_wait_in_a_circle(engine: Engine):
    chat = ChatApi(Transactions(engine))
    erased, sent = ([post(chat, user=f"{kind}{number}") for number in range(10)] for kind in ("old", "new"))
    for turn in (*erased, *sent):
        draft(chat, turn)
    start, failed = threading.Barrier(2), list[Exception]()

    def run(steps: Sequence[Callable[[ChatApi], object]]) -> None:
        own = ChatApi(Transactions(engine))
        start.wait()
        for step in steps:
            try:
                step(own)
            except CasebookError as error:
                failed.append(error)

    erasing = [methodcaller("erase_conversation", f"old{number}", "maria") for number in range(10)]
    sending = [methodcaller("send_reply", turn, 1) for turn in sent]
    threads = [threading.Thread(target=run, args=(steps,)) for steps in (erasing, sending)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert {chat.turn(turn).state for turn in sent} == {"sent"}
    assert {chat.turn(turn).state for turn in erased} == {"withdrawn"}
