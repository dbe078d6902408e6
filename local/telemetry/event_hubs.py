"""Sends the simulator's events to Azure Event Hubs, those of one customer to one partition and in order."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from azure.core.exceptions import AzureError
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError
from azure.identity.aio import DefaultAzureCredential

from contracts.telemetry import TelemetryEvent, telemetry_event
from local.telemetry.simulator import Simulator
from runtime.authorities import believed_file
from runtime.backoff import Backoff, Pauses
from runtime.cancellation import raise_lost_cancellation
from runtime.event_hub_address import HubAddress

_log = logging.getLogger(__name__)

CHUNK_EVENTS = 500
"""Events that are sorted by customer at once."""
FAST_BATCH = 100
FAST_PAUSE_S = 0.01
"""With no interval a batch is produced at every such pause."""
SEND_TIMEOUT_S = 30.0
_BACKOFF = Backoff(first_s=0.5, longest_s=10.0)


class HubSender:
    """Sends events with the customer's id as their partition key. A hub that is away is waited for, and said once.

    What was on its way when the connection broke is sent again: a receiver may get an event twice, never too few.
    """

    def __init__(
        self,
        address: HubAddress,
        *,
        backoff: Backoff = _BACKOFF,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._address = address
        self._pauses = Pauses(backoff)
        self._sleep = sleep
        self._client: EventHubProducerClient | None = None
        self._credential: DefaultAzureCredential | None = None
        self.sent = 0
        """Events that the hub has taken."""

    async def send(self, events: Sequence[TelemetryEvent]) -> None:
        """Return when the hub has taken all, however long that takes."""
        for start in range(0, len(events), CHUNK_EVENTS):
            for customer, bodies in _by_customer(events[start : start + CHUNK_EVENTS]).items():
                await self._send(str(customer), bodies)

    async def close(self) -> None:
        """Let go of the connection and the identity."""
        await self._disconnect()
        credential, self._credential = self._credential, None
        if credential is not None:
            await credential.close()

    async def _send(self, key: str, bodies: Sequence[bytes]) -> None:
        left = list(bodies)
        while left:
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    taken = await self._send_batch(key, left)
            except (EventHubError, AzureError, OSError, TimeoutError) as error:
                if not self._pauses.failures:
                    _log.warning("The event hub takes no events (%s): waiting for it.", type(error).__name__)
                await self._disconnect()
                raise_lost_cancellation()
                await self._sleep(self._pauses.next_s())
                continue
            if self._pauses.failures:
                _log.info("The event hub takes events again.")
            self._pauses.reset()
            self.sent += taken
            del left[:taken]
            raise_lost_cancellation()

    async def _send_batch(self, key: str, bodies: Sequence[bytes]) -> int:
        client = self._connected()
        batch = await client.create_batch(partition_key=key)
        taken = 0
        with suppress(ValueError):  # the batch is full
            for body in bodies:
                event = EventData(body)
                event.content_type = "application/json"
                batch.add(event)
                taken += 1
        await client.send_batch(batch)
        return taken

    def _connected(self) -> EventHubProducerClient:
        if self._client is None:
            self._client = self._new_client()
        return self._client

    def _new_client(self) -> EventHubProducerClient:
        address = self._address
        if address.connection_string is not None:
            return EventHubProducerClient.from_connection_string(
                address.connection_string,
                eventhub_name=address.hub,
                retry_total=1,
                connection_verify=believed_file(),
            )
        assert address.namespace is not None
        self._credential = self._credential or DefaultAzureCredential()
        return EventHubProducerClient(
            address.namespace, address.hub, self._credential, retry_total=1, connection_verify=believed_file()
        )

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(EventHubError, OSError):
                await client.close()


@asynccontextmanager
async def sending_to(address: HubAddress) -> AsyncGenerator[HubSender]:
    """A sender, closed at the end."""
    sender = HubSender(address)
    try:
        yield sender
    finally:
        await sender.close()


async def produce_to_hub(
    simulator: Simulator, sender: HubSender, *, interval: float, clock: Callable[[], datetime]
) -> None:
    """Send the history at once, then one event every `interval` seconds until cancelled."""
    await sender.send(list(simulator.history()))
    _log.info("The history of the customers is sent: %d events.", sender.sent)
    while True:
        await sender.send([simulator.next_event(clock()) for _ in range(1 if interval else FAST_BATCH)])
        await asyncio.sleep(interval or FAST_PAUSE_S)


def _by_customer(events: Iterable[TelemetryEvent]) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for event in events:
        found.setdefault(event.customer_id, []).append(telemetry_event.dump_json(event))
    return found
