"""Runs the simulator behind its HTTP surface."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from datetime import UTC, datetime

from local.serving import StandInServer
from local.telemetry.app import build_app, produce
from local.telemetry.log import EventLog
from local.telemetry.profiles import Profile
from local.telemetry.simulator import Simulator


def serve(profiles: Sequence[Profile], listener: socket.socket, *, seed: int, interval: float) -> None:
    """Serve on `listener` until SIGTERM or SIGINT; open streams are then ended."""
    asyncio.run(_serve(profiles, listener, seed=seed, interval=interval))


async def _serve(profiles: Sequence[Profile], listener: socket.socket, *, seed: int, interval: float) -> None:
    log = EventLog()
    loop = asyncio.get_running_loop()

    def end_streams() -> None:
        loop.call_soon_threadsafe(log.close)

    server = StandInServer(build_app(log), on_stop=end_streams)
    simulator = Simulator(profiles, seed=seed, start=_now())
    producer = asyncio.create_task(produce(simulator, log, interval=interval, clock=_now))
    producer.add_done_callback(lambda task: None if task.cancelled() else server.stop())
    try:
        await server.serve(sockets=[listener])
    finally:
        producer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await producer


def _now() -> datetime:
    return datetime.now(UTC)
