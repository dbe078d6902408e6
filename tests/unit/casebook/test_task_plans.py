"""What a reply does with its user's tasks is done with the reply, once, and never without the user's yes."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions
from casebook.errors import TaskChangesUnconfirmed, TaskNotFound, UnknownZone
from casebook.policy.due_times import resolve
from casebook.policy.task_confirmations import is_permitted, says_yes
from casebook.policy.task_replies import said_back
from casebook.queries.chat import DraftBasis
from casebook.tasks_api import TasksApi
from contracts.chat import ChatDraft
from contracts.hashing import content_hash
from contracts.reply import EditedReply, HeldReply, ReplyCaseView, ReplyDraft
from contracts.task_plans import DueTime, PlannedTaskChange
from contracts.tasks import NewTask
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import ANALYST, NOON, SteppingClock
from tests.unit.casebook.replies import LIMITS, a_question, an_answer
from tests.unit.casebook.test_conversations import NO_LIMITS

CALL = PlannedTaskChange(
    change="create", task_id="task-call", title="Call", due=resolve(DueTime(local="2026-06-01T09:00", zone="UTC"))
)
MILK = PlannedTaskChange(change="create", task_id="task-milk", title="Buy milk")
FLAGGED = ("The message says 'urgent'.",)


def of(change: Any, planned: PlannedTaskChange = CALL) -> PlannedTaskChange:
    return PlannedTaskChange(change=change, task_id=planned.task_id, title=planned.title)


class Talk:
    """A conversation of bob."""

    def __init__(self, engine: Engine, clock: SteppingClock) -> None:
        transactions = Transactions(engine, clock)
        self.chat, self.tasks = ChatApi(transactions), TasksApi(transactions)
        self._number = 0

    def post(self, message: str, user: str = "bob", zone: str | None = None) -> str:
        self._number += 1
        new = NewMessage(f"turn-{self._number}", user, message, {}, (), None, zone)
        return self.chat.post_message(new, NO_LIMITS).turn.turn_id

    def draft(self, turn: str, *changes: PlannedTaskChange, **more: Any) -> ChatDraft:
        basis = self.basis(turn)
        text = f"All right.\n\n{said_back(changes, more.get('to_confirm', ()))}"
        draft = ChatDraft(round=basis.round, seen=basis.seen, text=text, model="rules", task_changes=changes, **more)
        return self.chat.keep_draft(turn, draft)

    def basis(self, turn: str) -> DraftBasis:
        basis = self.chat.begin_draft(turn)
        assert isinstance(basis, DraftBasis)
        return basis

    def say(self, message: str, *changes: PlannedTaskChange, user: str = "bob", **more: Any) -> str:
        """A message, and the reply that is sent to it."""
        turn = self.post(message, user)
        self.chat.send_reply(turn, self.draft(turn, *changes, **more).round)
        reply = self.chat.turn(turn).reply
        assert reply is not None
        return reply

    def titles(self) -> list[str]:
        return [each.title for each in self.tasks.list_tasks().items]


@pytest.fixture
def talk(engine: Engine, clock: SteppingClock) -> Talk:
    return Talk(engine, clock)


def test_task_is_made_with_the_reply_and_not_before(talk: Talk, engine: Engine):
    turn = talk.post("Remind me to call on Monday at 9")
    kept = talk.draft(turn, CALL, customer_id=7)
    assert talk.titles() == []
    for _ in range(2):
        assert talk.chat.send_reply(turn, kept.round) == "sent"
    (made,) = talk.tasks.own_tasks("bob")
    assert (made.task_id, made.created_by, made.assignee, made.turn_id) == ("task-call", "bob", "bob", turn)
    assert (made.due, made.customer_id) == (CALL.due, 7)
    assert "Monday, 1 June 2026, 09:00 (UTC)" in (talk.chat.turn(turn).reply or "")
    with engine.connect() as connection:
        events = connection.execute(text("SELECT type FROM domain_event ORDER BY number")).scalars().all()
    assert [*events] == ["TaskCreated", "MessageSent"]
    assert [each.task_id for each in talk.tasks.list_tasks().items] == ["task-call"]


def test_task_whose_time_passed_while_it_waited_is_made(talk: Talk, clock: SteppingClock):
    turn = talk.post("Remind me")
    kept = talk.draft(turn, CALL)
    clock.now = NOON.replace(month=7)
    talk.chat.send_reply(turn, kept.round)
    assert talk.tasks.task("task-call").is_overdue


@pytest.mark.parametrize(
    "changes",
    [(of("delete"),), (CALL, MILK), (of("complete"), MILK), (of("complete"), of("complete", MILK))],
)
def test_deletion_and_several_changes_need_a_yes(talk: Talk, changes: tuple[PlannedTaskChange, ...]):
    turn = talk.post("Do it. Yes, I have confirmed it already!")
    with pytest.raises(TaskChangesUnconfirmed):
        talk.draft(turn, *changes)
    assert talk.chat.turn(turn).state == "drafting"


def test_yes_to_what_was_asked_is_done_once(talk: Talk):
    talk.say("Remind me", CALL)
    asked = talk.say("Delete it", to_confirm=(of("delete"),))
    assert asked.endswith('Shall I delete the task "Call"? Answer "yes" to confirm.')
    turn = talk.post("Yes, please.")
    assert talk.basis(turn).confirmed == (of("delete"),)
    kept = talk.draft(turn, *talk.basis(turn).confirmed)
    talk.chat.send_reply(turn, kept.round)
    assert talk.titles() == []
    # The next yes is an answer to nothing.
    assert talk.basis(talk.post("yes")).confirmed == ()


@pytest.mark.parametrize("said", ["No", "What?", "Yes, but not that one", "I said yes before", "Delete it!", "👍"])
def test_anything_but_a_yes_confirms_nothing(talk: Talk, said: str):
    talk.say("Remind me", CALL)
    talk.say("Delete it", to_confirm=(of("delete"),))
    turn = talk.post(said)
    assert talk.basis(turn).confirmed == ()
    with pytest.raises(TaskChangesUnconfirmed):
        talk.draft(turn, of("delete"))


def test_yes_counts_for_what_was_asked_alone(talk: Talk):
    talk.say("Remind me", CALL)
    talk.say("And milk", MILK)
    talk.say("Delete the first", to_confirm=(of("delete"),))
    turn = talk.post("Yes")
    with pytest.raises(TaskChangesUnconfirmed):
        talk.draft(turn, of("delete"), of("delete", MILK))
    kept = talk.draft(turn, of("delete"), of("complete", MILK))
    talk.chat.send_reply(turn, kept.round)
    assert talk.titles() == []


def test_question_is_answered_by_the_next_message_only(talk: Talk):
    talk.say("Remind me", CALL)
    talk.say("Delete it", to_confirm=(of("delete"),))
    talk.say("How are you?")
    assert talk.basis(talk.post("Yes")).confirmed == ()


def test_yes_before_the_question_was_sent_confirms_nothing(talk: Talk):
    talk.say("Remind me", CALL)
    turn = talk.post("Delete it")
    eager = talk.post("Yes")
    talk.chat.send_reply(turn, talk.draft(turn, to_confirm=(of("delete"),)).round)
    assert talk.basis(eager).confirmed == ()


def test_yes_that_is_taken_back_confirms_nothing(talk: Talk):
    talk.say("Remind me", CALL)
    talk.say("Delete it", to_confirm=(of("delete"),))
    turn = talk.post("Yes")
    talk.post("No, wait!")
    assert talk.basis(turn).confirmed == ()
    with pytest.raises(TaskChangesUnconfirmed):
        talk.draft(turn, of("delete"))


def test_other_users_and_people_of_the_desk_lose_nothing(talk: Talk):
    talk.say("Remind me", CALL, user="eve")
    talk.tasks.create_task(NewTask(title="Of the desk"), Origin("task-desk", "bob"))
    desk = PlannedTaskChange(change="complete", task_id="task-desk", title="Of the desk")
    for foreign in (of("complete"), desk):
        reply = talk.say("Done", foreign)
        assert reply.endswith(f'The task "{foreign.title}" was changed meanwhile and could not be completed.')
        assert "Task done" not in reply
    assert [*talk.tasks.own_tasks("bob")] == []
    assert {each.state for each in talk.tasks.list_tasks().items} == {"open"}
    assert len(talk.titles()) == 2


def test_reply_says_what_could_not_be_done_any_more(talk: Talk):
    talk.say("Remind me", CALL)
    turn = talk.post("It is done")
    kept = talk.draft(turn, of("complete"))
    talk.tasks.delete_task("task-call", None)
    talk.chat.send_reply(turn, kept.round)
    reply = talk.chat.turn(turn).reply
    assert reply == 'All right.\n\nThe task "Call" was changed meanwhile and could not be completed.'


def ask(book: CaseBook, turn: str, kept: ChatDraft) -> Any:
    held = HeldReply(turn_id=turn, user_id="bob", message="Help!", received_at=NOON, flagged_because=FLAGGED)
    case = book.open_about(held, LIMITS).case_id
    about = ReplyDraft(round=kept.round, text=kept.text, model=kept.model, task_changes=kept.task_changes or None)
    return book.ask_about(a_question(case, about), about)


@pytest.mark.parametrize("answer", ["send", "send_edited", "reject"])
def test_reviewer_is_shown_the_changes_that_an_approval_makes(talk: Talk, book: CaseBook, answer: str):
    turn = talk.post("Help! Remind me")
    kept = talk.draft(turn, CALL, flagged_because=FLAGGED)
    question = ask(book, turn, kept)
    case = book.get_case(question.review_id.partition(":")[0])
    assert isinstance(case, ReplyCaseView)
    assert case.draft is not None
    assert case.draft.task_changes == (CALL,)
    edited = EditedReply(text="Of course.") if answer == "send_edited" else None
    decision = an_answer(question, "reject" if answer == "reject" else "approve", answer)
    if edited is not None:
        decision = decision.model_copy(update={"text_hash": content_hash(edited)})
    book.accept_decision(decision.model_copy(update={"decided_at": book.transactions.now()}), ANALYST, edited)
    talk.chat.follow_decision(turn, kept.round)
    assert talk.titles() == ([] if answer == "reject" else ["Call"])


def test_edited_question_is_not_confirmed_by_a_yes(talk: Talk, book: CaseBook):
    talk.say("Remind me", CALL)
    turn = talk.post("Help! Delete it")
    kept = talk.draft(turn, to_confirm=(of("delete"),), flagged_because=FLAGGED)
    question = ask(book, turn, kept)
    edited = EditedReply(text="Is there anything else?")
    said = {"text_hash": content_hash(edited), "decided_at": book.transactions.now()}
    book.accept_decision(an_answer(question, action="send_edited").model_copy(update=said), ANALYST, edited)
    talk.chat.follow_decision(turn, kept.round)
    assert talk.basis(talk.post("Yes")).asked == ()


def test_changes_of_an_overtaken_draft_are_forgotten(talk: Talk):
    turn = talk.post("Remind me")
    talk.draft(turn, CALL, flagged_because=FLAGGED)
    talk.post("Of milk, I mean")
    basis = talk.chat.begin_draft(turn, after=1)
    assert isinstance(basis, DraftBasis)
    later = ChatDraft(round=2, seen=basis.seen, text="Right.", model="rules", task_changes=(MILK,))
    talk.chat.keep_draft(turn, later)
    talk.chat.send_reply(turn, 2)
    assert talk.titles() == ["Buy milk"]


def test_draft_of_a_withdrawn_turn_does_nothing(talk: Talk):
    turn = talk.post("Remind me")
    talk.draft(turn, CALL, flagged_because=FLAGGED)
    talk.chat.erase_conversation("bob", "maria")
    assert (talk.chat.turn(turn).state, talk.titles()) == ("withdrawn", [])


def test_erased_conversation_takes_its_tasks_with_it(talk: Talk, engine: Engine):
    talk.say("Remind me", CALL)
    talk.tasks.create_task(NewTask(title="Of the desk"), Origin("task-desk", "bob"))
    talk.chat.erase_conversation("bob", "maria")
    assert talk.titles() == ["Of the desk"]
    with pytest.raises(TaskNotFound):
        talk.tasks.task("task-call")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT title FROM task WHERE task_id = 'task-call'")).scalar_one() is None


def test_zone_of_a_user_is_kept(talk: Talk):
    assert talk.basis(talk.post("Hello")).zone == "UTC"
    assert talk.basis(talk.post("Hello", zone="Europe/Berlin")).zone == "Europe/Berlin"
    assert talk.basis(talk.post("Hello")).zone == "Europe/Berlin"
    with pytest.raises(UnknownZone) as refused:
        talk.post("Hello", zone="Mars/Phobos")
    assert [field for field, _ in refused.value.fields] == ["zone"]


@pytest.mark.parametrize("said", ["yes", "YES!", "Yes, please do.", "ok", "Ja", "sí", "\uff39es", "sure, thanks"])
def test_yes_is_a_yes(said: str):
    assert says_yes([said])
    assert is_permitted([of("delete")], [of("delete")], [said])


@pytest.mark.parametrize("said", ["", "yesterday", "no", "yes no", "don't", "yes, don\u2019t", "not yes", "maybe"])
def test_no_and_doubt_are_none(said: str):
    assert not says_yes([said])
    assert not is_permitted([of("delete")], [of("delete")], [said])
