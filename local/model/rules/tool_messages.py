"""Reads what the tools have answered in a conversation."""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from local.model.request import Message
from screening.tool_answers import Answers, ToolAnswer


def read_answers(messages: Sequence[Message]) -> tuple[Answers, frozenset[str]]:
    """The answers, in order, and the names of all tools that were asked for, answered or not."""
    calls = {call.id: call.function.name for message in messages for call in message.tool_calls or ()}
    answers = tuple(_read_answer(message, calls) for message in messages if message.role == "tool")
    return Answers(answers), frozenset(calls.values())


def _read_answer(message: Message, calls: Mapping[str, str]) -> ToolAnswer:
    tool = calls.get(message.tool_call_id or "", "unknown")
    try:
        content: JsonValue = json.loads(message.text)
    except (ValueError, RecursionError):
        return ToolAnswer(tool, None, error="the answer was not JSON")
    if not isinstance(content, dict):
        return ToolAnswer(tool, None, error="the answer was not a JSON object")
    named = content.get("evidence_id")
    evidence_id = named if isinstance(named, str) else None
    if content.get("ok") is not True:
        return ToolAnswer(tool, evidence_id, error=str(content.get("error") or "no reason given"))
    return ToolAnswer(tool, evidence_id, data=content.get("data"))
