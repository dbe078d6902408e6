"""/metrics and /healthz on a port of their own."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.loopback import OwnMachineOnly
from local.scheduler.metrics import Metrics


def application(metrics: Metrics) -> Starlette:
    """The two pages."""

    async def show_metrics(_: Request) -> Response:
        return PlainTextResponse(metrics.render(), media_type="text/plain; version=0.0.4")

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(routes=[Route("/metrics", show_metrics), Route("/healthz", health)])


class _Embedded(uvicorn.Server):
    """Leaves the process's signals to the scheduler."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Does nothing."""
        yield


class MonitoringServer:
    """Serves the pages from the scheduler's event loop."""

    def __init__(self, metrics: Metrics, host: str, port: int) -> None:
        config = uvicorn.Config(
            OwnMachineOnly(application(metrics)), host=host, port=port, log_config=None, access_log=False
        )
        self._server = _Embedded(config)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to serve in the background."""
        self._task = asyncio.create_task(self._server.serve())

    async def stop(self) -> None:
        """Stops serving."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
