"""What tool servers answer in the wild: one bad answer harms one call."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from tests.unit.worker.support.mcp_answers import KEY, fails, lock, read, refuses, says, streams
from tests.unit.worker.support.mcp_peer import Answer, McpPeer, error, result
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_http import MAX_ANSWER_BYTES
from worker.adapters.mcp_tools import McpToolBox
from worker.ports.actions import ActionsUnavailable
from worker.ports.tools import ToolsUnavailable


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
        other = slow.result(60)[0]

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
        why = "answers no more requests of this worker for now" if name == "429" else "could not be reached"
        with pytest.raises(ToolsUnavailable, match=why):
            read(box, "bad")
        peer.release()

        assert slow.result(60)[0].ok
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


def test_arguments_that_cannot_be_sent_harm_one_call(box: McpToolBox, peer: McpPeer) -> None:
    bad, good = read(box, "\ud83d", "good")

    assert (bad.ok, good.ok) == (False, True)
    assert bad.result == {"error": "The arguments hold a text that cannot be sent: half a character."}
