"""Results of tools in every shape that servers give them."""

import json
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from tests.unit.worker.support.mcp_answers import read, streams
from tests.unit.worker.support.mcp_peer import Answer, McpPeer, result
from worker.adapters.mcp_tools import McpToolBox


@pytest.mark.parametrize(
    "media", ["application/json; charset=utf-8", "text/plain", "application/octet-stream", "text/event-stream"]
)
def test_an_answer_is_read_under_other_content_types(box: McpToolBox, peer: McpPeer, media: str) -> None:
    async def answer(call: dict[str, Any]) -> Response:
        body = json.dumps({**result(call, content=[], structuredContent={"a": 1}), "id": str(call["id"])})
        return Response(f"data: {body}\n\n" if media == "text/event-stream" else body, media_type=media)

    peer.answers["x"] = answer
    assert read(box, "x")[0].result == {"a": 1}


OF_A: dict[str, Any] = {"content": [], "structuredContent": {"a": 1}}
SAID = '{"jsonrpc":"2.0","id":ID,"result":{"content":[],"structuredContent":{"a":1}}}'
READABLE: dict[str, Answer] = {
    "another call's first": streams('data: {"jsonrpc":"2.0","id":4711,"result":{}}\n\n', f"data: {SAID}\n\n"),
    "a question first": streams('data: {"jsonrpc":"2.0","id":1,"method":"ping"}\n\n', f"data: {SAID}\n\n"),
    "noise first": streams("event: endpoint\ndata: /messages?x=1\n\ndata: [DONE]\n\n", f"data: {SAID}\n\n"),
    "noise last": streams(f"data: {SAID}\n\n", "data: {{{\n\n"),
    "a batch in a stream": streams(f"data: [{SAID}]\n\n"),
    "an event without its end": streams(f"data: {SAID}"),
    "a byte-order mark": streams(f"\ufeffdata: {SAID}\n\n"),
    "a batch": lambda call: given(
        [{"jsonrpc": "2.0", "method": "x"}, {"id": 4711, "result": "x"}, result(call, **OF_A)]
    ),
    "no version": lambda call: given({"id": call["id"], "result": OF_A}),
    "an id with a point": lambda call: given({**result(call, **OF_A), "id": float(call["id"])}),
    "accepted": lambda call: given(result(call, **OF_A), 202),
    "no content": lambda call: given(result(call, structuredContent={"a": 1})),
    "null for content": lambda call: given(result(call, content=None, structuredContent={"a": 1}, isError=None)),
    "odd metadata": lambda call: given(result(call, **OF_A, _meta=[1])),
    "a text": lambda call: given(result(call, content='{"a": 1}')),
    "a block": lambda call: given(result(call, content={"type": "text", "text": '{"a": 1}', "annotations": "x"})),
    "an embedded text": lambda call: given(
        result(call, content=[{"type": "resource", "resource": {"text": '{"a": 1}'}}])
    ),
}


async def given(body: object, status: int = 200) -> Response:
    return JSONResponse(body, status)


@pytest.mark.parametrize("name", READABLE)
def test_an_answer_is_read_in_other_shapes(box: McpToolBox, peer: McpPeer, name: str) -> None:
    peer.answers["x"] = READABLE[name]
    assert read(box, "x")[0].result == {"a": 1}
    assert [arguments["case"] for _, arguments in peer.calls] == ["x"]


@pytest.mark.parametrize(
    ("content", "read_as"),
    [
        ([{"type": "image", "data": "aGk=", "mimeType": "image/png"}], "(image: image/png, not shown here)"),
        ([{"type": "resource_link", "uri": "no uri", "name": "a"}], "(resource link: no uri, not shown here)"),
        ([{"type": "video"}, {"type": "text", "text": "hello"}], "(video, not shown here)\nhello"),
        ([{"type": "text", "text": '{"a": Infinity}'}], '{"a": Infinity}'),
        (["hello"], "hello"),
        ([], ""),
    ],
)
def test_what_is_no_text_is_named(box: McpToolBox, peer: McpPeer, content: Any, read_as: object) -> None:
    peer.answers["x"] = lambda call: given(result(call, content=content))
    assert (read(box, "x")[0].ok, read(box, "x")[0].result) == (True, read_as)


@pytest.mark.parametrize("structured", [["a", "list"], "x", 3])
def test_structured_content_may_be_any_value(box: McpToolBox, peer: McpPeer, structured: Any) -> None:
    peer.answers["x"] = lambda call: given(result(call, content=[], structuredContent=structured))
    assert read(box, "x")[0].result == structured


def test_a_failure_may_be_structured(box: McpToolBox, peer: McpPeer) -> None:
    peer.answers["x"] = lambda call: given(result(call, content=[], structuredContent={"why": 1}, isError=True))
    assert (read(box, "x")[0].ok, read(box, "x")[0].result) == (False, {"error": '{"why": 1}'})


@pytest.mark.parametrize("both", [{"error": None}, {"error": None, "more": 1}])
def test_an_answer_that_also_says_null_is_read(box: McpToolBox, peer: McpPeer, both: dict[str, Any]) -> None:
    async def answer(call: dict[str, Any]) -> Response:
        return JSONResponse({**result(call, content=[], structuredContent={"a": 1}), **both})

    peer.answers["x"] = answer
    assert read(box, "x")[0].result == {"a": 1}
