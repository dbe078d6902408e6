"""HTTP beneath MCP, which answers for each call by itself.

The library ends a session, with every call under way on it, for whatever one request's connection raises; it waits for
ever on an answer that bears another id, and takes a page of a proxy for the tool's own word. So each answer is read
here, whole and up to a bound, and handed on as the JSON-RPC answer of its call, or as an error of that call alone.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import IntEnum
from http import HTTPStatus
from typing import Any, NoReturn, cast

import anyio
import httpx2
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from openai import DefaultAioHttpClient

from worker.adapters.http_client import CONNECTIONS, TIMEOUT
from worker.adapters.mcp_listing import legible_tools

MAX_ANSWER_BYTES = 8 * 1_048_576
"""A longer answer is not held: a tool that gives it must be asked for less."""
COURTESY_TIMEOUT_S = 5.0
"""Notifications and good-byes are not waited for longer: the library sends nothing else meanwhile."""

SESSION_HEADER = "mcp-session-id"
LIST_CHANGED = "notifications/tools/list_changed"


class CallFault(IntEnum):
    """What became of a call that has no answer. As JSON-RPC codes, which servers do not use above zero."""

    SESSION_LOST = 1
    """The server does not know the session: a new one is needed, and the call was not carried out."""
    UNREACHED = 2
    """The server could not be reached, or the connection ended before the answer: nobody knows what happened."""
    UNUSABLE = 3
    """The server answered something that is no answer."""


# As servers word it, in plain text or in an error of JSON-RPC, with any code and status.
_AWAY = r"not found|unknown|expired|terminated|invalid|missing|required|closed|lost|gone|no longer|not exist|not valid"
_LOST = re.compile(
    rf"session.{{0,80}}\b({_AWAY})\b|\b({_AWAY}|no|stale|not find|provide)\b.{{0,40}}session"
    r"|not (yet |been )*initiali[sz]ed|before initiali[sz]ation",
    re.IGNORECASE | re.DOTALL,
)
_FOR_NOW = frozenset({408, 425, 429, 502, 503, 504})
_GONE = frozenset({404, 410})
_METHOD_NOT_FOUND = -32601


class _NoAnswer(Exception):
    def __init__(self, fault: CallFault, why: str) -> None:
        super().__init__(why)
        self.fault = fault


class CallByCallClient(DefaultAioHttpClient):
    """An HTTP client whose answers to calls are always answers of JSON-RPC. Proxies are those of the environment."""

    def __init__(self, headers: Mapping[str, str], on_tools_changed: Callable[[], object]) -> None:
        super().__init__(headers=dict(headers), limits=CONNECTIONS, timeout=TIMEOUT)
        self._on_tools_changed = on_tools_changed
        self.foreign_versions: tuple[str, ...] = ()
        """The protocol versions of a server with which this client has none in common."""

    async def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        auth: Any = httpx2.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx2.USE_CLIENT_DEFAULT,
    ) -> httpx2.Response:
        """As the library's own; for a call it never raises and never needs to be read from the network."""
        options: dict[str, Any] = {"stream": stream, "auth": auth, "follow_redirects": follow_redirects}
        if request.method == "DELETE":
            with anyio.fail_after(COURTESY_TIMEOUT_S):
                return await super().send(request, **options)
        if request.method != "POST":
            return await super().send(request, **options)
        call = json.loads(request.content)
        if "id" not in call:
            return await self._notify(request, options)
        try:
            response = await self._sent(request, options)
            try:
                if response.has_redirect_location:
                    return response
                answer = await self._answer(response, call)
            finally:
                if not response.has_redirect_location:
                    with suppress(Exception):
                        await response.aclose()
        except _NoAnswer as fault:
            return _made(request, {"jsonrpc": "2.0", "id": call["id"], "error": _error(fault.fault, str(fault))})
        return _made(request, answer, response)

    async def _notify(self, request: httpx2.Request, options: Mapping[str, Any]) -> httpx2.Response:
        with anyio.move_on_after(COURTESY_TIMEOUT_S):
            try:
                response = await self._sent(request, options)
                if response.has_redirect_location:
                    return response
                with suppress(Exception):
                    await response.aclose()
            except _NoAnswer:
                pass
        return httpx2.Response(HTTPStatus.ACCEPTED, request=request)

    async def _sent(self, request: httpx2.Request, options: Mapping[str, Any]) -> httpx2.Response:
        try:
            return await super().send(request, **options)
        except Exception as error:
            # Whatever the transport raises: none of it means that there was an answer.
            raise _NoAnswer(CallFault.UNREACHED, type(error).__name__) from error

    async def _answer(self, response: httpx2.Response, call: Mapping[str, Any]) -> dict[str, Any]:
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            return await self._refusal(response, call)
        if response.status_code == HTTPStatus.ACCEPTED:
            raise _NoAnswer(CallFault.UNUSABLE, "it took the call and gave no answer")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            answer = await self._streamed(response)
        else:
            answer = _json(await _body(response))
        said = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
        # Some servers write both, one of them null.
        said = {name: value for name, value in said.items() if value is not None or name not in ("result", "error")}
        if ("result" in said) == ("error" in said):
            raise _NoAnswer(CallFault.UNUSABLE, f"it is no answer of JSON-RPC ({kind or 'without a content type'})")
        return self._checked(said, call)

    async def _streamed(self, response: httpx2.Response) -> object:
        events = httpx2.EventSource(response, max_event_size=MAX_ANSWER_BYTES)
        try:
            async for event in events:
                if not event.data:
                    continue
                message = _json(event.data.encode(errors="surrogatepass"))
                if not isinstance(message, dict):
                    raise _NoAnswer(CallFault.UNUSABLE, "it is no answer of JSON-RPC")
                message = cast("dict[str, Any]", message)
                if "result" in message or "error" in message:
                    return message
                self._notice(message)
        except httpx2.SSEError as error:
            raise _NoAnswer(CallFault.UNUSABLE, str(error)) from error
        except _NoAnswer:
            raise
        except Exception as error:
            raise _NoAnswer(CallFault.UNREACHED, "the connection broke within the answer") from error
        raise _NoAnswer(CallFault.UNREACHED, "the connection ended before the answer")

    async def _refusal(self, response: httpx2.Response, call: Mapping[str, Any]) -> dict[str, Any]:
        status, body = response.status_code, await _body(response)
        try:
            answer = _json(body)
        except _NoAnswer:
            answer = None
        error: object = cast("dict[str, Any]", answer).get("error") if isinstance(answer, dict) else None
        if isinstance(error, dict) and isinstance(cast("dict[str, Any]", error).get("code"), int):
            error = cast("dict[str, Any]", error)
            if status in _GONE and SESSION_HEADER in response.request.headers and error["code"] != _METHOD_NOT_FOUND:
                raise _NoAnswer(CallFault.SESSION_LOST, str(error.get("message")))
            # A refusal may have been written before the call's id was read.
            return self._checked({"jsonrpc": "2.0", "id": call["id"], "error": error}, call)
        if lost_session(body[:1_000].decode(errors="replace")) or (
            status in _GONE and SESSION_HEADER in response.request.headers
        ):
            raise _NoAnswer(CallFault.SESSION_LOST, f"HTTP status {status}")
        fault = CallFault.UNREACHED if status in _FOR_NOW else CallFault.UNUSABLE
        raise _NoAnswer(fault, f"HTTP status {status}")

    def _checked(self, answer: dict[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
        """The answer under the call's own id, if it is one to this call."""
        error: object = answer.get("error")
        if isinstance(error, dict):
            self._refused(cast("dict[str, Any]", error))
            # The id of an error is null where the call was not understood.
            return {**answer, "id": call["id"]}
        if str(answer.get("id")) != str(call["id"]):
            raise _NoAnswer(CallFault.UNUSABLE, "it belongs to another call")
        result: object = answer.get("result")
        if isinstance(result, dict):
            self._learn(str(call.get("method")), cast("dict[str, Any]", result))
        return {**answer, "id": call["id"]}

    def _refused(self, error: Mapping[str, Any]) -> None:
        message = str(error.get("message"))
        if lost_session(message):
            raise _NoAnswer(CallFault.SESSION_LOST, message)
        data: object = error.get("data")
        supported: object = cast("dict[str, Any]", data).get("supported") if isinstance(data, dict) else None
        if isinstance(supported, list):
            self.foreign_versions = tuple(map(str, cast("list[object]", supported)))

    def _learn(self, method: str, result: dict[str, Any]) -> None:
        if method == "initialize" and result.get("protocolVersion") not in HANDSHAKE_PROTOCOL_VERSIONS:
            self.foreign_versions = (str(result.get("protocolVersion")),)
        if method == "tools/list":
            result["tools"] = legible_tools(result.get("tools"))

    def _notice(self, message: Mapping[str, Any]) -> None:
        if message.get("method") == LIST_CHANGED:
            self._on_tools_changed()


def lost_session(text: str) -> bool:
    """Whether a server says in these words that it does not know the session."""
    return _LOST.search(text) is not None


async def _body(response: httpx2.Response) -> bytes:
    body = bytearray()
    try:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MAX_ANSWER_BYTES:
                raise _NoAnswer(CallFault.UNUSABLE, f"it is longer than {MAX_ANSWER_BYTES:,} bytes")
    except _NoAnswer:
        raise
    except httpx2.DecodingError as error:
        raise _NoAnswer(CallFault.UNUSABLE, "its encoding is damaged") from error
    except Exception as error:
        raise _NoAnswer(CallFault.UNREACHED, "the connection broke within the answer") from error
    return bytes(body)


def _json(body: bytes) -> object:
    try:
        value: object = json.loads(body, parse_constant=_refuse)
        if b"\\u" in body:
            # Half a character is JSON, and can be neither stored nor sent on.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _NoAnswer(CallFault.UNUSABLE, "it is no JSON") from error
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _error(fault: CallFault, why: str) -> dict[str, Any]:
    return {"code": int(fault), "message": why}


def _made(
    request: httpx2.Request, answer: Mapping[str, Any], response: httpx2.Response | None = None
) -> httpx2.Response:
    headers = {"content-type": "application/json"}
    if response is not None and SESSION_HEADER in response.headers:
        headers[SESSION_HEADER] = response.headers[SESSION_HEADER]
    return httpx2.Response(HTTPStatus.OK, headers=headers, content=json.dumps(answer).encode(), request=request)
