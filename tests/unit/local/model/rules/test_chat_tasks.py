"""The rules model keeps tasks by the tools that it is offered, and repeats what they answer."""

import json
from typing import Any

import pytest

from local.model.assistant import respond
from local.model.request import parse_request
from local.model.rules.tasks import read_task_request
from local.model.turn import Turn
from tests.unit.local.model.casefile import JsonObject

TOOLS: list[JsonObject] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("create_task", "list_tasks", "complete_task", "delete_task", "get_billing_summary")
]


def asked(message: str, *answers: JsonObject, tools: list[JsonObject] = TOOLS, **block: Any) -> Turn:
    """What the model says to a message, after its calls were answered."""
    said = {"user_id": "bob", "customer_id": 7, "message": message, **block}
    messages: list[JsonObject] = [{"role": "user", "content": f"```json casewright-chat\n{json.dumps(said)}\n```\n"}]
    for number, answer in enumerate(answers):
        turn = turn_of(messages, tools)
        (call,) = turn.tool_calls
        function = {"name": call.name, "arguments": call.arguments}
        messages.append(
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}],
            }
        )
        messages.append({"role": "tool", "tool_call_id": f"call_{number}", "content": json.dumps(answer)})
    return turn_of(messages, tools)


def turn_of(messages: list[JsonObject], tools: list[JsonObject]) -> Turn:
    body = {"model": "casewright-rules-1", "messages": messages, "tools": tools}
    return respond(parse_request(json.dumps(body).encode())).turn


def reply(turn: Turn) -> str:
    return json.loads(turn.text or "")["reply"]


@pytest.mark.parametrize(
    ("message", "tool", "arguments"),
    [
        (
            "Remind me to call the bank on Monday at 9",
            "create_task",
            {"title": "Call the bank", "due": "on Monday at 9"},
        ),
        ("remind me tomorrow at 9 to pay my bill!", "create_task", {"title": "Pay my bill", "due": "tomorrow at 9"}),
        ("Please create a task: send the form", "create_task", {"title": "Send the form"}),
        ("add a reminder to call Eve in two hours.", "create_task", {"title": "Call Eve", "due": "in two hours"}),
        ("Remind me of it on 3 March at 10:30", "create_task", {"title": "It", "due": "on 3 March at 10:30"}),
        ("Remind me tomorrow morning to call", "create_task", {"title": "Call", "due": "tomorrow morning"}),
        ("List my tasks", "list_tasks", {}),
        ("What are my open tasks?", "list_tasks", {}),
        ("complete the task call the bank", "complete_task", {"task": "call the bank"}),
        ("Mark \u201cCall Eve\u201d as done, please", "complete_task", {"task": "Call Eve"}),
        ('Delete my task "Call Eve".', "delete_task", {"task": "Call Eve"}),
        ("cancel the reminder about the form", "delete_task", {"task": "the form"}),
    ],
)
def test_request_becomes_one_call(message: str, tool: str, arguments: JsonObject) -> None:
    (call,) = asked(message).tool_calls
    assert (call.name, json.loads(call.arguments)) == (tool, arguments)


@pytest.mark.parametrize("message", ["How much data did I use?", "Cancel my subscription", "Do you have tasks?", "yes"])
def test_other_messages_ask_for_no_task(message: str) -> None:
    assert read_task_request(message) is None


def test_what_was_planned_is_acknowledged() -> None:
    planned: JsonObject = {"ok": True, "data": {"planned": {}, "due": "Monday", "then": "It is made."}}
    assert reply(asked("Remind me to call on Monday", planned)) == "All right."


def test_refusal_of_a_tool_is_passed_on() -> None:
    refused = {"ok": False, "error": "The user has no open task 'x'."}
    assert reply(asked("Complete the task x", refused)) == "The user has no open task 'x'."


def test_tasks_are_listed_with_their_due_times() -> None:
    tasks = [{"task_id": "task-1", "title": "Call", "due": "Monday, 09:00 (UTC)"}, {"task_id": "task-2", "title": "B"}]
    told = asked("List my tasks", {"ok": True, "data": {"tasks": tasks}})
    assert reply(told) == 'You have 2 open tasks: "Call", due Monday, 09:00 (UTC); "B".'
    assert reply(asked("List my tasks", {"ok": True, "data": {"tasks": []}})) == "You have no open task."


def test_all_tasks_are_listed_before_they_are_changed() -> None:
    tasks = [{"task_id": "task-1", "title": "Call"}, {"task_id": "task-2", "title": "B"}]
    calls = asked("Delete all my tasks", {"ok": True, "data": {"tasks": tasks}}).tool_calls
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("delete_task", {"task": "task-1"}),
        ("delete_task", {"task": "task-2"}),
    ]
    assert reply(asked("Delete all tasks", {"ok": True, "data": {"tasks": []}})) == "You have no open task."


def test_confirmed_changes_are_only_acknowledged() -> None:
    confirmed = asked("Yes", tasks={"asked": [{"change": "delete", "title": "Call"}], "confirmed": True})
    assert (confirmed.tool_calls, reply(confirmed)) == ((), "All right.")


def test_model_without_the_tools_says_so() -> None:
    assert reply(asked("List my tasks", tools=TOOLS[-1:])) == "I cannot keep tasks here."
