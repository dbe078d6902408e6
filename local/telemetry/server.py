"""Runs the simulator behind its HTTP surface."""

import asyncio
import socket
from collections.abc import Sequence
from datetime import UTC, datetime

from local.serving import StandInServer
from local.telemetry.app import build_app, produce
from local.telemetry.log import EventLog
from local.telemetry.profiles import Profile
from local.telemetry.simulator import Simulator
from runtime.cancellation import end
from runtime.event_hub_address import HubAddress


def serve(
    profiles: Sequence[Profile],
    listener: socket.socket,
    *,
    seed: int,
    interval: float,
    hub: HubAddress | None = None,
) -> None:
    """Serve on `listener` until SIGTERM or SIGINT; open streams are then ended. With a `hub`, its events go there."""
    asyncio.run(_serve(profiles, listener, seed=seed, interval=interval, hub=hub))


async def _serve(
    profiles: Sequence[Profile], listener: socket.socket, *, seed: int, interval: float, hub: HubAddress | None
) -> None:
    log = EventLog()
    loop = asyncio.get_running_loop()

    def end_streams() -> None:
        loop.call_soon_threadsafe(log.close)

    server = StandInServer(build_app(log), on_stop=end_streams)
    simulator = Simulator(profiles, seed=seed, start=_now())
    producing = (
        produce(simulator, log, interval=interval, clock=_now)
        if hub is None
        else _produce_to_hub(simulator, hub, interval=interval)
    )
    producer = asyncio.create_task(producing)
    producer.add_done_callback(lambda task: None if task.cancelled() else server.stop())
    try:
        await server.serve(sockets=[listener])
    finally:
        await end(producer)
        if not producer.cancelled():
            producer.result()


async def _produce_to_hub(simulator: Simulator, hub: HubAddress, *, interval: float) -> None:
    # Imported only here: its packages take long to import.
    from local.telemetry.event_hubs import produce_to_hub, sending_to

    async with sending_to(hub) as sender:
        await produce_to_hub(simulator, sender, interval=interval, clock=_now)


def _now() -> datetime:
    return datetime.now(UTC)
