"""How long a request may go without an answer."""

import logging
from math import inf

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.problem import RETRY_AFTER, ProblemResponse, make_problem

log = logging.getLogger("casewright.backend")

ANSWER_S = 60.0
LONGEST_WAIT_S = 120.0
"""How long a caller may ask to wait for something, where one may."""
WAITING = frozenset({"/api/chat", "/chat/"})
"""Where one may."""


class RequestTimeout:
    """Middleware that answers in place of an application that does not.

    Time counts while the application has what it needs: not while a body is on its way, and not once the answer has
    begun, so that streams and downloads last as long as they last.
    """

    def __init__(self, app: ASGIApp, answer_s: float = ANSWER_S) -> None:
        self._app = app
        self._answer_s = answer_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; answer with 503 if nothing has come."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowed_s = self._answer_s + (LONGEST_WAIT_S if scope["path"] in WAITING else 0)
        is_answered = False

        async def receive_untimed() -> Message:
            limit.deadline = inf
            message = await receive()
            if not is_answered:
                limit.deadline = anyio.current_time() + allowed_s
            return message

        async def send_untimed(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            limit.deadline = inf
            await send(message)

        with anyio.move_on_after(allowed_s) as limit:
            await self._app(scope, receive_untimed, send_untimed)
        if limit.cancelled_caught:
            log.error("%s %s was not answered within %g s", scope["method"], scope["path"], allowed_s)
            detail = (
                f"The server did not answer within {allowed_s:g} s. It may still do what you asked for: look "
                "before you ask again."
            )
            problem = make_problem("took-too-long", 503, detail)
            await ProblemResponse(problem, RETRY_AFTER)(scope, receive, send)
