"""What a customer asks about tasks: notes, lists, completes and deletes them by the tools that are offered.

When something is due is passed on in the customer's words: the tool understands them, or says that it does not.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from local.model.request import Function
from local.model.turn import ToolRequest
from screening.tool_answers import Answers, ToolAnswer

Tool = Literal["create_task", "list_tasks", "complete_task", "delete_task"]

_NUMBER = r"(?:an?|half an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d{1,4})"
_WEEKDAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?)"
)
_PART = "|".join(
    (
        rf"in {_NUMBER} (?:second|minute|hour|day|week)s?",
        "today|tonight|tomorrow|(?:the )?day after tomorrow",
        rf"(?:(?:on|by|this) )?(?:next )?{_WEEKDAY}(?: (?:morning|afternoon|evening|night))?",
        "(?:this|tomorrow) (?:morning|afternoon|evening|night)",
        rf"(?:(?:on|by) )?(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?",
        rf"(?:(?:on|by) )?{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?",
        r"(?:on |at )?\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2})?",
        r"(?:at|by) \d{1,2}(?:[:.]\d{2})? ?(?:am|pm|o'clock)?|\d{1,2} ?(?:am|pm)",
        "at (?:noon|midnight)|in the (?:morning|afternoon|evening)",
    )
)
_WHEN = rf"(?:{_PART})(?:,? (?:{_PART}))*"
_REMIND = re.compile(
    rf"\bremind me(?: (?P<early>{_WHEN}))? (?:to|about|of) (?P<title>.+?)(?:,? (?P<late>{_WHEN}))?[.!]*$", re.IGNORECASE
)
_CREATE = re.compile(
    rf"\b(?:create|add|make|note|new) (?:an? |the )?(?:new )?(?:task|to-?do|reminder)(?: to|:| that says)? "
    rf"(?P<title>.+?)(?:,? (?P<late>{_WHEN}))?[.!]*$",
    re.IGNORECASE,
)
_LIST = re.compile(r"\b(?:list|show|what are|which are|tell me)\b.*\b(?:tasks|reminders|to-?dos)\b", re.IGNORECASE)
_TASK = r"(?:the |my )?(?:task|to-?do|reminder)s?"
_ALL = re.compile(rf"\b(?P<verb>complete|finish|delete|remove|cancel) all (?:of )?{_TASK}\b", re.IGNORECASE)
_COMPLETE = re.compile(
    rf"\b(?:complete|finish|close) {_TASK}:? (?P<title>.+?)[.!]*$|\bmark (?:{_TASK} )?(?P<title2>.+?) as done\b",
    re.IGNORECASE,
)
_DELETE = re.compile(rf"\b(?:delete|remove|cancel) {_TASK}(?::| about| to)? (?P<title>.+?)[.!]*$", re.IGNORECASE)
_QUOTES = "\"'\u201c\u201d\u2018\u2019\u00ab\u00bb "
MOST = 10
"""How many tasks one message is about."""


@dataclass(frozen=True)
class TaskRequest:
    """What a message wants of tasks."""

    tool: Tool
    arguments: Mapping[str, str]
    of_all: bool = False
    """Of every open task, which have to be listed first."""

    def next_calls(
        self, tools: Sequence[Function], answers: Answers, called: frozenset[str]
    ) -> tuple[ToolRequest, ...]:
        """The calls that are still to be made, of the tools that were offered."""
        if self.tool not in {tool.name for tool in tools} or self.tool in called:
            return ()
        if not self.of_all:
            return (ToolRequest(self.tool, json.dumps({**self.arguments}, ensure_ascii=False)),)
        if "list_tasks" not in called:
            return (ToolRequest("list_tasks", "{}"),)
        return tuple(
            ToolRequest(self.tool, json.dumps({"task": task["task_id"]}))
            for task in _listed(answers.of("list_tasks"))[:MOST]
        )

    def reply(self, answers: Answers) -> str:
        """What is said; what is done stands below it, by the word of whoever does it."""
        answer = answers.of(self.tool) or (answers.of("list_tasks") if self.of_all else None)
        if answer is None:
            return "I cannot keep tasks here."
        if not answer.ok:
            return answer.error or "I could not do that just now."
        if answer.tool != "list_tasks":
            return "All right."
        tasks = _listed(answer)
        if not tasks:
            return "You have no open task."
        named = "; ".join(f'"{each["title"]}"{_due(each)}' for each in tasks)
        return f"You have {len(tasks)} open {'task' if len(tasks) == 1 else 'tasks'}: {named}."


def read_task_request(message: str) -> TaskRequest | None:
    """What a message wants of tasks; None when it wants nothing of them."""
    said = " ".join(message.split())
    for pattern in (_REMIND, _CREATE):
        found = pattern.search(said)
        if found is not None:
            return _new_task(found)
    if _LIST.search(said):
        return TaskRequest("list_tasks", {})
    found = _ALL.search(said)
    if found is not None:
        tool: Tool = "complete_task" if found["verb"].lower() in ("complete", "finish") else "delete_task"
        return TaskRequest(tool, {}, of_all=True)
    found = _COMPLETE.search(said)
    if found is not None:
        return TaskRequest("complete_task", {"task": _unquoted(found["title"] or found["title2"])})
    found = _DELETE.search(said)
    return None if found is None else TaskRequest("delete_task", {"task": _unquoted(found["title"])})


def _new_task(found: re.Match[str]) -> TaskRequest:
    title = _unquoted(found["title"])
    early = found.groupdict().get("early")
    when = " ".join(part for part in (early, found["late"]) if part)
    arguments = {"title": title[:1].upper() + title[1:]}
    return TaskRequest("create_task", {**arguments, "due": when} if when else arguments)


def _unquoted(text: str) -> str:
    return text.strip(_QUOTES)


def _listed(answer: ToolAnswer | None) -> list[dict[str, JsonValue]]:
    data = answer.data if answer is not None and isinstance(answer.data, dict) else {}
    listed = data.get("tasks")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _due(task: Mapping[str, JsonValue]) -> str:
    return f", due {task['due']}" if task.get("due") else ""
