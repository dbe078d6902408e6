"""The live stream: reconnected without end, resumed after the last offset, robust against any input."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from backend.ingest import MalformedLine, StreamSource
from contracts.lines import MAX_LINE_BYTES
from contracts.telemetry import TelemetryEvent
from runtime.backoff import Backoff, no_jitter
from tests.unit.backend.ingest.lines import event, names

pytestmark = pytest.mark.anyio

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Feed:
    """An HTTP server that answers each request with the next reply, and keeps what it was asked."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self._hold = asyncio.Event()
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.asked_often = asyncio.Event()
        self.port = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        head, *headers = request.decode().rstrip().split("\r\n")
        self.asked.append(head.split(" ")[1])
        self.headers.append({name.lower(): value for name, value in (line.split(": ", 1) for line in headers)})
        if len(self.asked) == 3:
            self.asked_often.set()
        if self._replies:
            await self._replies.pop(0)(writer)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
            await writer.drain()
            await self._hold.wait()
        writer.close()

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncGenerator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{self.port}/events"
        finally:
            self._hold.set()
            server.close()
            await server.wait_closed()


def lines(*entries: tuple[int, TelemetryEvent] | bytes, status: str = "200 OK") -> Reply:
    """A reply with these lines, after which the connection ends."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n".encode())
        for entry in entries:
            writer.write(entry if isinstance(entry, bytes) else enveloped(*entry))
        await writer.drain()

    return reply


def enveloped(offset: int, telemetry: TelemetryEvent) -> bytes:
    return json.dumps({"offset": offset, "event": telemetry.model_dump(mode="json")}).encode() + b"\n"


class Pauses:
    """Sleeps that take no time and are remembered."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0)


async def read(source: StreamSource, count: int) -> list[TelemetryEvent | MalformedLine]:
    readings: list[TelemetryEvent | MalformedLine] = []
    async with asyncio.timeout(60):
        stream = source.read()
        while len(readings) < count:
            readings.append(await anext(stream))
    return readings


async def test_events_come_in_the_order_of_the_stream() -> None:
    feed = Feed(lines((0, event(0, "a")), (1, event(1, "b"))))
    async with feed.running() as url:
        source = StreamSource(url)
        assert names(await read(source, 2)) == ["a", "b"]
    assert source.offset == 1
    assert feed.asked == ["/events"]


async def test_a_broken_connection_is_resumed_after_the_last_offset() -> None:
    feed = Feed(lines((0, event(0, "a")), (1, event(1, "b"))), lines((2, event(2, "c"))))
    pauses = Pauses()
    async with feed.running() as url:
        assert names(await read(StreamSource(url, sleep=pauses), 3)) == ["a", "b", "c"]
    assert feed.asked == ["/events", "/events?after=1"]


async def test_cut_off_line_is_asked_for_again() -> None:
    half = enveloped(1, event(1, "b"))[:40]
    feed = Feed(lines((0, event(0, "a")), half), lines((1, event(1, "b"))))
    async with feed.running() as url:
        assert names(await read(StreamSource(url, sleep=Pauses()), 3)) == ["a", "?", "b"]
    assert feed.asked == ["/events", "/events?after=0"]


async def test_absent_server_is_awaited_and_named_once(caplog: pytest.LogCaptureFixture) -> None:
    feed = Feed()
    async with feed.running():
        port = feed.port
    late = Feed(lines((0, event(0, "a"))))
    url = f"http://127.0.0.1:{port}/events"
    attempts = 0
    async with asyncio.timeout(60):
        started = asyncio.Event()

        async def sleep(_: float) -> None:
            nonlocal attempts
            attempts += 1
            if attempts == 5:
                started.set()
                await up.wait()
            await asyncio.sleep(0)

        up = asyncio.Event()
        source = StreamSource(url, sleep=sleep)
        reading = asyncio.create_task(read(source, 1))
        await started.wait()
        assert source.problem is not None
        assert source.problem.startswith(f"{url} gives no telemetry: ")
        async with late.running(port):
            up.set()
            assert names(await reading) == ["a"]
    assert source.problem is None
    assert caplog.text.count("Waiting for telemetry at") == 1


async def test_pauses_grow_to_ten_seconds_and_reset() -> None:
    down = [lines(status="503 Service Unavailable") for _ in range(7)]
    feed = Feed(*down, lines((0, event(0, "a"))), lines((1, event(1, "b"))))
    pauses = Pauses()
    async with feed.running() as url:
        await read(StreamSource(url, sleep=pauses, backoff=Backoff(0.5, 10.0, no_jitter)), 2)
    assert pauses.taken == [0.5, 1, 2, 4, 8, 10, 10, 0.5]


async def test_a_silent_connection_is_given_up_and_asked_again() -> None:
    feed = Feed()
    async with feed.running() as url:
        source = StreamSource(url, idle_timeout_s=0.05)
        reading = asyncio.create_task(read(source, 1))
        async with asyncio.timeout(60):
            await feed.asked_often.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert source.problem is None


@pytest.mark.parametrize(
    ("bad", "reason", "resumed_at"),
    [
        (b"nonsense\n", "Invalid JSON", 4),
        (b"[1]\n", "Input should be an object", 4),
        (b'{"event": {}}\n', "offset: Field required", 4),
        (b'{"offset": 5, "event": {"kind": "login"}}\n', "event.login.customer_id: Field required", 5),
        (b'{"offset": "x", "event": {}}\n', "offset: Input should be a valid integer", 4),
    ],
)
async def test_malformed_line_is_named_and_skipped(bad: bytes, reason: str, resumed_at: int) -> None:
    feed = Feed(lines((4, event(0, "a")), bad), lines((6, event(1, "b"))))
    async with feed.running() as url:
        readings = await read(StreamSource(url, sleep=Pauses()), 3)
    assert names(readings) == ["a", "?", "b"]
    problem = readings[1]
    assert isinstance(problem, MalformedLine)
    assert (problem.file, problem.line) == (url, 4)
    assert problem.reason.startswith(reason)
    assert feed.asked[1] == f"/events?after={resumed_at}"


async def test_an_event_without_an_envelope_is_evaluated() -> None:
    async with Feed(lines(event(0, "a").model_dump_json().encode() + b"\n")).running() as url:
        assert names(await read(StreamSource(url, sleep=Pauses()), 1)) == ["a"]


@pytest.mark.parametrize("status", ["410 Gone", "416 Range Not Satisfiable"])
async def test_offset_no_longer_kept_is_given_up(status: str) -> None:
    feed = Feed(lines((900, event(0, "old"))), lines(status=status), lines((950, event(1, "new"))))
    async with feed.running() as url:
        assert names(await read(StreamSource(url, sleep=Pauses()), 2)) == ["old", "new"]
    assert feed.asked == ["/events", "/events?after=900", "/events"]


async def test_a_port_that_there_is_not_is_waited_for() -> None:
    asked = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        asked.set()
        await asyncio.Event().wait()

    source = StreamSource("http://127.0.0.1:99999/events", sleep=sleep)
    reading = asyncio.create_task(read(source, 1))
    async with asyncio.timeout(60):
        await asked.wait()
    assert source.problem is not None
    assert source.problem.startswith("http://127.0.0.1:99999/events gives no telemetry: it cannot be asked (")
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_offsets_start_again_with_a_new_server() -> None:
    feed = Feed(lines((900, event(0, "old"))), lines((0, event(1, "new"))), lines((1, event(2, "next"))))
    async with feed.running() as url:
        assert names(await read(StreamSource(url, sleep=Pauses()), 3)) == ["old", "new", "next"]
    assert feed.asked == ["/events", "/events?after=900", "/events?after=0"]


async def test_credentials_in_the_address_are_used_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    feed = Feed(lines(b"nonsense\n", status="200 OK"), lines(status="401 Unauthorized"), lines((0, event(0, "a"))))
    async with feed.running() as url:
        secret = url.replace("http://", "http://ingest:hunter2@") + "?key=s3cret"
        source = StreamSource(secret, sleep=Pauses())
        bad, good = await read(source, 2)
    problems = [source.problem or ""]
    async with asyncio.timeout(60):
        ended = asyncio.Event()

        async def sleep(_: float) -> None:
            ended.set()
            await asyncio.Event().wait()

        refused = StreamSource(secret, sleep=sleep)
        reading = asyncio.create_task(read(refused, 1))
        await ended.wait()
        reading.cancel()
        problems.append(refused.problem or "")

    assert feed.asked[0] == "/events?key=s3cret"
    assert feed.headers[0]["authorization"] == "Basic aW5nZXN0Omh1bnRlcjI="
    assert isinstance(bad, MalformedLine)
    assert not isinstance(good, MalformedLine)
    assert problems[1].startswith(f"{url}?… gives no telemetry: ")
    said = [
        source.name,
        bad.file,
        *problems,
        *(each.getMessage() for each in caplog.records if each.name == "backend.ingest.stream"),
    ]
    assert not [text for text in said if "hunter2" in text or "s3cret" in text]


@pytest.mark.parametrize(
    "address", ["http://ingest:hunter2/x@127.0.0.1/events", "http://ingest:hunter2@127.0.0.1:port/events"]
)
async def test_an_invalid_address_quotes_no_password(address: str, caplog: pytest.LogCaptureFixture) -> None:
    asked = asyncio.Event()

    async def sleep(_: float) -> None:
        asked.set()
        await asyncio.Event().wait()

    source = StreamSource(address, sleep=sleep)
    reading = asyncio.create_task(read(source, 1))
    async with asyncio.timeout(60):
        await asked.wait()
    reading.cancel()

    assert source.problem is not None
    assert source.problem.endswith("gives no telemetry: its address is no URL.")
    assert "hunter2" not in source.problem + caplog.text


async def test_endless_line_is_skipped_for_good() -> None:
    endless = b'{"offset": 5, "event": {"event_id": "' + b"x" * (2 * MAX_LINE_BYTES) + b'"}}\n'
    feed = Feed(lines((4, event(0, "a")), endless), lines((6, event(1, "b"))))
    async with feed.running() as url:
        readings = await read(StreamSource(url, sleep=Pauses()), 3)
    assert names(readings) == ["a", "?", "b"]
    assert isinstance(readings[1], MalformedLine)
    assert readings[1].reason == "the line has 2,097,192 bytes, and at most 1,048,576 are read"
    assert feed.asked[1] == "/events?after=5"


@pytest.mark.parametrize("offset", ["true", "-1", "1.5", "9" * 30, "9" * 5_000, "null", "[1]", '{"a": 1}'])
async def test_an_event_without_valid_offset_is_evaluated(offset: str) -> None:
    bad = enveloped(5, event(1, "x")).replace(b'"offset": 5', b'"offset": ' + offset.encode())
    feed = Feed(lines((4, event(0, "a")), bad), lines((6, event(1, "b"))))
    async with feed.running() as url:
        source = StreamSource(url, sleep=Pauses())
        assert names(await read(source, 3)) == ["a", "x", "b"]
    assert source.mended["offset_unknown"] == 1
    assert feed.asked[1] == "/events?after=4"
