"""The steps of a turn over a real record: whatever is repeated, one reply is drafted, and one is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from durabletask import task

from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.events_api import EventsApi
from casebook.policy.chat_limits import DEFAULT_LIMITS
from casebook.tasks_api import TasksApi
from contracts.steps import ChatTurnOrder, DraftReplyInput, TurnRoundInput
from tests.unit.worker.agents.test_chat import reply
from tests.unit.worker.support.agents import FakeTools, ScriptedModel, Turn
from tests.unit.worker.support.cases import NOON
from worker.activities.chat import ChatSteps
from worker.agents.chat import ChatAgent, NoReply
from worker.agents.limits import Limits
from worker.agents.loop import AgentLoop
from worker.agents.prompts import load_chat_prompt
from worker.agents.task_tools import TaskTools
from worker.domain.sensitivity import Keywords
from worker.ports.model import ModelUnavailable

CTX = task.ActivityContext("chat-turn-1", 1)
DRAFTING = DraftReplyInput(turn_id="turn-1", after=0)
FIRST = TurnRoundInput(turn_id="turn-1", round=1)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[ChatApi]:
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    yield ChatApi(Transactions(engine))
    engine.dispose()


def steps(chat: ChatApi, *turns: Turn) -> tuple[ChatSteps, ScriptedModel]:
    model = ScriptedModel([*turns])
    loop = AgentLoop(
        model, FakeTools({}), Limits(retries=0), monotonic=lambda: 0.0, now=lambda: NOON, pause=lambda _: None
    )
    tasks = TaskTools(TasksApi(chat.transactions), FakeTools({}), lambda: NOON)
    return ChatSteps(chat, ChatAgent(loop, load_chat_prompt(), Keywords(), tasks, lambda: NOON)), model


def post(chat: ChatApi, text: str = "Hello", number: int = 1) -> None:
    chat.post_message(NewMessage(f"turn-{number}", "bob", text, {}, (), None), DEFAULT_LIMITS)


def test_harmless_message_is_drafted_and_sent(chat: ChatApi):
    post(chat)
    work, model = steps(chat, reply())
    drafted = work.draft_reply(CTX, DRAFTING).drafted
    assert drafted is not None
    assert not drafted.is_flagged
    assert work.send_reply(CTX, FIRST).state == "sent"
    assert work.send_reply(CTX, FIRST).state == "sent"
    assert (chat.turn("turn-1").reply, len(model.requests)) == ("Hi Bob!", 1)
    events = EventsApi(chat.transactions).events_after(0)
    assert [event.type for _, event in events] == ["casewright.MessageSent"]


def test_repeated_draft_asks_no_model_again(chat: ChatApi):
    post(chat, "It is urgent")
    work, _ = steps(chat, reply())
    first = work.draft_reply(CTX, DRAFTING)
    assert work.draft_reply(CTX, DRAFTING) == first
    assert first.drafted is not None
    assert first.drafted.is_flagged


def test_answer_that_was_paid_for_survives_a_crash(chat: ChatApi, monkeypatch: pytest.MonkeyPatch):
    post(chat)
    work, _ = steps(chat, reply())
    with monkeypatch.context() as patch:
        patch.setattr(chat, "keep_draft", _crash)
        with pytest.raises(SystemError):
            work.draft_reply(CTX, DRAFTING)
    again, model = steps(chat)
    assert again.draft_reply(CTX, DRAFTING).drafted is not None
    assert model.requests == []


def _crash(*_: object) -> None:
    raise SystemError


def test_flagged_draft_is_not_sent_by_itself(chat: ChatApi):
    post(chat, "It is urgent")
    work, _ = steps(chat, reply())
    work.draft_reply(CTX, DRAFTING)
    with pytest.raises(Exception, match="no draft that could be used"):
        work.send_reply(CTX, FIRST)
    assert chat.turn("turn-1").reply is None


def test_outage_without_a_flag_gives_the_turn_up(chat: ChatApi):
    post(chat)
    work, _ = steps(chat, ModelUnavailable("Overloaded."))
    with pytest.raises(NoReply):
        work.draft_reply(CTX, DRAFTING)
    assert work.give_up_turn(CTX, ChatTurnOrder(turn_id="turn-1")).state == "failed"


def test_withdrawn_turn_is_not_drafted(chat: ChatApi):
    post(chat)
    chat.erase_conversation("bob", "maria")
    work, model = steps(chat)
    result = work.draft_reply(CTX, DRAFTING)
    assert (result.ended, result.drafted, model.requests) == ("withdrawn", None, [])


def test_conversation_erased_while_drafting_sends_nothing(chat: ChatApi):
    post(chat)
    work, _ = steps(chat, reply())
    work.draft_reply(CTX, DRAFTING)
    chat.erase_conversation("bob", "maria")
    assert work.send_reply(CTX, FIRST).state == "withdrawn"
    assert EventsApi(chat.transactions).events_after(0)[-1][1].type == "casewright.ConversationErased"


def test_spend_of_a_turn_is_on_record(chat: ChatApi):
    post(chat)
    work, _ = steps(chat, reply())
    work.draft_reply(CTX, DRAFTING)
    assert chat.spent_on_turn("turn-1").output_tokens == 100
