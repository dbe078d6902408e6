"""Messages to the assistant: each is one turn, answered once and counted once, whatever is repeated."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from casebook.audit.verify_export import verify_export
from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.database.transactions import Transactions
from casebook.errors import (
    AlreadyDecided,
    CasebookError,
    ConversationFull,
    ConversationMoved,
    ConversationNotFound,
    DraftNotOnRecord,
    IdempotencyKeyReused,
    MessageRateExceeded,
    NewEvidence,
    OutcomeNotJustified,
    TooManyOpenTurns,
    TurnEnded,
)
from casebook.policy.chat_limits import ChatLimits
from casebook.queries.chat import DraftBasis
from casebook.schedules_api import SchedulesApi
from contracts.chat import REJECTED_REPLY, ChatDraft, TurnState
from contracts.hashing import content_hash
from contracts.kinds.reply import REPLY
from contracts.reply import EditedReply, HeldReply, ReplyCaseView, ReplyDraft
from contracts.review import ReviewRequest, Role
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import ANALYST, NOON, SteppingClock
from tests.unit.casebook.replies import LIMITS, a_question, an_answer
from tests.unit.casebook.test_export import exported

NO_LIMITS = ChatLimits(per_minute=1_000, open_turns=1_000)
FLAGGED = ("The message says 'urgent'.",)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def chat(engine: Engine, clock: SteppingClock) -> ChatApi:
    return ChatApi(Transactions(engine, clock))


def a_message(number: int = 1, user: str = "bob", key: str | None = None, message: str | None = None) -> NewMessage:
    said = message or f"Message {number}"
    return NewMessage(f"turn-{user}-{number}", user, said, {"session_id": "s-1"}, ("greeting",), key)


def post(chat: ChatApi, number: int = 1, user: str = "bob") -> str:
    return chat.post_message(a_message(number, user), NO_LIMITS).turn.turn_id


def draft(chat: ChatApi, turn: str, *flags: str, after: int = 0) -> ChatDraft:
    basis = chat.begin_draft(turn, after)
    assert isinstance(basis, DraftBasis)
    written = ChatDraft(
        round=basis.round, seen=basis.seen, text=f"Reply {basis.round}", model="rules", flagged_because=flags
    )
    return chat.keep_draft(turn, written)


def waiting(chat: ChatApi) -> list[str]:
    return [turn.turn_id for turn in chat.unscheduled_turns()]


def send(chat: ChatApi, turn: str) -> TurnState:
    return chat.send_reply(turn, draft(chat, turn).round)


def chat_message(book: CaseBook, turn: str) -> str:
    with book.transactions.read() as connection:
        return connection.execute(
            text("SELECT message FROM chat_turn WHERE turn_id = :turn"), {"turn": turn}
        ).scalar_one()


def ask(book: CaseBook, turn: str, kept: ChatDraft, role: Role = "analyst", hours: float = 4) -> ReviewRequest:
    said = chat_message(book, turn)
    held = HeldReply(turn_id=turn, user_id="bob", message=said, received_at=NOON, flagged_because=kept.flagged_because)
    case = book.open_about(held, LIMITS).case_id
    asked = ReplyDraft(round=kept.round, text=kept.text, model=kept.model)
    reason = None if role == "analyst" else "Nobody decided in time."
    return book.ask_about(a_question(case, asked, kept.round, role, hours), asked, reason=reason)


def test_a_turn_goes_from_its_message_to_its_reply(chat: ChatApi):
    turn = post(chat)
    assert chat.turn(turn).state == "queued"
    basis = chat.begin_draft(turn)
    assert isinstance(basis, DraftBasis)
    assert (basis.message, basis.round, basis.history, basis.message_count) == ("Message 1", 1, (), 0)
    assert chat.turn(turn).state == "drafting"
    kept = draft(chat, turn)
    assert (chat.turn(turn).state, chat.turn(turn).reply) == ("checking", None)
    assert chat.send_reply(turn, kept.round) == "sent"
    answered = chat.turn(turn)
    assert (answered.reply, answered.metadata, answered.tags) == ("Reply 1", {"session_id": "s-1"}, ("greeting",))


def test_every_step_may_be_repeated(chat: ChatApi, engine: Engine):
    turn = post(chat)
    kept = draft(chat, turn)
    assert chat.begin_draft(turn) == kept
    assert chat.keep_draft(turn, kept.model_copy(update={"text": "Another"})) == kept
    assert [chat.send_reply(turn, 1), chat.send_reply(turn, 1), chat.fail_turn(turn)] == ["sent"] * 3
    with pytest.raises(TurnEnded):
        chat.begin_draft(turn)
    with engine.connect() as connection:
        events = connection.execute(text("SELECT type, subject FROM domain_event")).all()
    assert [tuple(each) for each in events] == [("MessageSent", "conversation/bob")]


def test_same_key_is_one_turn(chat: ChatApi):
    first = chat.post_message(a_message(1, key="k"), NO_LIMITS)
    again = chat.post_message(
        NewMessage("turn-x", "bob", "Message 1", {"session_id": "s-1"}, ("greeting",), "k"), NO_LIMITS
    )
    assert (first.created, again.created, again.turn) == (True, False, first.turn)
    with pytest.raises(IdempotencyKeyReused):
        chat.post_message(a_message(2, key="k"), NO_LIMITS)
    assert chat.post_message(a_message(3, user="eve", key="k"), NO_LIMITS).created


def test_turns_of_one_user_wait_for_each_other(chat: ChatApi):
    first, second, other = post(chat, 1), post(chat, 2), post(chat, 1, "eve")
    assert waiting(chat) == [first, other]
    chat.confirm_scheduled([first])
    assert waiting(chat) == [other]
    send(chat, first)
    assert set(waiting(chat)) == {other, second}


def test_draft_knows_what_was_said_before_and_since(chat: ChatApi):
    for number in (1, 2):
        send(chat, post(chat, number))
    turn = post(chat, 3)
    post(chat, 4)
    basis = chat.begin_draft(turn)
    assert isinstance(basis, DraftBasis)
    assert [(each.message, each.reply) for each in basis.history] == [
        ("Message 1", "Reply 1"),
        ("Message 2", "Reply 1"),
    ]
    assert (basis.later, basis.seen, basis.message_count) == (("Message 4",), 4, 2)


def test_flagged_draft_is_not_sent_without_a_person(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    kept = draft(chat, turn, *FLAGGED)
    with pytest.raises(DraftNotOnRecord):
        chat.send_reply(turn, 1)
    asked = ask(book, turn, kept)
    with pytest.raises(OutcomeNotJustified):
        chat.follow_decision(turn, 1)
    book.accept_decision(an_answer(asked), ANALYST)
    assert [chat.follow_decision(turn, 1), chat.follow_decision(turn, 1)] == ["sent", "sent"]
    case = book.get_case(REPLY.case_id(turn))
    assert (case.state, case.outcome, chat.turn(turn).reply) == ("closed", "sent", "Reply 1")


def test_rejected_reply_is_neither_sent_nor_counted(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    asked = ask(book, turn, draft(chat, turn, *FLAGGED))
    book.accept_decision(an_answer(asked, "reject"), ANALYST)
    assert chat.follow_decision(turn, 1) == "rejected"
    assert chat.turn(turn).reply == REJECTED_REPLY
    assert chat.count_told() > 0
    assert chat.message_count("bob").message_count == 0
    assert chat.message_count("bob").message_count == 0


def test_further_message_discards_the_draft_that_waits(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    asked = ask(book, turn, draft(chat, turn, *FLAGGED))
    post(chat, 2)
    with pytest.raises(NewEvidence, match=r"The conversation moved on at .* UTC, the customer wrote again"):
        book.accept_decision(an_answer(asked), ANALYST)
    with pytest.raises(ConversationMoved):
        chat.follow_decision(turn, 1)
    again = draft(chat, turn, *FLAGGED, after=1)
    assert (again.round, again.seen) == (2, 2)
    asked = ask(book, turn, again)
    book.accept_decision(an_answer(asked), ANALYST)
    assert chat.follow_decision(turn, 2) == "sent"
    assert book.verify_case_log() is None


def test_decided_draft_is_sent_whatever_is_written_after(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    asked = ask(book, turn, draft(chat, turn, *FLAGGED))
    book.accept_decision(an_answer(asked), ANALYST)
    post(chat, 2)
    with pytest.raises(AlreadyDecided):
        book.accept_decision(an_answer(asked), ANALYST)
    assert chat.follow_decision(turn, 1) == "sent"


def test_last_draft_waits_whatever_is_written(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    for number in range(2, 10):
        after = number - 2
        if after < 6:
            ask(book, turn, draft(chat, turn, *FLAGGED, after=after))
        post(chat, number)
    kept = chat.begin_draft(turn)
    assert isinstance(kept, ChatDraft)
    assert kept.round == 6
    review = book.get_case(REPLY.case_id(turn)).review
    assert review is not None
    book.accept_decision(an_answer(review), ANALYST)
    assert chat.follow_decision(turn, 6) == "sent"


def test_manager_who_was_asked_is_asked_again(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    ask(book, turn, draft(chat, turn, *FLAGGED), "manager", hours=8)
    before = book.get_case(REPLY.case_id(turn)).review
    post(chat, 2)
    asked = ask(book, turn, draft(chat, turn, *FLAGGED, after=1))
    assert before is not None
    assert (asked.required_role, asked.due_at <= before.due_at) == ("manager", True)
    assert book.get_case(REPLY.case_id(turn)).state == "escalated"
    assert book.verify_case_log() is None


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (ChatLimits(per_minute=2), MessageRateExceeded),
        (ChatLimits(open_turns=2), TooManyOpenTurns),
        (ChatLimits(turns=2), ConversationFull),
    ],
)
def test_too_many_messages_are_refused(chat: ChatApi, limits: ChatLimits, error: type[CasebookError]):
    for number in (1, 2):
        chat.post_message(a_message(number, key=str(number)), limits)
    with pytest.raises(error):
        chat.post_message(a_message(3), limits)
    assert not chat.post_message(a_message(1, key="1"), limits).created
    assert chat.post_message(a_message(1, "eve"), limits).created


def test_rate_allows_again_after_the_time_that_it_says(chat: ChatApi, clock: SteppingClock):
    limits = ChatLimits(per_minute=2)
    for number in (1, 2):
        chat.post_message(a_message(number), limits)
    with pytest.raises(MessageRateExceeded) as refused:
        chat.post_message(a_message(3), limits)
    clock.now += timedelta(seconds=refused.value.retry_after_s)
    assert chat.post_message(a_message(3), limits).created


def test_reply_counts_once_and_at_once(chat: ChatApi):
    assert chat.set_count("bob", 3).message_count == 3
    turn = post(chat)
    send(chat, turn)
    assert chat.message_count("bob").message_count == 4
    assert [chat.count_told(), chat.count_told()] == [1, 0]
    assert chat.message_count("bob").message_count == 4


def test_reset_forgets_what_was_sent_before(chat: ChatApi):
    first, second = post(chat, 1), post(chat, 2)
    send(chat, first)
    chat.count_told()
    send(chat, second)
    SchedulesApi(chat.transactions).run_by_hand("reset-counts", "maria")
    assert chat.message_count("bob").message_count == 0
    assert chat.count_told() == 1
    assert chat.message_count("bob").message_count == 0
    send(chat, post(chat, 3))
    assert chat.message_count("bob").message_count == 1


def test_failed_turn_frees_the_next_one(chat: ChatApi):
    first, second = post(chat, 1), post(chat, 2)
    chat.begin_draft(first)
    assert chat.fail_turn(first) == "failed"
    assert waiting(chat) == [second]


def test_question_is_about_the_draft_that_is_sent(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    asked = ask(book, turn, draft(chat, turn, *FLAGGED))
    sent = ReplyDraft(round=1, text="Reply 1", model="rules")
    assert asked.assessment_hash == content_hash(sent)


def test_edited_reply_is_what_is_sent(chat: ChatApi, book: CaseBook):
    turn = post(chat)
    asked = ask(book, turn, draft(chat, turn, *FLAGGED))
    edited = EditedReply(text="Your invoice comes on Monday.")
    answer = an_answer(asked, action="send_edited").model_copy(update={"text_hash": content_hash(edited)})
    book.accept_decision(answer, ANALYST, edited)
    assert chat.follow_decision(turn, 1) == "sent"
    case = book.get_case(REPLY.case_id(turn))
    assert isinstance(case, ReplyCaseView)
    assert (chat.turn(turn).reply, case.edited) == (edited.text, edited)
    assert book.verify_case_log() is None
    assert verify_export(exported(book, case.case_id)).broken is None


def test_conversation_is_read_a_page_at_a_time(chat: ChatApi):
    for number in range(1, 6):
        send(chat, post(chat, number))
    page = chat.conversation("bob", limit=2)
    assert [turn.message for turn in page.items] == ["Message 4", "Message 5"]
    before = chat.conversation("bob", limit=2, cursor=page.next_cursor)
    assert [turn.message for turn in before.items] == ["Message 2", "Message 3"]
    with pytest.raises(ConversationNotFound):
        chat.conversation("eve")


def test_whole_words_do_not_spell_out_a_conversation(chat: ChatApi):
    said = "Rechnung an mariana.kellermann@example.com, IP 203.0.113.77, Order 4512345"
    send(chat, chat.post_message(a_message(1, message=said), NO_LIMITS).turn.turn_id)

    def found(words: str) -> bool:
        return len(chat.conversation("bob", search=words, whole_words=True).items) == 1

    assert [found(words) for words in ("rechnung", "kellermann", "4512345")] == [True] * 3
    assert [found(words) for words in ("rech", "kell", "k", "77", "203.0", "45123")] == [False] * 6


def test_conversation_is_searched_by_all_words(chat: ChatApi):
    for number, said in enumerate(("Wo ist meine RECHNUNG?", "Eine Straße in Kraków"), start=1):
        turn = chat.post_message(a_message(number, message=said), NO_LIMITS).turn.turn_id
        send(chat, turn)

    def found(words: str) -> list[int]:
        return [turn.position for turn in chat.conversation("bob", search=words).items]

    assert [found("rechnung wo"), found("krakow"), found("strasse"), found("rechnung krakow"), found("?!")] == [
        [1],
        [2],
        [2],
        [],
        [],
    ]
