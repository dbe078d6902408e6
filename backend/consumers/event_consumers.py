"""All consumers of domain events, as jobs of one process: they count messages, and deliver to whoever subscribes."""

import os
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from backend.delivery.batches import Sends
from backend.delivery.deliverer import WebhookDeliverer
from backend.delivery.following import Follower
from backend.delivery.sinks import Sink, SinkDelivery
from backend.executor import BlockingExecutor
from casebook.async_api import AsyncEvents
from casebook.chat_api import ChatApi
from casebook.database.transactions import Transactions, utc_now
from casebook.errors import CasebookUnavailable
from casebook.events_api import EventsApi

COUNTED_AT_ONCE = 500


class EventConsumers:
    """Counts messages, posts events to webhooks, and sends all of them to each sink, by the name of its consumer."""

    def __init__(
        self,
        transactions: Transactions,
        webhooks: Sends,
        sinks: Mapping[str, Sink],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._threads = BlockingExecutor()
        owner = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        events = AsyncEvents(EventsApi(transactions), self._threads)
        self._chat = ChatApi(transactions)
        self._deliverer = WebhookDeliverer(events, webhooks, owner, clock)
        self._sinks = [SinkDelivery(name, sink, events, owner) for name, sink in sinks.items()]
        self._followers = [
            Follower(self._count, "Messages are counted when it works."),
            Follower(self._deliverer.look, "Events are delivered when it works."),
            *(Follower(each.deliver, "Events wait, and are sent when it works.") for each in self._sinks),
        ]

    def wake(self) -> None:
        """Something was published. To be called on the event loop."""
        for follower in self._followers:
            follower.wake()

    @property
    def jobs(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        """What is to run as long as the process does, each until cancelled."""
        return tuple(follower.run for follower in self._followers)

    @asynccontextmanager
    async def handing_over(self) -> AsyncGenerator[None]:
        """At its end other processes may deliver at once what this one did. To be closed after the jobs."""
        try:
            yield
        finally:
            # A casebook that is away now: the leases end by themselves.
            with suppress(CasebookUnavailable):
                await self._deliverer.stop()
                for each in self._sinks:
                    await each.release()

    async def _count(self) -> bool:
        return await self._threads.run(self._chat.count_told, COUNTED_AT_ONCE) == COUNTED_AT_ONCE
