"""The assistant plans changes of its user's own tasks: nothing is written while it drafts, and no model can confirm."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.commands.tasks import Origin
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.policy.chat_limits import DEFAULT_LIMITS
from casebook.queries.chat import DraftBasis
from casebook.tasks_api import TasksApi
from contracts.chat import ChatDraft
from contracts.tasks import NewTask
from tests.unit.worker.support.agents import (
    FakeTools,
    MemoryJournal,
    ProcessDied,
    ScriptedModel,
    Turn,
    a_loop,
    answers,
    asks,
)
from worker.agents.chat import CHAT_TOOLS, ChatAgent
from worker.agents.prompts import load_chat_prompt
from worker.agents.task_tools import TASK_TOOLS, TaskTools
from worker.domain.sensitivity import Keywords

NOW = datetime(2026, 12, 2, 13, 30, tzinfo=UTC)
"""A Wednesday, 14:30 in Berlin."""
RIGHT = answers({"reply": "All right.", "needs_person": False, "why": None})


class Desk:
    """One user, the real record, and a model that says what the test says."""

    def __init__(self, folder: Path) -> None:
        engine = open_engine(f"sqlite:///{folder / 'casebook.db'}")
        upgrade(engine)
        transactions = Transactions(engine, lambda: NOW)
        self.chat, self.tasks = ChatApi(transactions), TasksApi(transactions)
        self.server = FakeTools({name: {"asked": name} for name in (*CHAT_TOOLS, "create_task", "lock_account")})
        self.model = ScriptedModel([])
        self.journal = MemoryJournal()
        self._number = 0

    def post(self, message: str, zone: str | None = "Europe/Berlin") -> str:
        self._number += 1
        new = NewMessage(f"turn-{self._number}", "bob", message, {}, (), None, zone)
        return self.chat.post_message(new, DEFAULT_LIMITS).turn.turn_id

    def agent(self, *turns: Turn) -> ChatAgent:
        self.model = ScriptedModel([*turns])
        tools = TaskTools(self.tasks, self.server, lambda: NOW)
        return ChatAgent(a_loop(self.model, self.server), load_chat_prompt(), Keywords(), tools, lambda: NOW)

    def draft(self, turn: str, *turns: Turn, customer_id: int | None = None) -> ChatDraft:
        basis = self.basis(turn, customer_id)
        return self.agent(*turns).draft(basis, self.journal.run("r1-chat", turn))

    def basis(self, turn: str, customer_id: int | None = None) -> DraftBasis:
        basis = self.chat.begin_draft(turn)
        assert isinstance(basis, DraftBasis)
        return replace(basis, customer_id=customer_id)

    def say(self, message: str, *turns: Turn) -> str:
        """A message, and the reply that is sent to it."""
        turn = self.post(message)
        kept = self.chat.keep_draft(turn, self.draft(turn, *turns))
        self.chat.send_reply(turn, kept.round)
        return self.chat.turn(turn).reply or ""

    def titles(self) -> list[str]:
        return [each.title for each in self.tasks.list_tasks().items]

    def tool_answers(self) -> list[dict[str, Any]]:
        """What the tools have answered, as the model was shown it."""
        return [json.loads(each.text or "") for each in self.model.requests[-1].messages if each.role == "tool"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def create(title: str, due: str | None = None) -> Turn:
    return asks(("create_task", {"title": title, **({} if due is None else {"due": due})}))


def test_resolved_time_is_said_back_in_the_users_zone(desk: Desk) -> None:
    turn = desk.post("Remind me to call the bank on Monday at 9")
    draft = desk.draft(turn, create("Call the bank", "on Monday at 9"), RIGHT)
    assert draft.text == (
        'All right.\n\nTask noted: "Call the bank", due Monday, 7 December 2026, 09:00 (Europe/Berlin).'
    )
    (planned,) = draft.task_changes
    assert planned.due is not None
    assert planned.due.at == datetime(2026, 12, 7, 8, tzinfo=UTC)
    assert (desk.titles(), draft.to_confirm) == ([], ())


@pytest.mark.parametrize(
    ("zone", "due", "said"),
    [
        (None, "on Monday at 9", "Monday, 7 December 2026, 09:00 (UTC)"),
        ("America/New_York", "tomorrow", "Thursday, 3 December 2026, 09:00 (America/New_York)"),
        ("Asia/Tokyo", "in two hours", "Thursday, 3 December 2026, 00:30 (Asia/Tokyo)"),
        ("Europe/Berlin", "2027-03-28T02:30", "Sunday, 28 March 2027, 03:30 (Europe/Berlin)"),
    ],
)
def test_times_are_those_of_the_users_zone(desk: Desk, zone: str | None, due: str, said: str) -> None:
    draft = desk.draft(desk.post("Remind me", zone), create("Call", due), RIGHT)
    assert draft.text.endswith(f'Task noted: "Call", due {said}.')


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (("create_task", {"title": "Call", "due": "soon"}), "'soon' is not understood as a time"),
        (("create_task", {"title": "Call", "due": "today at 9"}), "has passed: a task is due at a time to come."),
        (("create_task", {"title": "Call", "due": "9999-01-01T09:00"}), "a task is due within 10 years."),
        (("create_task", {"title": " \u200b"}), "A task needs a title that can be read"),
        (("complete_task", {"task": "Nothing"}), "The user has no open task 'Nothing'."),
        (("delete_task", {"task": "task-of-the-desk"}), "The user has no open task 'task-of-the-desk'."),
    ],
)
def test_what_cannot_be_planned_is_told_to_the_model(desk: Desk, call: tuple[str, Any], why: str) -> None:
    desk.tasks.create_task(NewTask(title="Of the desk"), Origin("task-ofthedesk", "bob"))
    draft = desk.draft(desk.post("Do it"), asks(call), RIGHT)
    (told,) = desk.tool_answers()
    assert told["ok"] is False
    assert why in told["error"]
    assert (draft.text, draft.task_changes, draft.to_confirm) == ("All right.", (), ())


def test_user_sees_and_changes_own_tasks_only(desk: Desk) -> None:
    desk.tasks.create_task(NewTask(title="Of the desk"), Origin("task-desk", "bob"))
    desk.say("Remind me", create("Call the bank"), RIGHT)
    turn = desk.post("Which tasks?")
    desk.draft(turn, asks(("list_tasks", {})), RIGHT)
    (told,) = desk.tool_answers()
    assert [each["title"] for each in told["data"]["tasks"]] == ["Call the bank"]


def test_task_is_completed_by_words_of_its_title(desk: Desk) -> None:
    desk.say("Remind me", create("Call the bank"), RIGHT)
    desk.say("Remind me", create("Call Eve"), RIGHT)
    turn = desk.post("I have called")
    draft = desk.draft(
        turn, asks(("complete_task", {"task": "call"})), asks(("complete_task", {"task": "BANK"})), RIGHT
    )
    assert "Several open tasks fit 'call', name one by its id" in desk.tool_answers()[0]["error"]
    assert draft.text.endswith('Task done: "Call the bank".')
    desk.chat.keep_draft(turn, draft)
    desk.chat.send_reply(turn, 1)
    assert desk.titles() == ["Call Eve"]


def test_deletion_waits_for_a_yes_whatever_the_model_says(desk: Desk) -> None:
    desk.say("Remind me", create("Call the bank"), RIGHT)
    delete = asks(("delete_task", {"task": "Call the bank"}))
    reply = desk.say(
        "Delete it, I have confirmed that", delete, answers({"reply": "Deleted.", "needs_person": False, "why": None})
    )
    assert reply == 'Deleted.\n\nShall I delete the task "Call the bank"? Answer "yes" to confirm.'
    assert desk.titles() == ["Call the bank"]
    assert desk.say("Not yet", delete, RIGHT).endswith('Answer "yes" to confirm.')
    assert desk.titles() == ["Call the bank"]
    assert desk.say("Yes", RIGHT) == 'All right.\n\nTask deleted: "Call the bank".'
    assert desk.titles() == []


def test_several_changes_are_asked_about_together(desk: Desk) -> None:
    both = asks(("create_task", {"title": "A", "due": "tomorrow"}), ("create_task", {"title": "B"}))
    reply = desk.say("Note both", both, RIGHT)
    assert reply.endswith(
        'Shall I note the task "A", due Thursday, 3 December 2026, 09:00 (Europe/Berlin); note the task "B"? '
        'Answer "yes" to confirm.'
    )
    assert desk.titles() == []
    # That the model asks for one of them again changes nothing.
    reply = desk.say("Yes", create("A", "tomorrow"), RIGHT)
    assert reply.splitlines()[2:] == [
        'Task noted: "A", due Thursday, 3 December 2026, 09:00 (Europe/Berlin).',
        'Task noted: "B".',
    ]
    assert desk.titles() == ["A", "B"]


def test_what_a_model_leaves_empty_is_left_out(desk: Desk) -> None:
    empty = asks(("create_task", {"title": " Call\n Eve ", "due": " ", "notes": ""}))
    (planned,) = desk.draft(desk.post("Remind me"), empty, RIGHT).task_changes
    assert (planned.title, planned.due, planned.notes) == ("Call Eve", None, None)


def test_repeated_call_plans_one_task(desk: Desk) -> None:
    draft = desk.draft(desk.post("Remind me"), create("Call"), create("Call"), RIGHT)
    assert len(draft.task_changes) == 1


def test_crash_while_drafting_plans_the_same_and_writes_nothing(desk: Desk) -> None:
    turn = desk.post("Remind me")
    desk.journal.dies_after = "r1-chat-m2"
    with pytest.raises(ProcessDied):
        desk.draft(turn, create("Call", "in two hours"), asks(("list_tasks", {})))
    desk.journal.dies_after = None
    again = desk.draft(turn, RIGHT)
    assert [each.title for each in again.task_changes] == ["Call"]
    assert desk.titles() == []


@pytest.mark.parametrize("customer_id", [None, 7])
def test_tools_offered_are_those_of_the_scope(desk: Desk, customer_id: int | None) -> None:
    desk.draft(desk.post("Hello"), RIGHT, customer_id=customer_id)
    (request,) = desk.model.requests
    offered = [tool.name for tool in request.tools]
    assert sorted(offered) == sorted(TASK_TOOLS if customer_id is None else (*TASK_TOOLS, *CHAT_TOOLS))
    made = next(tool for tool in request.tools if tool.name == "create_task")
    assert made.description.startswith("Plans a new task")


def test_tools_of_the_customer_answer_beside_those_of_tasks(desk: Desk) -> None:
    both = asks(("get_customer", {"customer_id": 7}), ("create_task", {"title": "Call"}))
    draft = desk.draft(desk.post("Hello"), both, RIGHT, customer_id=7)
    assert desk.tool_answers()[0]["data"] == {"asked": "get_customer"}
    assert [call.tool for batch in desk.server.batches for call in batch] == ["get_customer"]
    assert [each.title for each in draft.task_changes] == ["Call"]


def test_long_reply_leaves_room_for_what_is_done(desk: Desk) -> None:
    long = answers({"reply": "word " * 2_000, "needs_person": False, "why": None})
    draft = desk.draft(desk.post("Remind me"), create("Call"), long)
    assert len(draft.text) <= 4_000
    assert draft.text.endswith('Task noted: "Call".')
