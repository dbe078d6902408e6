"""The server before the casebook's database is reachable: answers 503 with the reason, and retries."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from math import ceil

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from backend.http.connections.config import server_config
from backend.http.connections.limits import DEFAULT_LIMITS, ConnectionLimits
from backend.http.front import front
from backend.http.problem import ProblemResponse, make_problem
from backend.http.readiness import Health, Readiness, ReadyParts
from backend.http.site import LOOPBACK, Site
from casebook.errors import CasebookUnavailable
from runtime.server import StoppableServer

log = logging.getLogger("casewright.backend")

PAUSE_S = 2.0
STOP_TIMEOUT_S = 1


class StartupServer:
    """Answers on `listener` until `attempt` succeeds: `/healthz` 200, all else 503 with the sentence of `fault`."""

    def __init__(
        self,
        attempt: Callable[[], None],
        fault: CasebookUnavailable,
        may_mend: Callable[[CasebookUnavailable], bool],
        site: Site = LOOPBACK,
        pause_s: float = PAUSE_S,
        limits: ConnectionLimits = DEFAULT_LIMITS,
    ) -> None:
        self._attempt = attempt
        self._fault = fault
        self._may_mend = may_mend
        self._pause_s = pause_s
        self._retry_after = {"Retry-After": str(max(1, ceil(pause_s)))}
        self._over = False
        routes = [Route("/healthz", self._health), Route("/ready", self._ready), Mount("/", self._refuse)]
        guarded = front(Starlette(routes=routes, lifespan=self._trying), site)
        self._server = StoppableServer(server_config(guarded, limits, STOP_TIMEOUT_S, site))

    def run(self, listener: socket.socket) -> bool:
        """Whether `attempt` succeeded; false when a signal stopped the process first. `listener` stays open.

        Raises a CasebookUnavailable that waiting cannot mend.
        """
        log.warning("%s The backend waits for it.", self._fault.sentence)
        self._server.run(sockets=[listener.dup()])
        if not self._over:
            return False
        if not self._may_mend(self._fault):
            raise self._fault
        return True

    @asynccontextmanager
    async def _trying(self, _app: Starlette) -> AsyncGenerator[None]:
        task = asyncio.create_task(self._try())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _try(self) -> None:
        while not self._over:
            await asyncio.sleep(self._pause_s)
            try:
                await asyncio.to_thread(self._attempt)
                self._over = True
            except CasebookUnavailable as fault:
                self._fault = fault
                self._over = not self._may_mend(fault)
        self._server.should_exit = True

    async def _health(self, _request: Request) -> Response:
        return JSONResponse(Health(status="ok").model_dump())

    async def _ready(self, _request: Request) -> Response:
        parts = ReadyParts(casebook=self._fault.public, scheduler="Not asked before the casebook answers.")
        return JSONResponse(Readiness(status="not_ready", parts=parts).model_dump(), 503, self._retry_after)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every other path and method, and sockets, too: a client must not take a wait for a final answer."""
        refusal = ProblemResponse(
            make_problem(self._fault.id, self._fault.status, self._fault.public), self._retry_after
        )
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(refusal)
        else:
            await refusal(scope, receive, send)
