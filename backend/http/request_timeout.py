"""How long a request may go without an answer."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.deadline import Deadline
from backend.http.problem import RETRY_AFTER, ProblemResponse, make_problem

log = logging.getLogger("casewright.backend")

ANSWER_S = 60.0
LONGEST_WAIT_S = 120.0
"""How long a caller may ask to wait for something, where one may."""
LONGER: Mapping[str, float | None] = {"/api/chat": LONGEST_WAIT_S, "/api/cases/bulk": LONGEST_WAIT_S, "/chat/": None}
"""By how much longer an answer may take; None: as long as it takes, which is what is promised there."""


class RequestTimeout:
    """Middleware that answers in place of an application that does not.

    Time counts while the application has what it needs: not while a body is on its way, and not once the answer has
    begun, so that streams and downloads last as long as they last. The application is not cut off: it ends what it
    does, such as a decision, and what it says then is dropped. This returns once it has ended, so that the server
    knows of it when it stops.
    """

    def __init__(self, app: ASGIApp, answer_s: float = ANSWER_S) -> None:
        self._app = app
        self._answer_s = answer_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; answer with 503 if nothing has come."""
        longer_s = LONGER.get(scope["path"], 0.0) if scope["type"] == "http" else None
        if longer_s is None:
            await self._app(scope, receive, send)
            return
        exchange = Exchange(receive, send, self._answer_s + longer_s)
        answering = asyncio.ensure_future(self._app(scope, exchange.receive, exchange.send))
        try:
            if await exchange.is_late(answering):
                await _refuse(exchange.allowed_s, scope, receive, send)
            # Not waited for as itself: that this is cancelled must not leave it behind.
            await asyncio.wait({answering})
        finally:
            exchange.end()
            if not answering.done():
                answering.cancel()
                await asyncio.wait({answering})
        _report(answering, exchange, scope)


class Exchange:
    """What the application is asked, and what it says as long as it is in time."""

    def __init__(self, receive: Receive, send: Send, allowed_s: float) -> None:
        self.allowed_s = allowed_s
        self.state: Literal["open", "answered", "late"] = "open"
        self._receive = receive
        self._send = send
        loop = asyncio.get_running_loop()
        self._expired = loop.create_future()
        self._answer_by = Deadline(loop, self._expire)
        self._answer_by.set(allowed_s)
        self._has_body = False

    async def is_late(self, answering: "asyncio.Future[None]") -> bool:
        """Whether the time was over before anything was said. Returns when it is, or when the application has ended."""
        await asyncio.wait({answering, self._expired}, return_when=asyncio.FIRST_COMPLETED)
        return self.state == "late"

    def end(self) -> None:
        """No timer outlives it."""
        self._answer_by.stop()

    async def receive(self) -> Message:
        """What comes next. Waiting for it takes no time, as long as it belongs to the request."""
        if self._has_body or self.state != "open":
            return await self._receive()
        self._answer_by.clear()
        try:
            message = await self._receive()
            self._has_body = not message.get("more_body", False)
            return message
        finally:
            if self.state == "open":
                self._answer_by.set(self.allowed_s)

    async def send(self, message: Message) -> None:
        """Pass on, or drop what comes too late."""
        if self.state == "late":
            # Who writes to nobody has to let others have a turn.
            await asyncio.sleep(0)
            return
        self.state = "answered"
        self._answer_by.clear()
        await self._send(message)

    def _expire(self) -> None:
        self.state = "late"
        self._expired.set_result(None)


async def _refuse(allowed_s: float, scope: Scope, receive: Receive, send: Send) -> None:
    log.error("%s %s was not answered within %g s", scope["method"], scope["path"], allowed_s)
    detail = (
        f"The server did not answer within {allowed_s:g} s. It may still do what you asked for: look "
        "before you ask again."
    )
    await ProblemResponse(make_problem("took-too-long", 503, detail), RETRY_AFTER)(scope, receive, send)


def _report(answering: "asyncio.Future[None]", exchange: Exchange, scope: Scope) -> None:
    """Raises what the application raised, unless it is answered."""
    if exchange.state != "late":
        answering.result()
    elif not answering.cancelled() and (error := answering.exception()) is not None:
        log.error("%s %s failed after it took too long", scope["method"], scope["path"], exc_info=error)
