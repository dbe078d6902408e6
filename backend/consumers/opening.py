"""Opens the sinks that the settings name."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from backend.delivery.event_hubs_options import EventHubsOptions
from backend.delivery.event_log import EventLogSender
from backend.delivery.sinks import Sink


@asynccontextmanager
async def open_sinks(*, event_log: bool, event_hub: EventHubsOptions | None) -> AsyncGenerator[Mapping[str, Sink]]:
    """Where all events go, by the names of their consumers; closed at the end.

    `event_log`: to the log of this process as well. `event_hub`: which hub; None: to none.
    """
    async with AsyncExitStack() as stack:
        sinks: dict[str, Sink] = {}
        if event_log:
            sinks["event-log"] = EventLogSender()
        if event_hub is not None:
            from backend.delivery.event_hubs import EventHubsSender

            hub = EventHubsSender(event_hub)
            stack.push_async_callback(hub.close)
            sinks["event-hubs"] = hub
        yield sinks
