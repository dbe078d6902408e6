"""An Event Hubs namespace of one hub: AMQP 1.0 on the SDK's own codec, without TLS."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from tests.support.event_hubs import codec
from tests.support.event_hubs.peer import Link, Peer
from tests.support.event_hubs.stored import Fate, StoredEvent, stored


class EventHubs:
    """Listens on a free port of loopback while the `async with` block lasts; `stop` and `start` in between.

    Receivers: any consumer group; of one group and partition, one that has an owner level takes the link of those
    with the same, a lower or none, and one with a lower level or none is refused while there is one.
    """

    def __init__(
        self, hub: str = "events", partitions: int = 4, max_message_bytes: int = codec.MAX_MESSAGE_BYTES
    ) -> None:
        self.hub = hub
        self.partitions: list[list[StoredEvent]] = [[] for _ in range(partitions)]
        self.batches: list[int] = []
        """How many events each batch had that was accepted."""
        self.fate: Callable[[list[StoredEvent]], Fate] = lambda _: "accept"
        self.connections = 0
        """How many have been opened."""
        self.delivered: list[StoredEvent] = []
        """What receivers were sent, each as often as it was."""
        self.token_status = 202
        self.max_message_bytes = max_message_bytes
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        """When events are enqueued."""
        self._peers: dict[Peer, asyncio.Task[None]] = {}
        self._receivers: dict[tuple[str, int], list[tuple[Peer, Link]]] = {}
        self._next_partition = 0
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def host(self) -> str:
        """Of the namespace."""
        return f"127.0.0.1:{self._port}"

    @property
    def connection_string(self) -> str:
        """As the emulator's."""
        address = f"Endpoint=sb://{self.host}"
        return f"{address};SharedAccessKeyName=any;SharedAccessKey=any;UseDevelopmentEmulator=true"

    @property
    def events(self) -> list[StoredEvent]:
        """Those of all partitions, one after the other."""
        return [event for partition in self.partitions for event in partition]

    @property
    def receivers(self) -> dict[tuple[str, int], int]:
        """How many receivers each consumer group has on each partition."""
        return {at: len(links) for at, links in self._receivers.items() if links}

    def send(
        self,
        *bodies: bytes,
        key: str = "",
        partition: int | None = None,
        content_type: str = "",
        content_encoding: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> list[StoredEvent]:
        """Keep events as if a sender had sent them, and let receivers have them."""
        about = codec.messages.Properties(content_type=content_type or None, content_encoding=content_encoding)
        given = [
            codec.messages.Message(properties=about, application_properties=properties, data=[body]) for body in bodies
        ]
        events = self.store(key, given, partition)
        self.keep(events)
        return events

    def store(self, key: str, messages: list[Any], partition: int | None = None) -> list[StoredEvent]:
        """The events of a batch, as they would lie behind those of the partition that its key leads to.

        Without key and partition, the partitions take turns.
        """
        at = self._place(key) if partition is None else partition
        events = self.partitions[at][-1:]
        before = len(events)
        for message in messages:
            events.append(stored(message, at, events[-1] if events else None, key, self.clock()))
        return events[before:]

    def _place(self, key: str) -> int:
        if key:
            return zlib.crc32(key.encode()) % len(self.partitions)
        self._next_partition += 1
        return self._next_partition % len(self.partitions)

    def keep(self, events: list[StoredEvent]) -> None:
        """Put events behind those of their partition; whoever reads it gets them."""
        partition = events[0].partition
        self.partitions[partition].extend(events)
        for (_, at), links in self._receivers.items():
            if at == partition:
                for _, link in links:
                    link.wake()

    def attach(self, peer: Peer, link: Link) -> list[tuple[Peer, Link]] | None:
        """Let a receiver read: those whose link it takes; None: it may not, another has the partition."""
        others = self._receivers.setdefault((link.group, link.partition), [])
        if any(other.owner_level is not None and other.owner_level > link.level for _, other in others):
            return None
        stolen = [] if link.owner_level is None else list(others)
        for each in stolen:
            others.remove(each)
        others.append((peer, link))
        return stolen

    def detach(self, peer: Peer, link: Link) -> None:
        """The receiver has gone."""
        others = self._receivers.get((link.group, link.partition), [])
        with suppress(ValueError):
            others.remove((peer, link))

    async def start(self) -> None:
        """Listen; after `stop` on the same port again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Break all connections, and refuse new ones."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            served = list(self._peers.values())
            self.break_connections()
            await asyncio.gather(*served)
            await server.wait_closed()

    def break_connections(self) -> None:
        """Break them without a word, as a network does."""
        for peer in list(self._peers):
            peer.abort()

    async def detach_links(self) -> None:
        """Close the links to the hub, as the service does with those that send nothing for long."""
        for peer in list(self._peers):
            await peer.detach_links()

    async def __aenter__(self) -> "EventHubs":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = Peer(self, reader, writer)
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None
        self._peers[peer] = task
        try:
            await peer.serve()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._peers.pop(peer)
            await peer.close()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
