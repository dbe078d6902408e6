"""Tool requests of many runs, validated against the schemas of one listing."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.worker.support.agents import (
    FakeTools,
    ScriptedModel,
    a_loop,
    a_verdict,
    an_assignment,
    answers,
    asks,
    no_journal,
)
from worker.agents import toolcalls
from worker.agents.toolcalls import BadToolRequest, Toolset
from worker.ports.model import ToolRequest
from worker.ports.tools import ToolDescription

LISTING = FakeTools({"get_customer": {}, "get_orders": {}}).describe()


class ListedOnce(FakeTools):
    """Gives the same listing each time, as the tool box does for a minute."""

    def describe(self) -> tuple[ToolDescription, ...]:
        return LISTING


def a_request(tool: str, arguments: str) -> ToolRequest:
    return ToolRequest(call_id="1", tool=tool, arguments=arguments)


def test_each_run_has_its_own_tools_and_customer() -> None:
    toolset = Toolset(LISTING)
    seven, eight = toolset.scope({"get_customer"}, 7), toolset.scope({"get_customer", "get_orders"}, 8)

    assert [tool.name for tool in seven.offered] == ["get_customer"]
    assert [tool.name for tool in eight.offered] == ["get_customer", "get_orders"]
    assert seven.check(a_request("get_customer", '{"customer_id": 7}')).arguments == {"customer_id": 7}
    for scope, request in (
        (seven, a_request("get_orders", '{"customer_id": 7}')),
        (seven, a_request("get_customer", '{"customer_id": 8}')),
        (eight, a_request("get_orders", '{"customer_id": 7}')),
    ):
        with pytest.raises(BadToolRequest):
            scope.check(request)


def test_schemas_of_a_listing_are_prepared_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Counted:
        check_schema = Draft202012Validator.check_schema

        def __new__(cls, schema: dict[str, object], **more: Any) -> Draft202012Validator:
            made.append(schema)
            return Draft202012Validator(schema, **more)

    monkeypatch.setattr(toolcalls, "Draft202012Validator", Counted)
    model = ScriptedModel([asks(("get_customer", {"customer_id": 7})), answers(a_verdict())] * 3)
    loop = a_loop(model, ListedOnce({"get_customer": {}}))
    for number in range(3):
        loop.run(an_assignment(case_id=f"case-{number}"), no_journal())

    assert len(model.requests) == 6
    assert len(made) == len(LISTING)


def with_schema(schema: dict[str, Any]) -> ToolDescription:
    return ToolDescription(name="odd", description="Odd.", parameters=schema)


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"type": "object", "properties": []},
        {"type": "object", "properties": {"a": {"type": "number or so"}}},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"type": "object", "required": "a"},
        deep(40),
    ],
)
def test_tool_with_an_unusable_schema_does_not_cost_others(schema: dict[str, Any]) -> None:
    scope = Toolset((with_schema(schema), *LISTING)).scope({"odd", "get_customer"}, 7)

    assert [tool.name for tool in scope.offered] == ["get_customer"]
    assert scope.check(a_request("get_customer", '{"customer_id": 7}')).tool == "get_customer"
    with pytest.raises(BadToolRequest, match="There is no tool 'odd'"):
        scope.check(a_request("odd", "{}"))


@pytest.mark.parametrize("reference", ["#/$defs/x", "#/$defs/none", "http://127.0.0.1:9/schema.json"])
def test_schema_that_fails_on_a_value_refuses_the_request(reference: str) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": reference}}, "$defs": {"x": {"$ref": "#/$defs/x"}}}
    scope = Toolset((with_schema(schema),)).scope({"odd"}, 7)

    assert scope.check(a_request("odd", "{}")).arguments == {}
    with pytest.raises(BadToolRequest, match="the schema itself cannot be used"):
        scope.check(a_request("odd", '{"a": 1}'))


def test_schemas_may_refer_to_themselves_and_choose_among_numbers() -> None:
    schema = {"type": "object", "properties": {"more": {"$ref": "#"}, "days": {"enum": [7, 30]}}}
    scope = Toolset((with_schema(schema),)).scope({"odd"}, 7)

    assert scope.check(a_request("odd", '{"more": {"more": {"days": 7}}}')).arguments["more"] == {"more": {"days": 7}}
    with pytest.raises(BadToolRequest, match="8 is not one of"):
        scope.check(a_request("odd", '{"more": {"days": 8}}'))
