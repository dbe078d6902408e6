"""One session with the tool server, on the client loop."""

import asyncio
import json
import logging
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast
from urllib.parse import unquote

import anyio
from mcp import Client, ClientSession, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    ListToolsResult,
    PaginatedRequestParams,
    RequestParamsMeta,
    TextContent,
    Tool,
    ToolListChangedNotification,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from pydantic import JsonValue, TypeAdapter, ValidationError

from contracts.access import NO_GRANT, NO_SCOPE, REFUSAL_KEY
from contracts.addresses import without_credentials
from contracts.base import FiniteJson
from contracts.release import VERSION
from contracts.words import cut
from worker.adapters.mcp_http import CallByCallClient, CallFault
from worker.adapters.mcp_listing import EndlessListing, all_tools
from worker.adapters.tool_tokens import BearerAuth, TokenSource
from worker.domain.json_depth import is_too_deep

CONNECT_TIMEOUT_S = 10.0
MAX_ERROR = 500
CALLS_AT_ONCE = 32
"""How many calls are in flight at a time."""

Fault = Literal["refused", "internal", "passing", "no-access", "no-grant"]
"""The tool's considered answer; a fault inside the server that nobody foresaw; a store that is down for now; a caller
who may not call this tool or sees none of that name, or a call without a grant, which say nothing of what was asked."""

_MARKED: Mapping[object, Fault] = {NO_SCOPE: "no-access", NO_GRANT: "no-grant"}

# How the server words its errors: its framework those that no tool foresaw, its store those that will pass.
INTERNAL_ERROR = "Error calling tool"
PASSING_ERROR = "The customer store is not available"

# How foreign servers say who may not call, in a tool's error or in one of JSON-RPC, with any code.
_NO_ACCESS_WORDS = re.compile(
    r"\b(un(authori[sz]ed|authenticated)|not (authenticated|logged in)|forbidden|may only read"
    r"|(access|permission)s? (is |was )?denied|insufficient (scopes?|permissions?|privileges?|rights)"
    r"|(invalid|missing|expired|wrong|bad|no) ((access|api|auth\w*|bearer|write) ?)*(token|credentials?|api ?key)"
    r"|(authentication|authori[sz]ation|bearer token|token|credentials?) (is |are )?(required|missing|needed|expired)"
    r"|(http|status|code|error)( status| code)*:? 40[13]|40[13] (unauthori[sz]ed|forbidden)"
    r"|(unknown|no such|disabled) tool|tool .{0,80}\b(not found|not exist|unknown|disabled|not available))\b",
    re.IGNORECASE | re.DOTALL,
)

# The server answered: it is up, and will answer the same again.
_ANSWERED = frozenset({INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND})
# A server that wants to know who asks may have forgotten it with the session.
_GONE = frozenset({CallFault.SESSION_LOST, CallFault.UNAUTHENTICATED, CONNECTION_CLOSED})
_NO_ACCESS = frozenset({CallFault.UNAUTHENTICATED, CallFault.FORBIDDEN})
NOT_ASKED: Mapping[int, str] = {
    CallFault.MISDIRECTED: "The tool server at {where} is not called by that name: add the name to its "
    "MCP_ALLOWED_HOSTS, or correct MCP_SERVER_URI.",
    CallFault.TOO_OFTEN: "The tool server at {where} answers no more requests of this worker for now: it asks more "
    "often than MCP_CALLS_PER_MINUTE allows.",
    CallFault.NO_TOKEN: "This worker has no token for the tool server at {where}: its managed identity gives none for "
    "MCP_AUDIENCE.",
}
_NOT_REACHED = frozenset({CallFault.UNREACHED, CONNECTION_CLOSED})
_WORKER = Implementation(name="casewright-worker", version=VERSION)
_json: TypeAdapter[JsonValue] = TypeAdapter(FiniteJson)

T = TypeVar("T")

log = logging.getLogger(__name__)


class Unreachable(Exception):
    """The server could not be reached, or the connection broke before it answered."""


class AccessRefused(Unreachable):
    """The server answers nothing to this caller; the message is one sentence."""


class NotAsked(Unreachable):
    """The server has read nothing of the request, and nothing was carried out; the message is one sentence."""


class Overdue(Exception):
    """The server is there but did not answer in time."""


@dataclass(frozen=True)
class Reply:
    """What a tool answered: structured content, or else its text. `error` is its own sentence when it failed."""

    result: JsonValue
    error: str | None = None
    fault: Fault = "refused"
    """What kind of error it is, when there is one."""


class Incompatible(Exception):
    """The server speaks no version of the protocol that this worker knows; the message is one sentence."""


class _Connection:
    """A session, and the task that holds it open: the library wants it closed by the task that opened it."""

    def __init__(self, session: ClientSession, closing: asyncio.Event, holder: asyncio.Task[None]) -> None:
        self.session = session
        self._closing = closing
        self._holder = holder
        self._calls = 0
        self._retired = False

    @property
    def is_open(self) -> bool:
        return not self._holder.done()

    @contextmanager
    def call(self) -> Generator[ClientSession]:
        """For one call, which keeps the session open."""
        self._calls += 1
        try:
            yield self.session
        finally:
            self._calls -= 1
            if self._retired and not self._calls:
                self._closing.set()

    def retire(self) -> None:
        """Close it once the calls under way on it have ended."""
        self._retired = True
        if not self._calls:
            self._closing.set()

    async def close(self) -> None:
        """Close it now."""
        self._closing.set()
        with suppress(Exception):
            await self._holder


class McpSession:
    """Connects when first used, and again when the server no longer knows the session, as after its restart.

    A fault of one call affects no other call of the session. A call that met a lost session is
    repeated once on a new one; what writes carries a key that makes a repetition harmless.
    """

    def __init__(self, url: str, tokens: TokenSource | None = None) -> None:
        """`tokens`: what each request shows; without them, the user and password of the address, if it has any."""
        self._url, credentials = _without_userinfo(url)
        self._headers = {} if tokens else credentials
        self._auth = None if tokens is None else BearerAuth(tokens)
        self._connection: _Connection | None = None
        self._connecting = anyio.Lock()
        self._slots = anyio.CapacityLimiter(CALLS_AT_ONCE)
        self.where = without_credentials(url)
        """The server's address as it may be shown."""
        self.listings = 0
        """Grows when the list of tools may have changed: the server said so, or it is another server now."""

    async def list_tools(self) -> list[Tool]:
        """All tools of the server. Raises Unreachable, Incompatible or EndlessListing."""
        try:
            with anyio.fail_after(CONNECT_TIMEOUT_S):
                return await all_tools(self._page)
        except (Unreachable, Incompatible, EndlessListing):
            raise
        except MCPError as error:
            if error.code in NOT_ASKED:
                raise NotAsked(_not_asked(error.code, self.where)) from error
            if error.code in _NO_ACCESS:
                raise AccessRefused(_refuses_access(self.where, error.message)) from error
            raise Unreachable from error
        except Exception as error:
            raise Unreachable from error

    async def call(
        self, tool: str, arguments: Mapping[str, Any], timeout_s: float, meta: Mapping[str, Any] | None = None
    ) -> Reply:
        """Call a tool; `meta`: what goes along and is no argument. Raises Unreachable, Overdue or Incompatible."""
        if not _can_be_sent(arguments):
            return Reply(None, "The arguments hold a text that cannot be sent: half a character.")
        # `call_tool` would hold the answer to the tool's output schema, as the server has just done.
        along = cast("RequestParamsMeta", dict(meta)) if meta else None
        request = CallToolRequest(params=CallToolRequestParams(name=tool, arguments=dict(arguments), _meta=along))
        await self._connected()
        try:
            with anyio.fail_after(timeout_s):
                async with self._slots:
                    answer = await self._ask(lambda session: session.send_request(request, CallToolResult))
        except TimeoutError:
            raise Overdue from None
        except ValidationError:
            return _no_use(tool, "it does not fit the protocol")
        except MCPError as error:
            if error.code in NOT_ASKED:
                raise NotAsked(_not_asked(error.code, self.where)) from error
            if error.code in _NO_ACCESS:
                return Reply(None, _refuses_access(self.where, error.message), "no-access")
            if error.code in _ANSWERED:
                return Reply(None, cut(error.message, MAX_ERROR), _fault_of_call(error))
            if error.code in _NOT_REACHED:
                raise Unreachable from error
            return _no_use(tool, error.message)
        except (Unreachable, Incompatible):
            raise
        except Exception as error:
            # The client raises whatever its parts do; none of it means that the tool answered.
            raise Unreachable from error
        reply = _reply(answer)
        return _no_use(tool, "it is nested too deeply") if is_too_deep(reply.result) else reply

    async def close(self) -> None:
        """End the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _page(self, cursor: str | None) -> ListToolsResult:
        params = PaginatedRequestParams(cursor=cursor) if cursor else None
        return await self._ask(lambda session: session.list_tools(params=params))

    async def _ask(self, ask: Callable[[ClientSession], Awaitable[T]]) -> T:
        """The answer, from a new session when the server no longer knows this one. Raises MCPError and others."""
        connection = await self._connected()
        try:
            with connection.call() as session:
                return await ask(session)
        except (ValidationError, TimeoutError):
            raise
        except Exception as error:
            if isinstance(error, MCPError) and error.code not in _GONE:
                raise
            # Any other exception of the library means that the session is lost.
            log.info("The tool server no longer knows the session (%s): opening another.", type(error).__name__)
            self._forget(connection)
        with (await self._connected()).call() as session:
            return await ask(session)

    async def _connected(self) -> _Connection:
        if self._connection is None or not self._connection.is_open:
            async with self._connecting:
                if self._connection is None or not self._connection.is_open:
                    self._connection = await self._connect()
                    self.listings += 1
                return self._connection
        return self._connection

    async def _connect(self) -> _Connection:
        opened: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
        closing = asyncio.Event()
        http = CallByCallClient(self._headers, self._tools_changed, self._auth)
        holder = asyncio.create_task(self._hold_open(http, opened, closing))
        await asyncio.wait((opened, holder), timeout=CONNECT_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if opened.done():
            holder.add_done_callback(_ended)
            return _Connection(opened.result(), closing, holder)
        holder.cancel()
        await asyncio.wait((holder,))
        fault = None if holder.cancelled() else holder.exception()
        if http.foreign_versions:
            raise Incompatible(_no_common_version(self._url, http.foreign_versions)) from fault
        if http.not_asked is not None:
            raise NotAsked(_not_asked(http.not_asked, self.where)) from fault
        if http.no_access is not None:
            raise AccessRefused(_refuses_access(self.where, f"HTTP status {http.no_access}")) from fault
        raise Unreachable from fault

    async def _hold_open(
        self, http: CallByCallClient, opened: asyncio.Future[ClientSession], closing: asyncio.Event
    ) -> None:
        async with (
            http,
            Client(
                streamable_http_client(self._url, http_client=http), client_info=_WORKER, message_handler=self._notice
            ) as mcp,
        ):
            opened.set_result(mcp.session)
            await closing.wait()

    async def _notice(self, message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._tools_changed()

    def _tools_changed(self) -> None:
        self.listings += 1

    def _forget(self, connection: _Connection) -> None:
        connection.retire()
        # Another call may have found the fault first and reconnected already.
        if self._connection is connection:
            self._connection = None


def _without_userinfo(url: str) -> tuple[str, dict[str, str]]:
    """The address, and the header with its credentials: the transport refuses them in both at the same time."""
    before, separator, after = url.partition("://")
    authority, slash, path = after.partition("/")
    user, at, host = authority.rpartition("@")
    if not at:
        return url, {}
    said = b64encode(unquote(user).encode()).decode()
    return f"{before}{separator}{host}{slash}{path}", {"Authorization": f"Basic {said}"}


def _ended(holder: asyncio.Task[None]) -> None:
    if not holder.cancelled() and (fault := holder.exception()) is not None:
        log.info("A session with the tool server ended (%s).", type(fault).__name__)


def _no_common_version(url: str, theirs: tuple[str, ...]) -> str:
    known = f"{HANDSHAKE_PROTOCOL_VERSIONS[0]} to {MODERN_PROTOCOL_VERSIONS[-1]}"
    return (
        f"The tool server at {without_credentials(url)} speaks version {' and '.join(theirs)[:200]} of MCP and this "
        f"worker {known}: bring the older of them up to date."
    )


def _can_be_sent(arguments: Mapping[str, Any]) -> bool:
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_use(tool: str, why: str) -> Reply:
    log.warning("The answer of the tool %r cannot be used: %s.", tool, cut(why, MAX_ERROR).rstrip("."))
    return Reply(None, f"The tool's answer cannot be used: {cut(why, MAX_ERROR).rstrip('.')}.", "internal")


def _reply(answer: CallToolResult) -> Reply:
    text = "\n".join(part.text for part in answer.content if isinstance(part, TextContent))
    if answer.is_error:
        said = text or (json.dumps(answer.structured_content) if answer.structured_content else "")
        sentence = cut(said, MAX_ERROR) or "The tool failed and did not say why."
        return Reply(None, sentence, _MARKED.get((answer.meta or {}).get(REFUSAL_KEY)) or _fault(text))
    if answer.structured_content is not None:
        return Reply(answer.structured_content)
    try:
        return Reply(_json.validate_json(text))
    except ValidationError:
        return Reply(text)


def _fault(text: str) -> Fault:
    if text.startswith(PASSING_ERROR):
        return "passing"
    # Without words nobody considered anything: what writes may have written.
    if not text or text.startswith(INTERNAL_ERROR):
        return "internal"
    return "no-access" if is_about_access(text) else "refused"


def _fault_of_call(error: MCPError) -> Fault:
    # A server that hides a tool from a caller says the same as one that has none of that name.
    return "no-access" if error.code == METHOD_NOT_FOUND or is_about_access(error.message) else "refused"


def is_about_access(text: str) -> bool:
    """Whether a server says in these words that the caller may not call, rather than what comes of the call."""
    return _NO_ACCESS_WORDS.search(text[:MAX_ERROR].replace("_", " ")) is not None


def _not_asked(code: int, where: str) -> str:
    return NOT_ASKED[code].format(where=where)


def _refuses_access(where: str, why: str) -> str:
    return f"The tool server at {where} refuses access ({why})."
