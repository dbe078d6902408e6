"""What a request passes before anything of it is read."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping, Sequence

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from contracts.access import TOOLS_AUDIENCE
from mcp_server.access.callers import Caller, CallersUnavailable, CallerVerifier, KnownCallers
from mcp_server.access.gate import Gate, caller_in
from mcp_server.access.rates import RateLimit
from runtime.caller_tokens import CallerTokens
from runtime.signatures import PrivateKey, read_public_keys

KEY, STRANGER = PrivateKey.new(), PrivateKey.new()
IMPORTED_AT = time.time()
CALLERS = KnownCallers(
    read_public_keys(json.dumps({"keys": [{**KEY.public, "sub": "worker", "scopes": ["read"]}]})), lambda: IMPORTED_AT
)
STANDING = CallerTokens(KEY, TOOLS_AUDIENCE, ("read",), lambda: IMPORTED_AT)
"""A standing clock: a whole run imports its modules minutes before it comes to them, and tokens live no longer."""
TOKEN = STANDING.current()
BEARER = ("Authorization", f"Bearer {TOKEN}")


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    caller = caller_in(Request(scope).scope)
    await JSONResponse({"caller": caller and caller.name})(scope, receive, send)


def ask(
    *headers: tuple[str, str],
    host: str = "tools.example",
    times: int = 1,
    path: str = "/mcp",
    callers: CallerVerifier = CALLERS,
) -> httpx.Response:
    gate = Gate(answer, {"tools.example"}, callers, RateLimit(60, lambda: 0.0))

    async def posted() -> httpx.Response:
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as http:
            answers = [await http.post(path, headers=[("Host", host), *headers]) for _ in range(times)]
        return answers[-1]

    return asyncio.run(posted())


def test_a_known_caller_is_admitted_by_name() -> None:
    assert ask(BEARER).json() == {"caller": "worker"}
    assert ask(BEARER, host="TOOLS.example:443").json() == {"caller": "worker"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:8000"])
def test_another_name_is_misdirected(host: str) -> None:
    refused = ask(BEARER, host=host)

    assert refused.status_code == 421
    assert refused.json()["error_description"] == "This server is not called by that name: see MCP_ALLOWED_HOSTS."


@pytest.mark.parametrize("origin", ["http://tools.example", "null", ""])
def test_no_web_page_is_let_in(origin: str) -> None:
    assert ask(BEARER, ("Origin", origin)).status_code == 403


def test_probes_need_neither_name_nor_token() -> None:
    assert ask(host="10.0.0.7", path="/healthz").status_code == 200


class NobodyKnows:
    async def caller(self, token: str) -> Caller:
        raise CallersUnavailable("the keys could not be fetched")


def test_an_unverifiable_caller_comes_again_later() -> None:
    refused = ask(BEARER, callers=NobodyKnows())

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert refused.json()["error_description"] == (
        "Who calls cannot be verified now, because the keys could not be fetched: try again later."
    )


def expired() -> str:
    return CallerTokens(KEY, TOOLS_AUDIENCE, ("read",), lambda: time.time() - 900).current()


NONE = "there is none: send the header 'Authorization: Bearer <token>'"
BAD: Mapping[str, tuple[Sequence[tuple[str, str]], str]] = {
    "no header": ((), NONE),
    "an empty header": ((("Authorization", ""),), NONE),
    "an empty bearer": ((("Authorization", "Bearer"),), NONE),
    "a blank bearer": ((("Authorization", "Bearer  "),), NONE),
    "another scheme": ((("Authorization", f"Basic {TOKEN}"),), NONE),
    "two tokens": ((BEARER, BEARER), "there are several"),
    "cut": ((("Authorization", f"Bearer {TOKEN[:-6]}"),), "its signature is wrong"),
    "expired": ((("Authorization", f"Bearer {expired()}"),), "it has expired"),
    "unknown": (
        (("Authorization", f"Bearer {CallerTokens(STRANGER, TOOLS_AUDIENCE, ('read',)).current()}"),),
        "the key that signed it is not known here",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_who_proves_nothing_is_told_why(name: str, caplog: pytest.LogCaptureFixture) -> None:
    headers, why = BAD[name]
    with caplog.at_level(logging.WARNING):
        refused = ask(*headers)

    assert refused.status_code == 401
    assert refused.json() == {
        "error": "invalid_token",
        "error_description": f"The token of this request is refused: {why}.",
    }
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    (line,) = caplog.messages
    assert why in line
    assert "eyJ" not in line


def test_who_asks_too_often_is_sent_away() -> None:
    refused = ask(BEARER, times=11)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json()["error_description"] == (
        "The caller 'worker' asks more often than MCP_CALLS_PER_MINUTE allows: try again later."
    )
