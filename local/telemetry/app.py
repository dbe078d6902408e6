"""The HTTP surface of the simulator, and the task that produces events behind it."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from contracts.telemetry import telemetry_event
from local.telemetry.log import EventLog
from local.telemetry.simulator import Simulator

FAST_BATCH = 10
FAST_PAUSE_SECONDS = 0.01
"""With no interval a batch is produced at every such pause: about a thousand events a second."""


async def produce(simulator: Simulator, log: EventLog, *, interval: float, clock: Callable[[], datetime]) -> None:
    """Write the history into `log` at once, then one event every `interval` seconds until cancelled."""
    for event in simulator.history():
        log.append(telemetry_event.dump_json(event))
    while True:
        for _ in range(1 if interval else FAST_BATCH):
            log.append(telemetry_event.dump_json(simulator.next_event(clock())))
        await asyncio.sleep(interval or FAST_PAUSE_SECONDS)


def build_app(log: EventLog) -> Starlette:
    """GET /events?after=N and GET /healthz over `log`."""

    async def events(request: Request) -> Response:
        given = request.query_params.get("after")
        try:
            after = None if given in (None, "") else int(given)
        except ValueError:
            message = f"'after' must be a whole number, the last offset that was read, not '{given}'."
            return JSONResponse({"error": message}, status_code=422)
        return StreamingResponse(log.follow(after), media_type="application/x-ndjson")

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "oldest_offset": log.oldest_offset, "next_offset": log.next_offset})

    return Starlette(routes=[Route("/events", events), Route("/healthz", health)])
