"""The tools that a server lists: malformed, endless, changed. One costs no other."""

import json
from threading import Event
from typing import Any, cast

import pytest

from tests.unit.worker.support.mcp_answers import read, streams
from tests.unit.worker.support.mcp_peer import READ, McpPeer
from worker.adapters.mcp_listing import MAX_PAGES
from worker.adapters.mcp_tools import MAX_SCHEMA, McpToolBox
from worker.ports.tools import ToolInvocation, ToolsUnavailable


def test_a_name_that_is_listed_twice_is_offered_once(box: McpToolBox, peer: McpPeer) -> None:
    peer.pages = [([READ, {**READ, "description": "another"}], "1"), ([READ], None)]
    assert [(tool.name, tool.description) for tool in box.describe()] == [("get_customer", "get_customer")]


@pytest.mark.parametrize(
    "odd", [{"description": ["x"]}, {"title": 5}, {"inputSchema": {"properties": [], "required": None}}]
)
def test_odd_description_of_a_tool_does_not_cost_it(box: McpToolBox, peer: McpPeer, odd: dict[str, Any]) -> None:
    peer.pages = [([{**READ, **odd}], None)]
    assert [tool.name for tool in box.describe()] == ["get_customer"]


def test_a_cursor_may_be_a_number(box: McpToolBox, peer: McpPeer) -> None:
    peer.pages = [([READ], cast("str", 1)), ([{**READ, "name": "get_more"}], None)]
    assert [tool.name for tool in box.describe()] == ["get_customer", "get_more"]


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ([([READ], "0")], "comes back to the page '0'"),
        ([([READ], "1"), ([READ], "2"), ([READ], "1")], "comes back to the page '1'"),
        ([([READ], str(number + 1)) for number in range(MAX_PAGES + 1)], "has more than 100 pages"),
        ([([READ] * 600, "1"), ([READ] * 600, "2")], "lists more than 1,000 tools"),
    ],
)
def test_a_list_of_tools_without_end_is_one_sentence(box: McpToolBox, peer: McpPeer, pages: Any, why: str) -> None:
    peer.pages = pages
    with pytest.raises(ToolsUnavailable, match=why) as raised:
        box.describe()
    assert not raised.value.permanent
    assert peer.listed <= MAX_PAGES

    peer.pages = [([READ], None)]
    assert [tool.name for tool in box.describe()] == ["get_customer"]


@pytest.mark.parametrize(
    "odd",
    [
        "no object",
        {},
        {**READ, "name": None},
        {**READ, "name": 7},
        {**READ, "name": "other", "inputSchema": []},
        {**READ, "name": "other", "inputSchema": {"type": "string"}},
        {**READ, "name": "other", "inputSchema": True},
        {**READ, "name": "other", "inputSchema": {"required": "x"}},
        {**READ, "name": "other", "inputSchema": {"properties": ["x"]}},
        {**READ, "name": "other", "inputSchema": {"type": ["object", "null"]}},
        {**READ, "name": "other", "annotations": "read"},
        {**READ, "name": "other", "inputSchema": {"properties": json.loads('{"a":' * 100 + "{}" + "}" * 100)}},
    ],
)
def test_malformed_tool_does_not_cost_the_others(box: McpToolBox, peer: McpPeer, odd: object) -> None:
    peer.pages = [([odd, READ], None)]
    assert [tool.name for tool in box.describe()] == ["get_customer"]


@pytest.mark.parametrize("missing", [{"inputSchema": None}, {"inputSchema": {}}, {"outputSchema": []}, {"icons": "x"}])
def test_a_tool_without_arguments_may_lack_its_schema(box: McpToolBox, peer: McpPeer, missing: dict[str, Any]) -> None:
    peer.pages = [([{**READ, **missing}], None)]
    (tool,) = box.describe()
    assert tool.parameters == {"type": "object"}


def test_changed_list_of_tools_is_asked_for_again(box: McpToolBox, peer: McpPeer) -> None:
    notice = 'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'
    peer.answers["x"] = streams(notice, 'data: {"jsonrpc":"2.0","id":ID,"result":{"content":[]}}\n\n')
    box.describe()
    peer.pages = [([READ, {**READ, "name": "get_more"}], None)]
    assert len(box.describe()) == 1

    assert read(box, "x")[0].ok

    assert [tool.name for tool in box.describe()] == ["get_customer", "get_more"]


def test_server_may_announce_changed_tools_at_any_time(box: McpToolBox, peer: McpPeer) -> None:
    peer.notice = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'
    assert len(box.describe()) == 1
    peer.wait_until_held()
    peer.pages = [([READ, {**READ, "name": "get_more"}], None)]
    peer.release()

    pause, tries = Event(), 0
    while len(box.describe()) == 1:
        assert (tries := tries + 1) < 3_000, "the notice was not heeded"
        pause.wait(0.01)


@pytest.mark.parametrize(("characters", "offered"), [(MAX_SCHEMA, True), (MAX_SCHEMA + 1, False)])
def test_a_tool_with_an_endless_schema_is_not_offered(
    box: McpToolBox, peer: McpPeer, caplog: pytest.LogCaptureFixture, characters: int, offered: bool
) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"customer_id": {"type": "integer"}}, "description": ""}
    schema["description"] = "x" * (characters - len(json.dumps(schema)))
    peer.pages = [([{**READ, "name": "get_all", "inputSchema": schema}, READ], None)]

    assert [tool.name for tool in box.describe()] == (["get_all", "get_customer"] if offered else ["get_customer"])
    (outcome,) = box.invoke([ToolInvocation(tool="get_all", arguments={})], 60)
    assert outcome.ok is offered
    told = "The tool 'get_all' is not offered: its schema is longer than 32000 characters."
    assert (told in caplog.text) is not offered
