"""Agents of other systems: they ask in plain words, with tools of their own names."""

import json
from typing import Any

import pytest
from pydantic import JsonValue

from local.model.assistant import respond
from local.model.request import parse_request
from local.model.turn import Turn
from tests.unit.local.model.casefile import CUSTOMER, JsonObject, usage_days

PROMPT = """
Analyze the usage patterns for customer 7.
Alert type: data_spike
Severity: high

Respond in this format:
FINDINGS: [Your detailed findings]
RISK_SCORE: [0.0-1.0]
"""
SPIKE = [*([1.0] * 27), 90.0, 95.0, 99.0]


def tool(name: str, *properties: str) -> JsonObject:
    parameters = {"type": "object", "properties": {each: {"type": "integer"} for each in properties}}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


TOOLS = [
    tool("get_customer_detail", "customer_id"),
    tool("get_data_usage", "customer_id", "days"),
    tool("lock_account", "customer_id"),
    tool("search_knowledge_base", "query"),
]


def turn(messages: list[JsonObject], **more: Any) -> Turn:
    body = {"model": "gpt-4o", "messages": messages, "tools": TOOLS, **more}
    return respond(parse_request(json.dumps(body).encode())).turn


def answered(first: Turn, records: dict[str, JsonValue], prompt: str = PROMPT) -> list[JsonObject]:
    calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for n, call in enumerate(first.tool_calls)
    ]
    results = [
        {"role": "tool", "tool_call_id": f"call_{n}", "content": json.dumps(records[call.name])}
        for n, call in enumerate(first.tool_calls)
    ]
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": None, "tool_calls": calls}, *results]


def usage(*gb: float) -> JsonObject:
    return {"customer_id": 7, "days": usage_days(*gb), "average_gb": 1.0, "peak_gb": max(gb), "cap_gb": 50.0}


def test_offered_readers_are_called_for_the_named_customer() -> None:
    calls = turn([{"role": "user", "content": PROMPT}]).tool_calls
    assert [call.name for call in calls] == ["get_customer_detail", "get_data_usage"]
    assert all(json.loads(call.arguments)["customer_id"] == 7 for call in calls)


def test_no_tool_is_called_when_nobody_is_named() -> None:
    assert turn([{"role": "user", "content": "How are you?"}]).tool_calls == ()
    assert turn([{"role": "user", "content": PROMPT}], tool_choice="none").tool_calls == ()


def test_answers_of_other_names_are_judged_by_the_rules() -> None:
    first = turn([{"role": "user", "content": PROMPT}])
    scores: dict[str, float] = {}
    for name, days in {"benign": [1.0] * 30, "spike": SPIKE}.items():
        records: dict[str, JsonValue] = {"get_customer_detail": CUSTOMER, "get_data_usage": usage(*days)}
        text = turn(answered(first, records)).text or ""
        assert text.startswith("FINDINGS: ")
        scores[name] = float(text.rsplit("RISK_SCORE:", 1)[1])
    assert scores["benign"] < 0.6 <= scores["spike"]


def test_answer_wrapped_in_a_content_part_is_read() -> None:
    first = turn([{"role": "user", "content": PROMPT}])
    wrapped: dict[str, JsonValue] = {
        name: [{"type": "text", "text": json.dumps(record)}]
        for name, record in {"get_customer_detail": CUSTOMER, "get_data_usage": usage(*SPIKE)}.items()
    }
    assert "RISK_SCORE: 0." in (turn(answered(first, wrapped)).text or "")


def test_unreadable_answers_give_no_score() -> None:
    first = turn([{"role": "user", "content": PROMPT}])
    text = turn(answered(first, {"get_customer_detail": "gone", "get_data_usage": "gone"})).text or ""
    assert "RISK_SCORE" not in text


def test_next_question_of_a_conversation_calls_the_tools_again() -> None:
    first = turn([{"role": "user", "content": PROMPT}])
    records: dict[str, JsonValue] = {"get_customer_detail": CUSTOMER, "get_data_usage": usage(1.0)}
    later = [
        *answered(first, records),
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": "And customer_id: 8?"},
    ]
    assert {json.loads(call.arguments)["customer_id"] for call in turn(later).tool_calls} == {8}


@pytest.mark.parametrize(
    "moment",
    ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59"],
)
def test_moments_at_the_ends_of_the_calendar_are_read(moment: str) -> None:
    """As systems write that have no end for a contract, or no beginning."""
    first = turn([{"role": "user", "content": PROMPT}])
    records: dict[str, JsonValue] = {
        "get_customer_detail": {**CUSTOMER, "changed_at": moment},
        "get_data_usage": {"days": [{"day": moment[:10], "gb": 1.0}, *usage_days(*SPIKE)]},
    }
    said = turn(answered(first, records))
    assert "RISK_SCORE" in (said.text or "") or "There is no score." in (said.text or "")


@pytest.mark.parametrize("number", ["0", "-7", "9" * 15, "9" * 16, "9" * 5_000])
def test_a_customer_that_cannot_be_is_answered(number: str) -> None:
    prompt = PROMPT.replace("customer 7", f"customer {number}")
    first = turn([{"role": "user", "content": prompt}])
    records: dict[str, JsonValue] = {"get_customer_detail": CUSTOMER, "get_data_usage": usage(*SPIKE)}
    said = turn(answered(first, records, prompt))
    assert said.text
