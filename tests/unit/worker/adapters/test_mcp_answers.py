"""What tool servers answer in the wild: lost sessions are replaced, and one bad answer harms one call."""

import json
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, cast

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from tests.unit.worker.support.mcp_peer import READ, Answer, McpPeer, error, result
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_http import MAX_ANSWER_BYTES
from worker.adapters.mcp_listing import MAX_PAGES
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import MAX_SCHEMA, McpToolBox
from worker.main import find_tools
from worker.ports.actions import ActionRefused, ActionsUnavailable, MayNotWrite
from worker.ports.tools import ToolInvocation, ToolOutcome, ToolsUnavailable
from worker.startup import CannotStart

KEY = "case-1:lock_account:7"


def read(box: McpToolBox, *cases: str) -> tuple[ToolOutcome, ...]:
    return box.invoke([ToolInvocation(tool="get_customer", arguments={"case": case}) for case in cases], 60)


def lock(gateway: McpActionGateway) -> dict[str, Any]:
    return dict(gateway.perform("lock_account", customer_id=7, key=KEY, reason="case-1: approved by ana"))


def says(status: int, body: object, kind: str = "application/json") -> Answer:
    async def answer(_call: dict[str, Any]) -> Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status_code=status, media_type=kind)

    return answer


def refuses(status: int, code: int, message: str, call_id: object = "server-error") -> Answer:
    return says(status, {"jsonrpc": "2.0", "id": call_id, "error": {"code": code, "message": message}})


LOST = {
    "python sdk": refuses(404, -32600, "Session not found"),
    "python sdk, terminated": refuses(404, -32600, "Session has been terminated"),
    "typescript sdk": refuses(404, -32001, "Session not found", None),
    "typescript sdk, no id": refuses(400, -32000, "Bad Request: No valid session ID provided", None),
    "typescript sdk, new": refuses(400, -32000, "Bad Request: Server not initialized", None),
    "header": refuses(400, -32000, "Bad Request: Mcp-Session-Id header is required", None),
    "missing": refuses(400, -32600, "Bad Request: Missing session ID"),
    "status 200": refuses(200, -32001, "Unknown session: s-1"),
    "internal": refuses(200, -32603, "Invalid or expired session"),
    "before initialization": refuses(200, -32602, "Received request before initialization was complete"),
    "404 text": says(404, "Not Found", "text/plain"),
    "404 empty": says(404, ""),
    "404 html": says(404, "<h1>404</h1>", "text/html"),
    "404 detail": says(404, {"detail": "Not Found"}),
    "410": says(410, ""),
    "400 text": says(400, "Invalid session ID", "text/plain"),
    "400 detail": says(400, {"detail": "Could not find session s-1"}),
    "400 without words": says(400, ""),
    "400 in another language": says(400, {"detail": "Sitzung unbekannt"}),
    "400 without an id": refuses(400, -32000, "Bad Request", None),
    "401 without words": says(401, ""),
    "401 in words": says(401, {"error": "session expired"}),
    "403 in words": says(403, {"detail": "The session does not exist"}),
    "404 method": refuses(404, -32601, "Method not found"),
    "409 in words": says(409, "Session terminated", "text/plain"),
    "a code": says(422, {"error": {"type": "SESSION_NOT_FOUND"}}),
    "an exception": says(500, {"exception": "SessionNotFoundException"}),
    "an underscored code": says(422, {"code": "invalid_session_id"}),
    "uninitialized": refuses(200, -32002, "Server is uninitialized"),
    "initialize first": refuses(200, -32002, "Call initialize first"),
}


async def lost_in_a_stream(call: dict[str, Any]) -> Response:
    body = json.dumps(error(call, -32001, "Session not found"))
    return Response(f"data: {body}\n\n", media_type="text/event-stream")


LOST["in a stream"] = lost_in_a_stream


@pytest.mark.parametrize("wording", LOST)
def test_a_lost_session_is_replaced_and_the_call_repeated(box: McpToolBox, peer: McpPeer, wording: str) -> None:
    peer.lost = LOST[wording]
    assert read(box, "before")[0].ok
    peer.sessions.clear()

    (outcome,) = read(box, "after")

    assert (outcome.ok, outcome.result) == (True, {"case": "after"})
    assert [arguments["case"] for _, arguments in peer.calls] == ["before", "after"]
    assert peer.opened == 2


@pytest.mark.parametrize("wording", LOST)
def test_the_writing_session_is_replaced_too(gateway: McpActionGateway, peer: McpPeer, wording: str) -> None:
    peer.lost = LOST[wording]
    peer.answers["None"] = nothing_found
    assert gateway.look_up(KEY) is None
    peer.sessions.clear()

    assert lock(gateway)["idempotency_key"] == KEY
    peer.sessions.clear()
    assert gateway.look_up(KEY) is None
    assert peer.opened == 3


async def nothing_found(call: dict[str, Any]) -> Response:
    if call["params"]["name"] != "get_effect":
        return JSONResponse(result(call, content=[], structuredContent=call["params"]["arguments"], isError=False))
    return JSONResponse(result(call, content=[], structuredContent={"result": None}, isError=False))


@pytest.mark.parametrize("wording", ["python sdk", "404 text", "400 text"])
def test_a_server_that_loses_every_session_is_asked_twice(box: McpToolBox, peer: McpPeer, wording: str) -> None:
    box.describe()
    peer.answers["x"] = LOST[wording]

    (outcome,) = read(box, "x")

    assert not outcome.ok
    assert [arguments["case"] for _, arguments in peer.calls] == ["x", "x"]


def test_calls_under_way_outlive_their_lost_session(box: McpToolBox, peer: McpPeer) -> None:
    peer.answers["slow"] = peer.held
    peer.lost = LOST["python sdk"]
    box.describe()
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(read, box, "slow")
        peer.wait_until_held()
        peer.sessions.clear()
        assert read(box, "quick")[0].ok
        peer.release()

        assert slow.result(30)[0].result == {"case": "slow"}


async def nan(call: dict[str, Any]) -> Response:
    body = json.dumps(result(call, content=[], structuredContent={"ratio": "?"}, isError=False))
    return Response(body.replace('"?"', "NaN"), media_type="application/json")


async def wrong_id(call: dict[str, Any]) -> Response:
    return JSONResponse({**result(call, content=[]), "id": 4711})


async def half_a_character(call: dict[str, Any]) -> Response:
    body = json.dumps(result(call, content=[{"type": "text", "text": "\ud83d"}]))
    return Response(body, media_type="application/json")


async def no_content(call: dict[str, Any]) -> Response:
    return JSONResponse(result(call, more="x"))


def fails(code: object, message: object = "boom") -> Answer:
    async def answer(call: dict[str, Any]) -> Response:
        return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}})

    return answer


async def an_error_in_words(call: dict[str, Any]) -> Response:
    return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "error": "boom"})


async def elsewhere(_call: dict[str, Any]) -> Response:
    return RedirectResponse("/login", 302)


async def empty_error(call: dict[str, Any]) -> Response:
    return JSONResponse(result(call, content=[], isError=True))


async def huge(call: dict[str, Any]) -> Response:
    return JSONResponse(result(call, content=[{"type": "text", "text": "x" * (MAX_ANSWER_BYTES + 1)}]))


async def deep(call: dict[str, Any]) -> Response:
    body = json.dumps(result(call, content=[], structuredContent={"deep": "?"}))
    return Response(body.replace('"?"', "[" * 50_000 + "]" * 50_000), media_type="application/json")


async def rather_deep(call: dict[str, Any]) -> Response:
    body = json.dumps(result(call, content=[], structuredContent={"deep": "?"}))
    return Response(body.replace('"?"', "[" * 100 + "]" * 100), media_type="application/json")


async def internal_error(call: dict[str, Any]) -> Response:
    return JSONResponse(error(call, -32603, "Internal error"))


async def damaged_gzip(call: dict[str, Any]) -> Response:
    return Response(b"not gzip", headers={"content-encoding": "gzip"}, media_type="application/json")


def streams(*events: str) -> Answer:
    async def answer(call: dict[str, Any]) -> Response:
        async def body() -> AsyncGenerator[str]:
            for event in events:
                yield event.replace("ID", json.dumps(call["id"]))

        return StreamingResponse(body(), media_type="text/event-stream")

    return answer


BAD: dict[str, Answer] = {
    "internal error": internal_error,
    "NaN": nan,
    "no JSON": says(200, "{not json}"),
    "half a JSON": says(200, '{"jsonrpc": "2.0", "id"'),
    "empty": says(200, ""),
    "html": says(200, "<h1>Sign in</h1>", "text/html"),
    "a batch": says(200, []),
    "a notification": says(200, {"jsonrpc": "2.0", "method": "notifications/message", "params": {}}),
    "neither": says(200, {"jsonrpc": "2.0", "id": 3}),
    "wrong id": wrong_id,
    "half a character": half_a_character,
    "no content": no_content,
    "an error without words": empty_error,
    "huge": huge,
    "deep": deep,
    "rather deep": rather_deep,
    "damaged encoding": damaged_gzip,
    "accepted": says(202, ""),
    "500": says(500, "Internal Server Error", "text/plain"),
    "500 in JSON": refuses(500, -32603, "Internal server error"),
    "the library's code": fails(-32000),
    "a code of ours": fails(1),
    "another code of ours": fails(2),
    "no code": fails(None),
    "a code in words": fails("E_FAILED"),
    "a huge code": fails(10**30),
    "no message": fails(-32050, None),
    "a message that is none": fails(-32050, {"why": 1}),
    "an error in words": an_error_in_words,
    "no content 204": says(204, ""),
    "a redirect": elsewhere,
    "403": says(403, "Forbidden", "text/plain"),
    "413": says(413, "Payload Too Large", "text/plain"),
    "stream: NaN": streams('data: {"jsonrpc":"2.0","id":ID,"result":{"content":[],"structuredContent":{"a":NaN}}}\n\n'),
    "stream: no JSON": streams("data: {not json}\n\n"),
    "stream: wrong id": streams('data: {"jsonrpc":"2.0","id":4711,"result":{"content":[]}}\n\n'),
    "stream: huge": streams("data: ", "x" * (MAX_ANSWER_BYTES + 1), "\n\n"),
}

UNREACHED: dict[str, Answer] = {
    "502": says(502, "<h1>Bad Gateway</h1>", "text/html"),
    "503": says(503, "", "text/plain"),
    "504": says(504, {"detail": "timeout"}),
    "429": says(429, {"error": "slow down"}),
    "stream: empty": streams(),
    "stream: cut": streams('data: {"jsonrpc":"2.0","id":ID,"resu'),
    "stream: only notices": streams('data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n'),
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_answer_harms_one_call(box: McpToolBox, peer: McpPeer, name: str) -> None:
    peer.answers |= {"bad": BAD[name], "slow": peer.held}
    box.describe()
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(read, box, "slow")
        peer.wait_until_held()
        bad, good = read(box, "bad", "good")
        peer.release()
        other = slow.result(30)[0]

    assert not bad.ok
    assert isinstance(bad.result, dict)
    assert str(bad.result["error"]).endswith(".")
    assert (good.ok, good.result) == (True, {"case": "good"})
    assert (other.ok, other.result) == (True, {"case": "slow"})
    assert {session for session, _ in peer.calls} == {"s-1"}


@pytest.mark.parametrize("name", UNREACHED)
def test_a_broken_connection_harms_one_case(box: McpToolBox, peer: McpPeer, name: str) -> None:
    peer.answers |= {"bad": UNREACHED[name], "slow": peer.held}
    box.describe()
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(read, box, "slow")
        peer.wait_until_held()
        with pytest.raises(ToolsUnavailable, match="could not be reached"):
            read(box, "bad")
        peer.release()

        assert slow.result(30)[0].ok
    assert read(box, "good")[0].ok
    assert {session for session, _ in peer.calls} == {"s-1"}


def test_a_call_whose_connection_broke_is_made_once_more(box: McpToolBox, peer: McpPeer) -> None:
    broken = iter([UNREACHED["stream: cut"]])

    async def cut_once(call: dict[str, Any]) -> Response:
        answer = next(broken, None)
        return await answer(call) if answer else JSONResponse(result(call, content=[], structuredContent={"a": 1}))

    peer.answers["cut"] = cut_once
    assert read(box, "cut")[0].result == {"a": 1}


@pytest.mark.parametrize("name", sorted({**BAD, **UNREACHED}))
def test_outcome_of_a_badly_answered_write_is_unknown(gateway: McpActionGateway, peer: McpPeer, name: str) -> None:
    peer.answers["None"] = {**BAD, **UNREACHED}[name]
    with pytest.raises(ActionsUnavailable):
        lock(gateway)

    del peer.answers["None"]
    assert lock(gateway)["idempotency_key"] == KEY
    assert {session for session, _ in peer.calls} == {"s-1"}


def fails_in_words(text: str) -> Answer:
    async def answer(call: dict[str, Any]) -> Response:
        return JSONResponse(result(call, content=[{"type": "text", "text": text}], isError=True))

    return answer


NO_ACCESS: dict[str, Answer] = {
    "401": says(401, ""),
    "401 in JSON-RPC": refuses(401, -32600, "Unauthorized", None),
    "401 with OAuth's words": says(401, {"error": "invalid_token", "error_description": "Authentication required"}),
    "403": says(403, "Forbidden", "text/plain"),
    "403 in JSON-RPC": refuses(403, -32600, "Forbidden", None),
    "403 with OAuth's words": says(403, {"error": "insufficient_scope"}),
    "hidden": fails(-32602, "Unknown tool: lock_account"),
    "no such method": fails(-32601, "Method not found"),
    "an error of JSON-RPC": fails(-32600, "Unauthorized"),
    "tool: unauthorized": fails_in_words("Unauthorized"),
    "tool: forbidden": fails_in_words("403 Forbidden"),
    "tool: status": fails_in_words("Request failed with status code 401"),
    "tool: denied": fails_in_words("Permission denied for lock_account."),
    "tool: scope": fails_in_words("insufficient_scope: accounts.write"),
    "tool: token": fails_in_words("Invalid access token"),
    "tool: hidden": fails_in_words("Unknown tool: 'lock_account'"),
    "tool: as an earlier release of ours": fails_in_words(
        "lock_account changes a customer's account and this caller may only read: "
        "send the header 'Authorization: Bearer <MCP_WRITE_TOKEN>'."
    ),
}


@pytest.mark.parametrize("name", NO_ACCESS)
def test_refusing_the_caller_is_not_refusing_the_action(
    gateway: McpActionGateway, peer: McpPeer, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    peer.answers["None"] = NO_ACCESS[name]
    with pytest.raises(MayNotWrite) as raised:
        lock(gateway)

    sentence = (
        f"The tool server at {peer.url} does not let this worker call lock_account: "
        "give the worker the MCP_WRITE_TOKEN of the tool server."
    )
    assert str(raised.value) == sentence
    assert sentence in [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    del peer.answers["None"]
    assert lock(gateway)["idempotency_key"] == KEY


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_refuses_all_refuses_no_action(
    box: McpToolBox, gateway: McpActionGateway, peer: McpPeer, status: int
) -> None:
    peer.refusal_of_all = says(status, "")
    with pytest.raises(MayNotWrite, match="MCP_WRITE_TOKEN"):
        lock(gateway)
    with pytest.raises(MayNotWrite, match="does not let this worker call get_effect"):
        gateway.look_up(KEY)
    with pytest.raises(ToolsUnavailable) as raised:
        box.describe()
    assert str(raised.value) == f"The tool server at {peer.url} refuses access (HTTP status {status})."

    peer.refusal_of_all = None
    assert lock(gateway)["idempotency_key"] == KEY


@pytest.mark.parametrize(
    "sentence",
    [
        "Customer 403 is not in the customer store: check the id or search by name.",
        "Charge ch-401 was refunded before.",
        "The account is closed: it cannot be locked.",
        "No lock under the key 'case-2:lock_account:12' is on the account.",
        "The refund is not allowed: the charge is older than 90 days.",
    ],
)
def test_what_is_said_of_the_action_is_a_refusal(gateway: McpActionGateway, peer: McpPeer, sentence: str) -> None:
    peer.answers["None"] = fails_in_words(sentence)

    with pytest.raises(ActionRefused) as raised:
        lock(gateway)
    assert str(raised.value) == sentence


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


def test_a_failure_may_be_told_in_structure(box: McpToolBox, peer: McpPeer) -> None:
    peer.answers["x"] = lambda call: given(result(call, content=[], structuredContent={"why": 1}, isError=True))
    assert (read(box, "x")[0].ok, read(box, "x")[0].result) == (False, {"error": '{"why": 1}'})


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


@pytest.mark.parametrize("both", [{"error": None}, {"error": None, "more": 1}])
def test_an_answer_that_also_says_null_is_read(box: McpToolBox, peer: McpPeer, both: dict[str, Any]) -> None:
    async def answer(call: dict[str, Any]) -> Response:
        return JSONResponse({**result(call, content=[], structuredContent={"a": 1}), **both})

    peer.answers["x"] = answer
    assert read(box, "x")[0].result == {"a": 1}


def test_arguments_that_cannot_be_sent_harm_one_call(box: McpToolBox, peer: McpPeer) -> None:
    bad, good = read(box, "\ud83d", "good")

    assert (bad.ok, good.ok) == (False, True)
    assert bad.result == {"error": "The arguments hold a text that cannot be sent: half a character."}


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


def test_an_unknown_protocol_version_is_one_sentence(box: McpToolBox, gateway: McpActionGateway, peer: McpPeer) -> None:
    peer.version = "2099-01-01"
    sentence = (
        f"The tool server at {peer.url} speaks version 2099-01-01 of MCP and this worker 2024-11-05 to 2026-07-28: "
        "bring the older of them up to date."
    )
    with pytest.raises(CannotStart) as stopped:
        find_tools(box)
    with pytest.raises(ActionsUnavailable) as refused:
        lock(gateway)
    assert (str(stopped.value), str(refused.value)) == (sentence, sentence)

    peer.version = "2025-11-25"
    find_tools(box)


@pytest.mark.parametrize(("token", "header"), [(None, "Basic bWU6aHVudEByMg=="), ("write", "Bearer write")])
def test_credentials_in_the_address_are_sent(loop: ClientLoop, peer: McpPeer, token: str | None, header: str) -> None:
    session = McpSession(peer.url.replace("http://", "http://me:hunt%40r2@"), token)
    loop.close_with(session.close)

    assert McpToolBox(session, loop).describe()
    assert peer.authorizations == {header}


def test_a_server_that_knows_only_later_versions_is_named(box: McpToolBox, peer: McpPeer) -> None:
    async def only_later(call: dict[str, Any]) -> Response:
        data = {"supported": ["2098-01-01", "2099-01-01"], "requested": "2026-07-28"}
        return JSONResponse(error(call, -32022, "Unsupported protocol version", data), 400)

    peer.discovered = only_later
    with pytest.raises(ToolsUnavailable, match="speaks version 2098-01-01 and 2099-01-01 of MCP") as raised:
        box.describe()
    assert raised.value.permanent


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


def test_server_that_returns_with_other_tools_is_asked_again(box: McpToolBox, peer: McpPeer) -> None:
    peer.lost = LOST["python sdk"]
    box.describe()
    peer.sessions.clear()
    peer.pages = [([READ, {**READ, "name": "get_more"}], None)]

    assert read(box, "x")[0].ok

    assert len(box.describe()) == 2


@pytest.mark.parametrize(("characters", "offered"), [(MAX_SCHEMA, True), (MAX_SCHEMA + 1, False)])
def test_a_tool_with_an_endless_schema_is_not_offered(
    box: McpToolBox, peer: McpPeer, caplog: pytest.LogCaptureFixture, characters: int, offered: bool
) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"customer_id": {"type": "integer"}}, "description": ""}
    schema["description"] = "x" * (characters - len(json.dumps(schema)))
    peer.pages = [([{**READ, "name": "get_all", "inputSchema": schema}, READ], None)]

    assert [tool.name for tool in box.describe()] == (["get_all", "get_customer"] if offered else ["get_customer"])
    (outcome,) = box.invoke([ToolInvocation(tool="get_all", arguments={})], 10)
    assert outcome.ok is offered
    told = "The tool 'get_all' is not offered: its schema is longer than 32000 characters."
    assert (told in caplog.text) is not offered
