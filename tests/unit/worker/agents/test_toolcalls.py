"""Tool requests of many runs, held to the schemas of one listing."""

import pytest
from jsonschema import Draft202012Validator

from tests.unit.worker.support.agents import FakeTools, ScriptedModel, a_loop, a_verdict, answers, asks, no_journal
from worker.agents import toolcalls
from worker.agents.loop import Assignment
from worker.agents.toolcalls import BadToolRequest, Toolset
from worker.agents.verdicts import SpecialistVerdict
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


def test_the_schemas_of_a_listing_are_made_ready_once_for_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def counted(schema: dict[str, object]) -> Draft202012Validator:
        made.append(schema)
        return Draft202012Validator(schema)

    monkeypatch.setattr(toolcalls, "Draft202012Validator", counted)
    model = ScriptedModel([asks(("get_customer", {"customer_id": 7})), answers(a_verdict())] * 3)
    loop = a_loop(model, ListedOnce({"get_customer": {}}))
    for number in range(3):
        loop.run(
            Assignment(
                case_id=f"case-{number}",
                round=1,
                agent="location",
                customer_id=7,
                system="S",
                user="U",
                answer_name="verdict",
                answer=SpecialistVerdict,
                tools=frozenset({"get_customer"}),
            ),
            no_journal(),
        )

    assert len(model.requests) == 6
    assert len(made) == len(LISTING)
