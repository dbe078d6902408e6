"""Which customer a user is: nothing is sent that was written with the records of another one."""

import pytest
from sqlalchemy import Engine, text

from casebook.chat_api import ChatApi
from casebook.database.transactions import Transactions
from casebook.desk_api import DeskApi
from casebook.errors import ConversationMoved, ConversationNotFound, NewEvidence, ReplyOnItsWay
from casebook.queries.chat import DraftBasis
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import ANALYST
from tests.unit.casebook.replies import an_answer
from tests.unit.casebook.test_conversations import ask, draft, post, send

ADA = "ada"
FLAGGED = "The message says 'urgent'."


@pytest.fixture
def chat(engine: Engine) -> ChatApi:
    return ChatApi(Transactions(engine))


def test_linked_user_is_answered_from_the_customer_s_records(chat: ChatApi):
    turn = post(chat)
    linked = chat.link_user("bob", 7, ADA)
    assert (linked.customer_id, linked.linked_by) == (7, ADA)
    basis = chat.begin_draft(turn)
    assert isinstance(basis, DraftBasis)
    assert basis.customer_id == 7


def test_unlinked_user_has_no_records(chat: ChatApi):
    turn = post(chat)
    chat.link_user("bob", 7, ADA)
    unlinked = chat.link_user("bob", None, ADA)
    assert (unlinked.customer_id, unlinked.linked_by, unlinked.linked_at) == (None, None, None)
    basis = chat.begin_draft(turn)
    assert isinstance(basis, DraftBasis)
    assert basis.customer_id is None


def test_user_who_never_wrote_is_not_linked(chat: ChatApi):
    with pytest.raises(ConversationNotFound):
        chat.link_user("eve", 7, ADA)
    assert chat.list_users().items == ()


def test_links_are_in_the_desk_log_once_each(chat: ChatApi, book: CaseBook):
    post(chat)
    for customer in (7, 7, 8, None):
        chat.link_user("bob", customer, ADA)
    log = DeskApi(book.transactions).changes(limit=10).items
    assert [(line.kind, line.name, line.before, line.after) for line in log] == [
        ("user_linked", "bob", None, {"customer_id": 7}),
        ("user_linked", "bob", {"customer_id": 7}, {"customer_id": 8}),
        ("user_linked", "bob", {"customer_id": 8}, None),
    ]
    assert book.audit().broken is None


def test_draft_that_waits_is_written_anew(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    asked = ask(book, turn, draft(chat, turn, FLAGGED))
    chat.link_user("bob", 7, ADA)
    with pytest.raises(NewEvidence, match="the user is another customer now"):
        book.accept_decision(an_answer(asked), ANALYST)
    with pytest.raises(ConversationMoved):
        chat.follow_decision(turn, 1)
    basis = chat.begin_draft(turn, 1)
    assert isinstance(basis, DraftBasis)
    assert (basis.round, basis.customer_id) == (2, 7)
    assert book.audit().broken is None


def test_same_customer_again_overtakes_nothing(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    chat.link_user("bob", 7, ADA)
    asked = ask(book, turn, draft(chat, turn, FLAGGED))
    chat.link_user("bob", 7, ADA)
    book.accept_decision(an_answer(asked), ANALYST)
    assert chat.follow_decision(turn, 1) == "sent"


@pytest.mark.parametrize("stage", ["drafting", "checking", "decided"])
def test_link_waits_for_the_reply_on_its_way(chat: ChatApi, book: CaseBook, stage: str):
    turn = post(chat)
    if stage == "drafting":
        chat.begin_draft(turn)
    elif stage == "checking":
        draft(chat, turn)
    else:
        book.accept_decision(an_answer(ask(book, turn, draft(chat, turn, FLAGGED))), ANALYST)
    with pytest.raises(ReplyOnItsWay, match="try again in a few seconds"):
        chat.link_user("bob", 7, ADA)
    if stage == "decided":
        assert chat.follow_decision(turn, 1) == "sent"
    else:
        chat.send_reply(turn, 1 if stage == "checking" else draft(chat, turn).round)
    assert chat.link_user("bob", 7, ADA).customer_id == 7


def test_users_are_listed_by_who_wrote_last(chat: ChatApi):
    for user in ("bob", "eve", "kim"):
        send(chat, post(chat, user=user))
    send(chat, post(chat, 2, user="bob"))
    chat.set_count("never", 3)
    first = chat.list_users(limit=2)
    assert [(each.user_id, each.turns) for each in first.items] == [("bob", 2), ("kim", 1)]
    assert first.items[0].last_message_at is not None
    last = chat.list_users(limit=2, cursor=first.next_cursor)
    assert ([each.user_id for each in last.items], last.next_cursor) == (["eve"], None)
    assert [each.user_id for each in chat.list_users(starts_with="k").items] == ["kim"]
    assert chat.list_users(starts_with="%").items == ()


@pytest.mark.parametrize("customer", [8, None])
def test_forged_link_is_found(chat: ChatApi, book: CaseBook, engine: Engine, customer: int | None):
    post(chat)
    chat.link_user("bob", 7, ADA)
    chat.erase_conversation("bob", "maria")
    assert book.audit().broken is None
    with engine.begin() as connection:
        connection.execute(text("UPDATE chat_user SET customer_id = :forged"), {"forged": customer})
    broken = book.audit().broken
    assert broken is not None
    assert (broken.row, broken.reason) == ("chat_user 'bob'", "what is there now is not what line 1 says")


def test_link_that_nobody_made_is_found(chat: ChatApi, book: CaseBook, engine: Engine):
    post(chat)
    with engine.begin() as connection:
        connection.execute(text("UPDATE chat_user SET customer_id = 7"))
    broken = book.audit().broken
    assert broken is not None
    assert (broken.row, broken.reason) == ("chat_user 'bob'", "no line says who linked it")
