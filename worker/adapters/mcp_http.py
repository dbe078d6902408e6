"""The HTTP client of MCP: a fault affects only its own call, not the session.

The MCP library ends a session, with every call in flight, when the connection of one request raises; it waits without
end for an answer that has another id, and takes a proxy's page for an answer of the tool. So each answer is read
here completely, up to a limit, and passed on as the JSON-RPC answer of its call, or as an error of that call alone.
"""

import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
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
from worker.adapters.mcp_results import legible_error, legible_result
from worker.adapters.tool_tokens import TokenUnavailable

MAX_ANSWER_BYTES = 8 * 1_048_576
"""A longer answer is rejected: its tool must be asked for less."""
COURTESY_TIMEOUT_S = 5.0
"""Notifications and good-byes are not waited for longer: the library sends nothing else meanwhile."""

SESSION_HEADER = "mcp-session-id"
LIST_CHANGED = "notifications/tools/list_changed"


class CallFault(IntEnum):
    """Why a call has no answer. As JSON-RPC codes, which servers do not use above zero."""

    SESSION_LOST = 1
    """The server does not know the session: a new one is needed, and the call was not carried out."""
    UNREACHED = 2
    """The server could not be reached, or the connection ended before the answer: nobody knows what happened."""
    UNUSABLE = 3
    """The server answered something that is no answer."""
    UNAUTHENTICATED = 4
    """The server does not take the credentials, or asks for some: nothing was carried out."""
    FORBIDDEN = 5
    """The server knows who asks and does not allow it: nothing was carried out."""
    MISDIRECTED = 6
    """The server is not called by the name of its address: nothing was carried out."""
    TOO_OFTEN = 7
    """The server answers no more requests for now: nothing was carried out."""
    NO_TOKEN = 8
    """There was no token to show: nothing was sent."""


# As servers word it, in plain text or in an error of JSON-RPC, with any code and status.
_AWAY = r"not found|unknown|expired|terminated|invalid|missing|required|closed|lost|gone|no longer|not exist|not valid"
_LOST = re.compile(
    rf"session.{{0,80}}\b({_AWAY})\b|\b({_AWAY}|no|stale|not find|provide)\b.{{0,40}}session"
    r"|not (yet |been )*initiali[sz]ed|uninitiali[sz]ed|before initiali[sz]ation|initiali[sz]e (\w+ )?first",
    re.IGNORECASE | re.DOTALL,
)
_FOR_NOW = frozenset({408, 425, 502, 503, 504})
# With these a server may refuse the session or the call; a new session shows which. Nothing was carried out.
_REFUSED = frozenset({400, 404, 410})
_NO_ACCESS = {401: CallFault.UNAUTHENTICATED, 403: CallFault.FORBIDDEN}
_NOT_ASKED = {421: CallFault.MISDIRECTED, 429: CallFault.TOO_OFTEN}
_GONE = frozenset({404, 410})
_FOLLOWED = frozenset({307, 308})
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]+")
"""Where the words of a name like `SESSION_NOT_FOUND` or `SessionNotFound` meet."""


class _NoAnswer(Exception):
    def __init__(self, fault: CallFault, why: str) -> None:
        super().__init__(why)
        self.fault = fault


class CallByCallClient(DefaultAioHttpClient):
    """An HTTP client whose answers to calls are always answers of JSON-RPC. Proxies are those of the environment."""

    def __init__(
        self, headers: Mapping[str, str], on_tools_changed: Callable[[], object], auth: httpx2.Auth | None = None
    ) -> None:
        super().__init__(headers=dict(headers), auth=auth, limits=CONNECTIONS, timeout=TIMEOUT)
        self._on_tools_changed = on_tools_changed
        self.foreign_versions: tuple[str, ...] = ()
        """The protocol versions of a server with which this client has none in common."""
        self.no_access: int | None = None
        """The HTTP status with which the server last refused access."""
        self.not_asked: CallFault | None = None
        """Why the server last read nothing of a request."""

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
                if _is_followed(response):
                    return response
                answer = await self._answer(response, call)
            finally:
                if not _is_followed(response):
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
        except TokenUnavailable as error:
            self.not_asked = CallFault.NO_TOKEN
            raise _NoAnswer(CallFault.NO_TOKEN, str(error)) from error
        except Exception as error:
            # Whatever the transport raises: none of it means that there was an answer.
            raise _NoAnswer(CallFault.UNREACHED, type(error).__name__) from error

    async def _answer(self, response: httpx2.Response, call: Mapping[str, Any]) -> dict[str, Any]:
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            return await self._refusal(response, call)
        if response.has_redirect_location:
            raise _NoAnswer(CallFault.UNUSABLE, f"it sends to {_place(response)}")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/event-stream":
            said = await self._streamed(response, call)
        else:
            body = await _body(response)
            if not body and response.status_code in (HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT):
                raise _NoAnswer(CallFault.UNUSABLE, "it took the call and gave no answer")
            said = _answer_among(_json(body), call) or {}
        # Some servers write both, one of them null.
        said = {name: value for name, value in said.items() if value is not None or name not in ("result", "error")}
        if ("result" in said) == ("error" in said):
            raise _NoAnswer(CallFault.UNUSABLE, f"it is no answer of JSON-RPC ({kind or 'without a content type'})")
        return self._checked(said, call)

    async def _streamed(self, response: httpx2.Response, call: Mapping[str, Any]) -> dict[str, Any]:
        whole = _WholeStream(response)
        events = httpx2.EventSource(cast("httpx2.Response", whole), max_event_size=MAX_ANSWER_BYTES)
        problem: _NoAnswer | None = None
        try:
            async for event in events:
                if not event.data:
                    continue
                if not event.data.lstrip().startswith(("{", "[{")):
                    # Such as `[DONE]` or an address; the answer may still come.
                    problem = _NoAnswer(CallFault.UNUSABLE, "it is no JSON")
                    continue
                message = _json_event(event.data, is_last=whole.has_ended)
                answer = _answer_among(message, call)
                if answer is not None and not _is_of_another(answer, call):
                    return answer
                if answer is not None:
                    problem = _NoAnswer(CallFault.UNUSABLE, "it belongs to another call")
                elif isinstance(message, dict):
                    self._notice(cast("dict[str, Any]", message))
        except httpx2.SSEError as error:
            raise _NoAnswer(CallFault.UNUSABLE, str(error)) from error
        except _NoAnswer:
            raise
        except Exception as error:
            raise _NoAnswer(CallFault.UNREACHED, "the connection broke within the answer") from error
        raise problem or _NoAnswer(CallFault.UNREACHED, "the connection ended before the answer")

    async def _refusal(self, response: httpx2.Response, call: Mapping[str, Any]) -> dict[str, Any]:
        status, body = response.status_code, await _body(response)
        try:
            answer = _json(body)
        except _NoAnswer:
            answer = None
        said = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
        error: object = said.get("error")
        in_session = SESSION_HEADER in response.request.headers
        if status in _NO_ACCESS and not lost_session(body[:1_000].decode(errors="replace")):
            self.no_access = status
            raise _NoAnswer(_NO_ACCESS[status], f"HTTP status {status}")
        if status in _NOT_ASKED:
            self.not_asked = _NOT_ASKED[status]
            raise _NoAnswer(_NOT_ASKED[status], f"HTTP status {status}")
        if isinstance(error, dict) and isinstance(cast("dict[str, Any]", error).get("code"), int):
            error = cast("dict[str, Any]", error)
            if in_session and (status in _GONE or (status in _REFUSED and not _is_same(said.get("id"), call["id"]))):
                raise _NoAnswer(CallFault.SESSION_LOST, str(error.get("message")))
            # A refusal may have been written before the call's id was read.
            return self._checked({"jsonrpc": "2.0", "id": call["id"], "error": error}, call)
        if lost_session(body[:1_000].decode(errors="replace")) or (status in _REFUSED and in_session):
            raise _NoAnswer(CallFault.SESSION_LOST, f"HTTP status {status}")
        fault = CallFault.UNREACHED if status in _FOR_NOW else CallFault.UNUSABLE
        raise _NoAnswer(fault, f"HTTP status {status}")

    def _checked(self, answer: dict[str, Any], call: Mapping[str, Any]) -> dict[str, Any]:
        """The answer under the call's own id, if it is one to this call."""
        head = {"jsonrpc": "2.0", "id": call["id"]}
        error: Any = answer.get("error")
        if error is not None:
            details = cast("dict[str, Any]", error if isinstance(error, dict) else {"message": error})
            self._refused(details)
            # The id of an error is null where the call was not understood.
            is_of_tools = str(call.get("method")).startswith("tools/")
            return {**head, "error": legible_error(details) if is_of_tools else answer["error"]}
        if _is_of_another(answer, call):
            raise _NoAnswer(CallFault.UNUSABLE, "it belongs to another call")
        result: object = answer.get("result")
        if isinstance(result, dict):
            result = self._learn(str(call.get("method")), cast("dict[str, Any]", result))
        return {**head, "result": result}

    def _refused(self, error: Mapping[str, Any]) -> None:
        message = str(error.get("message"))
        if lost_session(message):
            raise _NoAnswer(CallFault.SESSION_LOST, message)
        data: object = error.get("data")
        supported: object = cast("dict[str, Any]", data).get("supported") if isinstance(data, dict) else None
        if isinstance(supported, list):
            self.foreign_versions = tuple(map(str, cast("list[object]", supported)))

    def _learn(self, method: str, result: dict[str, Any]) -> dict[str, Any]:
        """The result as the library can read it."""
        if method == "initialize" and result.get("protocolVersion") not in HANDSHAKE_PROTOCOL_VERSIONS:
            self.foreign_versions = (str(result.get("protocolVersion")),)
        if method == "tools/list":
            cursor = result.get("nextCursor")
            listed = {name: part for name, part in result.items() if name not in ("_meta", "nextCursor")}
            return {**listed, "tools": legible_tools(result.get("tools"))} | (
                {"nextCursor": str(cursor)} if cursor else {}
            )
        return legible_result(result) if method == "tools/call" else result

    def _notice(self, message: Mapping[str, Any]) -> None:
        if message.get("method") == LIST_CHANGED:
            self._on_tools_changed()


def lost_session(text: str) -> bool:
    """Whether a server says in these words that it does not know the session."""
    return _LOST.search(_WORDS.sub(" ", text)) is not None


class _WholeStream:
    """What an event stream is read from: its last event may lack its end, its first may follow a byte-order mark."""

    def __init__(self, response: httpx2.Response) -> None:
        self.headers, self.request = response.headers, response.request
        self._response = response
        self.has_ended = False

    async def aiter_text(self) -> AsyncGenerator[str]:
        is_first = True
        async for text in self._response.aiter_text():
            yield text.removeprefix("\ufeff") if is_first else text
            is_first = is_first and not text
        self.has_ended = True
        yield "\n\n"


def _is_followed(response: httpx2.Response) -> bool:
    """Whether the library asks again where the response sends to; it takes the call along on the same origin alone."""
    if not response.has_redirect_location or response.status_code not in _FOLLOWED:
        return False
    here, there = response.request.url, response.request.url.join(response.headers["location"])
    return here.host == there.host and (here.port == there.port or there.scheme == "https")


def _place(response: httpx2.Response) -> str:
    there = response.request.url.join(response.headers["location"])
    return f"{there.scheme}://{there.host}{f':{there.port}' if there.port else ''}{there.path}"[:200]


def _is_same(said: object, call_id: object) -> bool:
    if isinstance(said, float) and said.is_integer():
        said = int(said)
    return str(said) == str(call_id)


def _is_of_another(answer: Mapping[str, Any], call: Mapping[str, Any]) -> bool:
    # The id of an error is null where the call was not understood.
    if answer.get("error") is not None and not isinstance(answer.get("id"), int):
        return False
    return not _is_same(answer.get("id"), call["id"])


def _answer_among(value: object, call: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer of JSON-RPC in a message or a batch of them, that to this call first."""
    messages = cast("list[object]", value) if isinstance(value, list) else [value]
    answers = [cast("dict[str, Any]", message) for message in messages if isinstance(message, dict)]
    answers = [answer for answer in answers if "result" in answer or "error" in answer]
    return next((answer for answer in answers if not _is_of_another(answer, call)), answers[0] if answers else None)


def _json_event(data: str, *, is_last: bool) -> object:
    try:
        return _json(data.encode(errors="surrogatepass"))
    except _NoAnswer:
        if is_last:
            raise _NoAnswer(CallFault.UNREACHED, "the connection ended within the answer") from None
        raise


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
