"""Events to Azure Event Hubs, in the structured mode of CloudEvents.

Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md,
https://learn.microsoft.com/azure/event-hubs/event-hubs-features#mapping-of-events-to-partitions
"""

import asyncio
import gzip
import hashlib
import logging
from collections.abc import Sequence

from azure.core.exceptions import AzureError
from azure.eventhub import EventData, EventDataBatch
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import AuthenticationError, ConnectError, EventHubError
from azure.identity.aio import DefaultAzureCredential

from backend.delivery.errors import SendingFailed
from backend.delivery.event_hubs_options import EventHubsOptions
from contracts.domain_events import CloudEvent
from runtime.authorities import believed_file
from runtime.cancellation import raise_lost_cancellation

log = logging.getLogger("casewright.delivery")

CONTENT_TYPE = "application/cloudevents+json"
SEND_TIMEOUT_S = 30.0
"""A batch, connecting included."""
MAX_PARTITION_KEY = 128
"""Characters that Event Hubs take."""
_RETRIES = 1
"""For a connection that was closed because nothing was sent for long; what fails again is sent again by the caller."""
_BACKOFF_S = 0.1


class EventHubsSender:
    """Sends events, those of one subject to one partition and in order. One call at a time."""

    def __init__(self, options: EventHubsOptions) -> None:
        self._options = options
        self._client: EventHubProducerClient | None = None
        self._credential: DefaultAzureCredential | None = None

    async def send(self, events: Sequence[CloudEvent]) -> None:
        """Return when the hub has all events.

        Raises SendingFailed; some of them may have arrived then. Sending all again repeats those, in the same order.
        """
        try:
            for key, of_key in _by_key(events).items():
                await self._send(key, of_key)
        except BaseException:
            # What the client was in the midst of would come before what is sent next.
            await self._disconnect()
            raise

    async def close(self) -> None:
        """Let go of the connection and the identity."""
        await self._disconnect()
        credential, self._credential = self._credential, None
        if credential is not None:
            await credential.close()

    async def _send(self, key: str, events: Sequence[CloudEvent]) -> None:
        sent = 0
        try:
            left = list(map(self._packed, events))
            while sent < len(left):
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    client = self._connected()
                    batch = await client.create_batch(partition_key=key, max_size_in_bytes=self._options.batch_bytes)
                    taken = _fill(batch, left[sent : sent + self._options.batch_events])
                    if not taken:
                        raise SendingFailed(f"The event '{events[sent].id}' is larger than a batch may be.")
                    await client.send_batch(batch)
                    sent += taken
                raise_lost_cancellation()
        except TimeoutError:
            raise SendingFailed(f"Event Hubs did not take a batch within {SEND_TIMEOUT_S:g} seconds.") from None
        except (EventHubError, AzureError, OSError, ValueError) as error:
            raise SendingFailed(_sentence(error)) from error
        except SendingFailed:
            raise
        except Exception as error:
            # Whatever the SDK does: what this process does besides must not end over it.
            log.exception("Event Hubs' client failed in a way that is not its own")
            raise SendingFailed(_sentence(error)) from error

    def _packed(self, event: CloudEvent) -> EventData:
        body = event.model_dump_json().encode()
        packed = EventData(gzip.compress(body, mtime=0) if self._options.compression == "gzip" else body)
        packed.content_type = CONTENT_TYPE
        packed.message_id = event.id
        properties = packed.raw_amqp_message.properties
        if properties is not None and self._options.compression == "gzip":
            properties.content_encoding = "gzip"
        return packed

    def _connected(self) -> EventHubProducerClient:
        """The client; it connects when it is used."""
        if self._client is None:
            self._client = self._new_client()
        return self._client

    def _new_client(self) -> EventHubProducerClient:
        options = self._options
        if options.connection_string is not None:
            return EventHubProducerClient.from_connection_string(
                options.connection_string,
                eventhub_name=options.hub,
                retry_total=_RETRIES,
                retry_backoff_factor=_BACKOFF_S,
                auth_timeout=SEND_TIMEOUT_S,
                connection_verify=believed_file(),
            )
        assert options.namespace is not None
        self._credential = self._credential or DefaultAzureCredential()
        return EventHubProducerClient(
            options.namespace,
            options.hub,
            self._credential,
            retry_total=_RETRIES,
            retry_backoff_factor=_BACKOFF_S,
            auth_timeout=SEND_TIMEOUT_S,
            connection_verify=believed_file(),
        )

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def _by_key(events: Sequence[CloudEvent]) -> dict[str, list[CloudEvent]]:
    """The events of each partition key, in their order."""
    found: dict[str, list[CloudEvent]] = {}
    for event in events:
        found.setdefault(_partition_key(event.subject), []).append(event)
    return found


def _partition_key(subject: str) -> str:
    if len(subject) <= MAX_PARTITION_KEY:
        return subject
    return hashlib.sha256(subject.encode()).hexdigest()


def _fill(batch: EventDataBatch, events: Sequence[EventData]) -> int:
    """How many of the events the batch took, from the first on."""
    for number, event in enumerate(events):
        try:
            batch.add(event)
        except ValueError:
            return number
    return len(events)


def _sentence(error: Exception) -> str:
    """What went wrong, in words in which no address, key or token stands."""
    match error:
        case AuthenticationError():
            return "Event Hubs did not let this process in: check its identity and its role."
        case ConnectError() | OSError():
            return "Event Hubs cannot be reached."
        case _:
            return f"Event Hubs did not take the events ({type(error).__name__})."
