"""An Event Hubs namespace of one hub, as far as senders see it: AMQP 1.0 on the SDK's own codec.

SASL, `$cbs`, `$management`, links, transfers of one or many frames, batches, partition keys, dispositions. No TLS.
Source: https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-transport-v1.0-os.html.
"""

import asyncio
import importlib
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

# The codec is no part of the SDK's public interface, and has no types.
_pyamqp = "azure.eventhub._pyamqp"
_codec_in: Any = importlib.import_module(f"{_pyamqp}._decode")
_codec_out: Any = importlib.import_module(f"{_pyamqp}._encode")
_frames: Any = importlib.import_module(f"{_pyamqp}.performatives")
_messages: Any = importlib.import_module(f"{_pyamqp}.message")
_endpoints: Any = importlib.import_module(f"{_pyamqp}.endpoints")
_outcomes: Any = importlib.import_module(f"{_pyamqp}.outcomes")
_errors: Any = importlib.import_module(f"{_pyamqp}.error")

BATCH_FORMAT = 0x80013700
PARTITION_KEY = b"x-opt-partition-key"
MAX_FRAME_BYTES = 64 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024
WINDOW = 2**31 - 1
CREDIT = 1_000


class _Kind(IntEnum):
    """Of the frames that a client sends and an answer is given to."""

    OPEN = 0x10
    BEGIN = 0x11
    ATTACH = 0x12
    TRANSFER = 0x14
    DETACH = 0x16
    END = 0x17
    CLOSE = 0x18
    SASL_INIT = 0x41


Fields = list[Any]
Fate = Literal["accept", "lose", "keep", "reject"]
"""`lose`: the connection breaks, nothing is kept; `keep`: the events are kept, and it breaks before that is said."""


@dataclass(frozen=True)
class StoredEvent:
    """An event as a partition holds it."""

    partition: int
    sequence_number: int
    partition_key: str
    message_id: str
    content_type: str
    content_encoding: str | None
    body: bytes


@dataclass
class _Link:
    name: str
    address: str
    handle: int
    client_sends: bool
    pieces: bytearray = field(default_factory=bytearray)
    deliveries: int = 0


class EventHubs:
    """Listens on a free port of loopback while the `async with` block lasts; `stop` and `start` in between."""

    def __init__(self, hub: str = "events", partitions: int = 4, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.hub = hub
        self.partitions: list[list[StoredEvent]] = [[] for _ in range(partitions)]
        self.batches: list[int] = []
        """How many events each batch had that was accepted."""
        self.fate: Callable[[list[StoredEvent]], Fate] = lambda _: "accept"
        self.connections = 0
        """How many have been opened."""
        self.token_status = 202
        self.max_message_bytes = max_message_bytes
        self._peers: dict[_Peer, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def connection_string(self) -> str:
        """As the emulator's."""
        address = f"Endpoint=sb://127.0.0.1:{self._port}"
        return f"{address};SharedAccessKeyName=any;SharedAccessKey=any;UseDevelopmentEmulator=true"

    @property
    def events(self) -> list[StoredEvent]:
        """Those of all partitions, one after the other."""
        return [event for partition in self.partitions for event in partition]

    def store(self, key: str, messages: list[Any]) -> list[StoredEvent]:
        """The events of a batch, as they would lie behind those of the partition that its key leads to."""
        partition = zlib.crc32(key.encode()) % len(self.partitions)
        first = len(self.partitions[partition])
        return [_stored(message, partition, first + at, key) for at, message in enumerate(messages)]

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
        """Close the links of senders, as the service does with those that send nothing for long."""
        for peer in list(self._peers):
            await peer.detach_links()

    async def __aenter__(self) -> "EventHubs":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = _Peer(self, reader, writer)
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None
        self._peers[peer] = task
        try:
            await peer.serve()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._peers.pop(peer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class _Peer:
    """One connection. The SDK has one session on it."""

    def __init__(self, hubs: EventHubs, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._hubs = hubs
        self._reader = reader
        self._writer = writer
        self._links: dict[int, _Link] = {}
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
            kind, fields = _codec_in.decode_frame(memoryview(payload))
            if kind == _Kind.CLOSE:
                await self._say("CloseFrame")
                return
            await self._take(kind, fields, channel)

    async def detach_links(self) -> None:
        error = _errors.AMQPError(condition=b"amqp:link:detach-forced", description="Nothing was sent.", info=None)
        for link in [link for link in self._links.values() if not link.address.startswith("$")]:
            del self._links[link.handle]
            await self._say("DetachFrame", handle=link.handle, closed=True, error=error)

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
            case _Kind.TRANSFER:
                await self._transfer(fields)
            case _Kind.DETACH:
                if self._links.pop(fields[0], None):
                    await self._say("DetachFrame", handle=fields[0], closed=True)
            case _Kind.END:
                await self._say("EndFrame")
            case _:
                pass  # flows and dispositions: nothing is sent that needs them

    async def _attach(self, fields: Fields) -> None:
        client_sends = not fields[2]
        name, handle = fields[0].decode(), fields[1]
        link = _Link(name, _address(fields[6] if client_sends else fields[5]), handle, client_sends)
        self._links[handle] = link
        await self._say(
            "AttachFrame",
            name=name,
            handle=handle,
            role=client_sends,
            send_settle_mode=fields[3],
            rcv_settle_mode=fields[4],
            source=_endpoints.Source(address=_address(fields[5])),
            target=_endpoints.Target(address=_address(fields[6])),
            initial_delivery_count=None if client_sends else 0,
            max_message_size=self._hubs.max_message_bytes,
        )
        if client_sends:
            await self._grant(link)

    async def _grant(self, link: _Link) -> None:
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
        message = _codec_in.decode_payload(memoryview(payload))
        fate: Fate = "accept"
        if link.address.startswith("$"):
            await self._settle(fields[1], fate)
            await self._answer(link.address, message)
        else:
            fate = self._keep(message, is_batch=fields[3] == BATCH_FORMAT)
            await self._settle(fields[1], fate)
        await self._grant(link)

    def _keep(self, message: Any, *, is_batch: bool) -> Fate:
        hubs = self._hubs
        key = message.message_annotations[PARTITION_KEY].decode()
        decode = _codec_in.decode_payload
        messages = [decode(memoryview(each)) for each in message.data] if is_batch else [message]
        events = hubs.store(key, messages)
        fate = hubs.fate(events)
        if fate in ("accept", "keep"):
            hubs.partitions[events[0].partition].extend(events)
            hubs.batches.append(len(events))
        return fate

    async def _settle(self, delivery: int, fate: Fate) -> None:
        if fate in ("lose", "keep"):
            self.abort()
            raise ConnectionAbortedError
        error = _errors.AMQPError(condition=b"amqp:not-allowed", description="No.", info=None)
        state = _outcomes.Accepted() if fate == "accept" else _outcomes.Rejected(error=error)
        await self._say("DispositionFrame", role=True, first=delivery, last=delivery, settled=True, state=state)

    async def _answer(self, address: str, request: Any) -> None:
        """Of `$cbs`, which takes tokens, and of `$management`, which tells what the hub has."""
        link = next(each for each in self._links.values() if each.address == address and not each.client_sends)
        hubs = self._hubs
        about = {"name": hubs.hub, "created_at": 0, "partition_ids": [str(at) for at in range(len(hubs.partitions))]}
        answer = _messages.Message(
            properties=_messages.Properties(correlation_id=request.properties.message_id),
            application_properties={"status-code": hubs.token_status, "status-description": "Said"},
            value=about if address == "$management" else "",
        )
        payload = _codec_out.encode_payload(bytearray(), answer)
        tag = struct.pack(">I", self._sent)
        await self._say(
            "TransferFrame",
            handle=link.handle,
            delivery_id=self._sent,
            delivery_tag=tag,
            message_format=0,
            settled=True,
            more=False,
            payload=payload,
        )
        self._sent += 1

    async def _say(self, performative: str, /, *, kind: bytes = b"\x00", **given: Any) -> None:
        frame: Any = getattr(_frames, performative)
        header, body = _codec_out.encode_frame(frame(**{key: given.get(key) for key in frame._fields}), kind)
        self._writer.write(header + struct.pack(">H", 0 if kind == b"\x01" else self._channel) + body)
        await self._writer.drain()


def _address(terminus: Fields | None) -> str:
    """The last part of the address of a source or a target: a hub, or `$cbs`."""
    text = terminus[0] if terminus else None
    return text.decode().rpartition("/")[2] if text else "client"


def _stored(message: Any, partition: int, number: int, key: str) -> StoredEvent:
    properties = message.properties
    return StoredEvent(
        partition=partition,
        sequence_number=number,
        partition_key=key,
        message_id=properties.message_id.decode(),
        content_type=properties.content_type.decode(),
        content_encoding=properties.content_encoding.decode() if properties.content_encoding else None,
        body=b"".join(bytes(part) for part in message.data),
    )
