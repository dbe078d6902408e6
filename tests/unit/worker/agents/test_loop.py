"""The bounded tool loop: which tools it offers, what it asks of them, and what is recorded."""

import json
from typing import Any

import pytest

from tests.unit.worker.support.agents import (
    CUSTOMER,
    FakeTools,
    ScriptedModel,
    a_loop,
    a_verdict,
    an_assignment,
    answers,
    asks,
    no_journal,
    run,
)


def test_model_gets_tool_results_as_data_and_gives_verdict() -> None:
    tools = FakeTools({"get_customer": {"name": "Ada"}, "get_orders": {"orders": []}})
    model = ScriptedModel(
        [asks(("get_customer", CUSTOMER), ("get_orders", CUSTOMER)), answers(a_verdict(0.4, ["r1-location-2"]))]
    )

    result = a_loop(model, tools).run(an_assignment(tools), no_journal())

    assert result.answer is not None
    assert result.answer.risk_score == 0.4
    assert [(call.tool, call.shareable) for call in tools.batches[0]] == [("get_customer", True), ("get_orders", True)]
    system, user, asked, *told = model.requests[1].messages
    assert (system.role, user.role, asked.role) == ("system", "user", "assistant")
    assert [(message.role, message.call_id) for message in told] == [("tool", "call-1"), ("tool", "call-2")]
    assert json.loads(told[0].text or "") == {
        "evidence_id": "r1-location-1",
        "tool": "get_customer",
        "ok": True,
        "data": {"name": "Ada"},
    }


def test_every_tool_call_is_recorded_with_its_hash() -> None:
    result = run(asks(("get_customer", CUSTOMER), ("no_such_tool", CUSTOMER)), answers(a_verdict()))

    assert [(item.evidence_id, item.tool, item.arguments, item.ok) for item in result.evidence] == [
        ("r1-location-1", "get_customer", CUSTOMER, True),
        ("r1-location-2", "no_such_tool", CUSTOMER, False),
    ]
    assert result.evidence[0].result == {"name": "Ada"}
    assert [call.tool_call_id for call in result.tool_calls] == ["r1-location-1", "r1-location-2"]
    assert result.tool_calls[0].result_hash != result.tool_calls[1].result_hash
    assert (result.usage.tokens, result.usage.duration_ms, result.usage.model) == (200, 25, "scripted")


@pytest.mark.parametrize(
    ("tool", "arguments", "complaint"),
    [
        ("lock_account", CUSTOMER, "There is no tool 'lock_account'"),
        ("get_customer", "not json", "not a JSON object"),
        ("get_customer", "[7]", "not a JSON object"),
        ("get_customer", '{"customer_id": NaN}', "not a JSON object"),
        ("get_customer", {}, "'customer_id' is a required property"),
        ("get_customer", {"customer_id": "7"}, "is not of type 'integer'"),
        ("get_customer", {"customer_id": 7, "days": 0}, "less than the minimum"),
        ("get_customer", {"customer_id": 7, "sql": "drop"}, "Additional properties"),
        ("get_customer", {"customer_id": 8}, "This case is about customer 7 alone."),
    ],
)
def test_bad_tool_request_is_refused_with_its_reason(tool: str, arguments: Any, complaint: str) -> None:
    tools = FakeTools()
    model = ScriptedModel([asks((tool, arguments)), answers(a_verdict())])

    result = a_loop(model, tools).run(an_assignment(tools), no_journal())

    assert tools.batches == []
    told = json.loads(model.requests[1].messages[-1].text or "")
    assert told["ok"] is False
    assert complaint in told["error"]
    assert result.answer is not None


def test_tools_are_offered_for_the_case_s_customer_only() -> None:
    tools = FakeTools()
    model = ScriptedModel([answers(a_verdict())])

    a_loop(model, tools).run(an_assignment(tools), no_journal())

    (offered,), (described,) = model.requests[0].tools, tools.describe()
    assert offered.parameters["properties"] == {
        "customer_id": {
            "type": "integer",
            "minimum": 7,
            "maximum": 7,
            "description": "Always 7: the customer of this case.",
        },
        "days": {"type": "integer", "minimum": 1},
    }
    assert offered.parameters["required"] == described.parameters["required"]


def test_turn_with_one_bad_request_runs_the_good_ones() -> None:
    tools = FakeTools()

    result = run(asks(("get_customer", CUSTOMER), ("get_customer", {})), answers(a_verdict()), tools=tools)

    assert [call.arguments for call in tools.batches[0]] == [CUSTOMER]
    assert [item.ok for item in result.evidence] == [True, False]
    assert result.answer is not None


def test_second_wrong_request_ends_the_run() -> None:
    tools = FakeTools()

    result = run(asks(("no_such_tool", CUSTOMER)), asks(("get_customer", {})), tools=tools)

    assert result.failure == (
        "The model asked for a tool wrongly, again after it had been told why: "
        "The arguments do not fit the tool's schema: 'customer_id' is a required property."
    )
    assert tools.batches == []


def test_tool_requests_that_were_cut_off_are_not_run() -> None:
    tools = FakeTools()

    run(asks(("get_customer", CUSTOMER), finish="length"), answers(a_verdict()), tools=tools)

    assert tools.batches == []
