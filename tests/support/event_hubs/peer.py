"""One connection of a client: SASL, `$cbs`, `$management`, links of senders and receivers, transfers, dispositions.

Source: https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-transport-v1.0-os.html.
"""

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

from tests.support.event_hubs import codec
from tests.support.event_hubs.codec import MAX_FRAME_BYTES, WINDOW, Fields
from tests.support.event_hubs.stored import PARTITION_KEY, Fate, StoredEvent, first_wanted, message_of

CREDIT = 1_000
OWNER_LEVEL = b"com.microsoft:epoch"
RUNTIME_METRIC = b"com.microsoft:enable-receiver-runtime-metric"
_SELECTOR = b"apache.org:selector-filter:string"
_NO_OWNER = -1


class _Kind(IntEnum):
    """Of the frames that a client sends and an answer is given to."""

    OPEN = 0x10
    BEGIN = 0x11
    ATTACH = 0x12
    FLOW = 0x13
    TRANSFER = 0x14
    DETACH = 0x16
    END = 0x17
    CLOSE = 0x18
    SASL_INIT = 0x41


@dataclass(eq=False)
class Link:
    """One link of a client, and how far it is."""

    name: str
    path: str
    """`events`, `events/Partitions/0`, `events/ConsumerGroups/$default/Partitions/0`, `$cbs` or `$management`."""
    handle: int
    client_sends: bool
    owner_level: int | None = None
    """Of an exclusive receiver."""
    tells_last: bool = False
    """Whether each event says what is the last one of the partition."""
    pieces: bytearray = field(default_factory=bytearray)
    deliveries: int = 0
    credit: int = 0
    position: int = 0
    """The place in the partition of the next event."""
    pump: asyncio.Task[None] | None = None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_internal(self) -> bool:
        return self.path.startswith("$")

    @property
    def parts(self) -> dict[str, str]:
        """What of the path is named: the consumer group and the partition."""
        parts = self.path.lower().split("/")[1:]
        return dict(zip(parts[::2], parts[1::2], strict=False))

    @property
    def group(self) -> str:
        return self.parts["consumergroups"]

    @property
    def partition(self) -> int:
        return int(self.parts["partitions"])

    @property
    def level(self) -> int:
        return _NO_OWNER if self.owner_level is None else self.owner_level

    def wake(self) -> None:
        """There is an event, or credit."""
        self._woken.set()

    async def woken(self) -> None:
        """Return once there is an event or credit."""
        await self._woken.wait()
        self._woken.clear()


class Hubs(Protocol):
    """What a connection needs of the namespace."""

    hub: str
    partitions: list[list[StoredEvent]]
    batches: list[int]
    delivered: list[StoredEvent]
    token_status: int
    max_message_bytes: int

    def fate(self, events: list[StoredEvent], /) -> Fate: ...
    def store(self, key: str, messages: list[Any], partition: int | None = None) -> list[StoredEvent]: ...
    def keep(self, events: list[StoredEvent]) -> None: ...
    def attach(self, peer: "Peer", link: Link) -> "Sequence[tuple[Peer, Link]] | None": ...
    def detach(self, peer: "Peer", link: Link) -> None: ...


class Peer:
    """One connection. The SDK has one session on it."""

    def __init__(self, hubs: Hubs, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._hubs = hubs
        self._reader = reader
        self._writer = writer
        self._links: dict[int, Link] = {}
        self._channel = 0
        self._received = 0
        self._sent = 0

    def abort(self) -> None:
        self._writer.transport.abort()

    async def serve(self) -> None:
        """Until either side closes."""
        while True:
            header = await self._reader.readexactly(8)
            if header.startswith(b"AMQP"):
                await self._greet(header)
                continue
            size, offset, channel = struct.unpack(">IBxH", header)
            payload = (await self._reader.readexactly(size - 8))[offset * 4 - 8 :]
            if not payload:
                continue
            kind, fields = codec.codec_in.decode_frame(memoryview(payload))
            if kind == _Kind.CLOSE:
                await self._say("CloseFrame")
                return
            await self._take(kind, fields, channel)

    async def close(self) -> None:
        """Nobody reads any more on this connection."""
        pumps = [self._forget(link) for link in list(self._links.values())]
        await asyncio.gather(*filter(None, pumps), return_exceptions=True)

    async def detach_links(self) -> None:
        for link in [link for link in self._links.values() if not link.is_internal]:
            await self.detach(link, b"amqp:link:detach-forced", "Nothing was sent.")

    async def detach(self, link: Link, condition: bytes, why: str) -> None:
        """Close a link, and say why."""
        self._forget(link)
        await self._say("DetachFrame", handle=link.handle, closed=True, error=codec.error(condition, why))

    def _forget(self, link: Link) -> asyncio.Task[None] | None:
        self._links.pop(link.handle, None)
        if link.pump is not None:
            link.pump.cancel()
            self._hubs.detach(self, link)
        return link.pump

    async def _greet(self, header: bytes) -> None:
        self._writer.write(header)
        if header[4] == 3:
            await self._say("SASLMechanism", kind=b"\x01", sasl_server_mechanisms=[b"ANONYMOUS", b"EXTERNAL"])

    async def _take(self, kind: int, fields: Fields, channel: int) -> None:
        match kind:
            case _Kind.SASL_INIT:
                await self._say("SASLOutcome", kind=b"\x01", code=0)
            case _Kind.OPEN:
                await self._say(
                    "OpenFrame", container_id="hubs", max_frame_size=MAX_FRAME_BYTES, channel_max=1, idle_timeout=60_000
                )
            case _Kind.BEGIN:
                self._channel = channel
                await self._say(
                    "BeginFrame",
                    remote_channel=channel,
                    next_outgoing_id=0,
                    incoming_window=WINDOW,
                    outgoing_window=WINDOW,
                    handle_max=255,
                )
            case _Kind.ATTACH:
                await self._attach(fields)
            case _Kind.FLOW:
                self._credit(fields)
            case _Kind.TRANSFER:
                await self._transfer(fields)
            case _Kind.DETACH:
                if link := self._links.get(fields[0]):
                    self._forget(link)
                    await self._say("DetachFrame", handle=fields[0], closed=True)
            case _Kind.END:
                await self._say("EndFrame")
            case _:
                pass  # dispositions: an event that was delivered is not delivered again on this link

    async def _attach(self, fields: Fields) -> None:
        client_sends = not fields[2]
        name, handle = fields[0].decode(), fields[1]
        link = Link(name, _path(fields[6] if client_sends else fields[5]), handle, client_sends)
        self._links[handle] = link
        await self._say(
            "AttachFrame",
            name=name,
            handle=handle,
            role=client_sends,
            send_settle_mode=fields[3],
            rcv_settle_mode=fields[4],
            source=codec.endpoints.Source(address=_path(fields[5])),
            target=codec.endpoints.Target(address=_path(fields[6])),
            initial_delivery_count=None if client_sends else 0,
            max_message_size=self._hubs.max_message_bytes,
        )
        if client_sends:
            await self._grant(link)
        elif not link.is_internal:
            await self._begin_reading(link, fields)

    async def _begin_reading(self, link: Link, fields: Fields) -> None:
        link.owner_level = codec.entries(fields[13]).get(OWNER_LEVEL)
        link.tells_last = RUNTIME_METRIC in (fields[12] or ())
        link.position = first_wanted(_selector(fields[5]), self._hubs.partitions[link.partition])
        stolen = self._hubs.attach(self, link)
        if stolen is None:
            why = "At least one receiver for the endpoint is created with a higher epoch."
            await self.detach(link, b"amqp:link:stolen", why)
            return
        for peer, other in stolen:
            await peer.detach(other, b"amqp:link:stolen", "New receiver with higher epoch or the same was created.")
        link.pump = asyncio.create_task(self._deliver(link), name=f"deliver {link.path}")

    def _credit(self, fields: Fields) -> None:
        link = self._links.get(fields[4]) if fields[4] is not None else None
        if link is not None and not link.client_sends:
            link.credit = (fields[5] or 0) + (fields[6] or 0) - link.deliveries
            link.wake()

    async def _deliver(self, link: Link) -> None:
        """Send the events of the partition to a receiver, as far as it grants credit, until it goes."""
        partition = self._hubs.partitions[link.partition]
        while True:
            await link.woken()
            while link.credit > 0 and link.position < len(partition):
                event = partition[link.position]
                link.position += 1
                link.credit -= 1
                self._hubs.delivered.append(event)
                message = message_of(event, partition[-1] if link.tells_last else None)
                await self._send(link, codec.encoded(message), settled=False)

    async def _grant(self, link: Link) -> None:
        await self._say(
            "FlowFrame",
            next_incoming_id=self._received,
            incoming_window=WINDOW,
            next_outgoing_id=self._sent,
            outgoing_window=WINDOW,
            handle=link.handle,
            delivery_count=link.deliveries,
            link_credit=CREDIT,
        )

    async def _transfer(self, fields: Fields) -> None:
        self._received += 1
        link = self._links.get(fields[0])
        if link is None:
            return  # on its way when the link was closed
        link.pieces += bytes(fields[-1])
        if fields[5]:
            return
        payload, link.pieces = link.pieces, bytearray()
        link.deliveries += 1
        message = codec.decoded(payload)
        fate: Fate = "accept"
        if link.is_internal:
            await self._settle(fields[1], fate)
            await self._answer(link.path, message)
        else:
            fate = self._keep(link, message, is_batch=fields[3] == codec.BATCH_FORMAT)
            await self._settle(fields[1], fate)
        await self._grant(link)

    def _keep(self, link: Link, message: Any, *, is_batch: bool) -> Fate:
        hubs = self._hubs
        messages = [codec.decoded(each) for each in message.data] if is_batch else [message]
        partition = link.parts.get("partitions")
        events = hubs.store(_key(message), messages, None if partition is None else int(partition))
        fate = hubs.fate(events)
        if fate in ("accept", "keep"):
            hubs.keep(events)
            hubs.batches.append(len(events))
        return fate

    async def _settle(self, delivery: int, fate: Fate) -> None:
        if fate in ("lose", "keep"):
            self.abort()
            raise ConnectionAbortedError
        rejected = codec.outcomes.Rejected(error=codec.error(b"amqp:not-allowed", "No."))
        state = codec.outcomes.Accepted() if fate == "accept" else rejected
        await self._say("DispositionFrame", role=True, first=delivery, last=delivery, settled=True, state=state)

    async def _answer(self, path: str, request: Any) -> None:
        """Of `$cbs`, which takes tokens, and of `$management`, which tells what the hub has."""
        link = next(each for each in self._links.values() if each.path == path and not each.client_sends)
        answer = codec.messages.Message(
            properties=codec.messages.Properties(correlation_id=request.properties.message_id),
            application_properties={"status-code": self._hubs.token_status, "status-description": "Said"},
            value=self._about(codec.entries(request.application_properties)) if path == "$management" else "",
        )
        await self._send(link, codec.encoded(answer), settled=True)

    def _about(self, asked: dict[bytes, Any]) -> dict[str, Any]:
        hubs = self._hubs
        partition = asked.get(b"partition")
        if partition is None:
            ids = [str(at) for at in range(len(hubs.partitions))]
            return {"name": hubs.hub, "created_at": 0, "partition_ids": ids}
        name = partition.decode() if isinstance(partition, bytes) else str(partition)
        events = hubs.partitions[int(name)]
        last = events[-1] if events else None
        return {
            "name": hubs.hub,
            "partition": name,
            "begin_sequence_number": codec.long(events[0].sequence_number if events else 0),
            "last_enqueued_sequence_number": codec.long(last.sequence_number if last else -1),
            "last_enqueued_offset": str(last.offset) if last else "-1",
            "last_enqueued_time_utc": codec.timestamp(last.enqueued_ms if last else 0),
            "is_partition_empty": not events,
        }

    async def _send(self, link: Link, payload: bytes, *, settled: bool) -> None:
        """One delivery, in as many frames as it needs."""
        delivery = self._sent
        self._sent += 1
        link.deliveries += 0 if link.client_sends else 1
        for piece, more in codec.pieces(payload):
            await self._say(
                "TransferFrame",
                handle=link.handle,
                delivery_id=delivery,
                delivery_tag=struct.pack(">I", delivery),
                message_format=0,
                settled=settled,
                more=more,
                payload=piece,
            )

    async def _say(self, performative: str, /, *, kind: bytes = b"\x00", **given: Any) -> None:
        self._writer.write(codec.frame(performative, self._channel, kind, given))
        await self._writer.drain()


def _path(terminus: Fields | None) -> str:
    """The address of a source or a target without scheme and host."""
    text = terminus[0].decode() if terminus and terminus[0] else "client"
    return text.split("://", 1)[-1].partition("/")[2] if "://" in text else text


def _selector(source: Fields) -> str | None:
    filters = source[7] if len(source) > 7 else None
    chosen = codec.entries(filters).get(_SELECTOR)
    return chosen.decode() if isinstance(chosen, bytes) else chosen


def _key(message: Any) -> str:
    key = codec.entries(message.message_annotations).get(PARTITION_KEY)
    return key.decode() if isinstance(key, bytes) else key or ""
