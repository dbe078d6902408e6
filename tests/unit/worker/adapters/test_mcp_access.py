"""Refusals of the caller, as distinct from refusals of the action."""

from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from contracts.access import NO_GRANT, NO_SCOPE, REFUSAL_KEY
from tests.support.tool_access import GivenToken
from tests.unit.worker.support.mcp_answers import KEY, fails, lock, refuses, says
from tests.unit.worker.support.mcp_peer import Answer, McpPeer, result
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox
from worker.adapters.tool_tokens import TokenUnavailable
from worker.ports.actions import ActionRefused, MayNotWrite, NotGranted
from worker.ports.tools import ToolsUnavailable


def marked(kind: str, text: str) -> Answer:
    async def answer(call: dict[str, Any]) -> Response:
        content, meta = [{"type": "text", "text": text}], {REFUSAL_KEY: kind}
        return JSONResponse(result(call, content=content, isError=True, _meta=meta))

    return answer


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
    "tool: marked": marked(NO_SCOPE, "lock_account needs the scope 'act': ask for it."),
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
        "give the worker a key that the tool server knows with the scope 'act' (MCP_CALLER_KEY), or its identity the "
        "role 'tools.act'."
    )
    assert str(raised.value) == sentence
    assert sentence in [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    del peer.answers["None"]
    assert lock(gateway)["idempotency_key"] == KEY


@pytest.mark.parametrize(
    ("grant", "why", "level"),
    [
        (None, "the backend has not signed it yet", "WARNING"),
        ("g", "lock_account needs a grant for exactly this call: it has expired", "ERROR"),
    ],
)
def test_a_call_without_a_grant_waits(
    gateway: McpActionGateway, peer: McpPeer, caplog: pytest.LogCaptureFixture, grant: str | None, why: str, level: str
) -> None:
    peer.answers["None"] = marked(NO_GRANT, "lock_account needs a grant for exactly this call: it has expired.")
    with pytest.raises(NotGranted) as raised:
        gateway.perform("lock_account", customer_id=7, key=KEY, reason="case-1: approved by ana", grant=grant)

    sentence = (
        f"The approval of lock_account is not yet confirmed to the tool server at {peer.url} ({why}): it is sent "
        "again, and nothing was done."
    )
    assert str(raised.value) == sentence
    assert [(each.levelname, each.getMessage()) for each in caplog.records if "approval" in each.getMessage()] == [
        (level, sentence)
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [(421, "is not called by that name: add the name to its MCP_ALLOWED_HOSTS"), (429, "MCP_CALLS_PER_MINUTE allows")],
)
def test_a_request_that_nobody_read_has_own_words(
    box: McpToolBox, gateway: McpActionGateway, peer: McpPeer, status: int, words: str
) -> None:
    lock(gateway)
    for case in ("in a session", "before one"):
        if case == "before one":
            peer.refusal_of_all = says(status, "")
        else:
            peer.answers["None"] = says(status, "")
        with pytest.raises(MayNotWrite, match=words):
            lock(gateway)
    with pytest.raises(ToolsUnavailable, match=words):
        box.describe()


def test_a_token_that_cannot_be_had_is_said(peer: McpPeer) -> None:
    class Without:
        async def token(self) -> str:
            raise TokenUnavailable("the managed identity has none")

    with ClientLoop() as loop:
        session = McpSession(peer.url, Without())
        loop.close_with(session.close)
        with pytest.raises(ToolsUnavailable) as read:
            McpToolBox(session, loop).describe()
        with pytest.raises(MayNotWrite) as written:
            lock(McpActionGateway(session, loop))

    sentence = (
        f"This worker has no token for the tool server at {peer.url}: its managed identity gives none for MCP_AUDIENCE."
    )
    assert (str(read.value), str(written.value)) == (sentence, sentence)


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_refuses_all_refuses_no_action(
    box: McpToolBox, gateway: McpActionGateway, peer: McpPeer, status: int
) -> None:
    peer.refusal_of_all = says(status, "")
    with pytest.raises(MayNotWrite, match="MCP_CALLER_KEY"):
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


@pytest.mark.parametrize(("token", "header"), [(None, "Basic bWU6aHVudEByMg=="), ("write", "Bearer write")])
def test_credentials_in_the_address_are_sent(loop: ClientLoop, peer: McpPeer, token: str | None, header: str) -> None:
    session = McpSession(
        peer.url.replace("http://", "http://me:hunt%40r2@"), None if token is None else GivenToken(token)
    )
    loop.close_with(session.close)

    assert McpToolBox(session, loop).describe()
    assert peer.authorizations == {header}
