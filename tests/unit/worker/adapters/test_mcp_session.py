"""A session with a tool server that loses sessions or speaks other versions: replaced, or named in one sentence."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from tests.unit.worker.support.mcp_answers import KEY, lock, read, refuses, says
from tests.unit.worker.support.mcp_peer import READ, McpPeer, error, result
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_tools import McpToolBox
from worker.main import find_tools
from worker.ports.actions import ActionsUnavailable
from worker.ports.tools import ToolsUnavailable
from worker.startup import CannotStart

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

        assert slow.result(60)[0].result == {"case": "slow"}


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


def test_a_server_that_knows_only_later_versions_is_named(box: McpToolBox, peer: McpPeer) -> None:
    async def only_later(call: dict[str, Any]) -> Response:
        data = {"supported": ["2098-01-01", "2099-01-01"], "requested": "2026-07-28"}
        return JSONResponse(error(call, -32022, "Unsupported protocol version", data), 400)

    peer.discovered = only_later
    with pytest.raises(ToolsUnavailable, match="speaks version 2098-01-01 and 2099-01-01 of MCP") as raised:
        box.describe()
    assert raised.value.permanent


def test_server_that_returns_with_other_tools_is_asked_again(box: McpToolBox, peer: McpPeer) -> None:
    peer.lost = LOST["python sdk"]
    box.describe()
    peer.sessions.clear()
    peer.pages = [([READ, {**READ, "name": "get_more"}], None)]

    assert read(box, "x")[0].ok

    assert len(box.describe()) == 2
