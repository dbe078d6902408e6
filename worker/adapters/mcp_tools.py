"""The `ToolBox` port over MCP: tools that the server marks as read-only, and no others."""

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from functools import partial

import anyio
from mcp_types import Tool

from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_listing import EndlessListing
from worker.adapters.mcp_session import Incompatible, McpSession, Overdue, Reply, Unreachable
from worker.adapters.single_flight import SingleFlight
from worker.domain.json_depth import is_too_deep
from worker.ports.tools import ToolDescription, ToolInvocation, ToolOutcome, ToolsUnavailable

LISTING_KEPT_S = 60.0
"""How long the list of tools is reused."""

MAX_DESCRIPTION = 4_000
"""Characters of a tool's description that a model is shown."""
MAX_SCHEMA = 32_000
"""Characters of the JSON schema of a tool's arguments."""

log = logging.getLogger(__name__)

UNREACHABLE = "The tool server could not be reached."


class McpToolBox:
    """Reads through a session whose tokens have the scope `read` only.

    The specialists of a case make many identical calls at the same time: what may be shared is called once.
    """

    def __init__(self, session: McpSession, loop: ClientLoop, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._loop = loop
        self._monotonic = monotonic
        self._shared = SingleFlight[Reply]()
        self._listing: tuple[float, int, tuple[ToolDescription, ...]] | None = None

    def describe(self) -> tuple[ToolDescription, ...]:
        """The read-only tools. Raises ToolsUnavailable."""
        if self._listing is None or self._is_old(*self._listing[:2]):
            try:
                tools = self._loop.call(self._session.list_tools)
            except Unreachable as error:
                raise ToolsUnavailable(str(error) or UNREACHABLE) from None
            except EndlessListing as error:
                raise ToolsUnavailable(str(error)) from None
            except Incompatible as error:
                raise ToolsUnavailable(str(error), permanent=True) from None
            described = (_description(tool) for tool in tools if _only_reads(tool))
            # Endpoints refuse a request that offers one name twice.
            offered = {tool.name: tool for tool in reversed([tool for tool in described if tool is not None])}
            self._listing = self._monotonic(), self._session.listings, tuple(reversed(offered.values()))
        return self._listing[2]

    def invoke(self, calls: Sequence[ToolInvocation], timeout_s: float) -> tuple[ToolOutcome, ...]:
        """All calls side by side. Raises ToolsUnavailable, also when not one of them was answered in time."""
        readable = {tool.name for tool in self.describe()}
        outcomes = self._loop.call(partial(self._invoke, calls, readable, timeout_s))
        answered = [outcome for outcome in outcomes if outcome is not None]
        if calls and not answered:
            raise ToolsUnavailable(f"The tool server did not answer within {timeout_s:g} seconds.")
        late = ToolOutcome(
            ok=False,
            result={"error": f"The tool did not answer within {timeout_s:g} seconds."},
            duration_ms=round(timeout_s * 1000),
        )
        return tuple(outcome or late for outcome in outcomes)

    def _is_old(self, asked_at: float, listings: int) -> bool:
        return listings != self._session.listings or self._monotonic() - asked_at > LISTING_KEPT_S

    async def _invoke(
        self, calls: Sequence[ToolInvocation], readable: set[str], timeout_s: float
    ) -> list[ToolOutcome | None]:
        outcomes: list[ToolOutcome | None] = [None] * len(calls)
        broken: list[Unreachable | Incompatible] = []

        async def run(index: int, call: ToolInvocation) -> None:
            try:
                outcomes[index] = await self._call(call, readable, timeout_s)
            except Overdue:
                return
            except (Unreachable, Incompatible) as error:
                broken.append(error)

        async with anyio.create_task_group() as group:
            for index, call in enumerate(calls):
                group.start_soon(run, index, call)
        if broken:
            raise ToolsUnavailable(str(broken[0]) or UNREACHABLE) from broken[0]
        return outcomes

    async def _call(self, call: ToolInvocation, readable: set[str], timeout_s: float) -> ToolOutcome:
        if call.tool not in readable:
            return ToolOutcome(ok=False, result={"error": f"'{call.tool}' is not a read-only tool."})
        started = self._monotonic()
        try:
            reply = await self._ask(call, timeout_s)
        except Unreachable:
            # The connection of one call may break while the server is running: reading once more costs little.
            reply = await self._ask(call, timeout_s)
        duration_ms = round((self._monotonic() - started) * 1000)
        if reply.fault == "passing" and reply.error is not None:
            raise Unreachable
        if reply.error is not None:
            return ToolOutcome(ok=False, result={"error": reply.error}, duration_ms=duration_ms)
        return ToolOutcome(ok=True, result=reply.result, duration_ms=duration_ms)

    async def _ask(self, call: ToolInvocation, timeout_s: float) -> Reply:
        if not call.shareable:
            return await self._session.call(call.tool, call.arguments, timeout_s)
        key = json.dumps([call.tool, call.arguments], sort_keys=True)
        try:
            # Each waits as long as it may, whoever asked first.
            with anyio.fail_after(timeout_s):
                return await self._shared.result(key, lambda: self._session.call(call.tool, call.arguments, math.inf))
        except TimeoutError:
            raise Overdue from None


def _only_reads(tool: Tool) -> bool:
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def _description(tool: Tool) -> ToolDescription | None:
    if is_too_deep(tool.input_schema):
        log.warning("The tool %r is not offered: its schema is nested too deeply.", tool.name[:64])
        return None
    if len(json.dumps(tool.input_schema)) > MAX_SCHEMA:
        log.warning("The tool %r is not offered: its schema is longer than %d characters.", tool.name[:64], MAX_SCHEMA)
        return None
    said = (tool.description or tool.title or tool.name)[:MAX_DESCRIPTION]
    return ToolDescription(name=tool.name, description=said, parameters=tool.input_schema)
