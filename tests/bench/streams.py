"""`scripts/bench streams`: what an event of the stream costs, beside a response class of our own.

One server process, watchers that read as fast as they can, the two responses in turn. The reference has what the event
stream needs (heartbeat, noticing that the client leaves, a time-out for each message), and nothing else. First events
are sent one by one, as they happen; then a whole log is read again by the feed, as after a long pause.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from backend.api.events import HEARTBEAT_S, SEND_TIMEOUT_S, EventStreamResponse
from backend.executor import BlockingExecutor
from backend.live.broadcast import Broadcast
from backend.live.change_feed import ChangeFeed
from backend.live.framing import framed
from backend.live.sse import EventStream
from backend.live.telemetry_sampler import TelemetrySampler
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions, utc_now
from casebook.queries.change_feed import LogReader
from runtime.listening import listen
from tests.bench.casebook import fill
from tests.support.stack import free_ports

Source = Callable[[], AsyncGenerator[bytes]]


class OwnResponse(Response):
    """The reference: sends what it is given, and no more than that."""

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        super().__init__()
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the events end or the client leaves."""
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._beat, send)
            tasks.start_soon(self._listen, receive, tasks.cancel_scope)
            async for chunk in self._events:
                await self._write(send, chunk)
            tasks.cancel_scope.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, send: Send, body: bytes) -> None:
        with anyio.fail_after(SEND_TIMEOUT_S):
            await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _beat(self, send: Send) -> None:
        while True:
            await anyio.sleep(HEARTBEAT_S)
            await self._write(send, b": alive\n\n")

    @staticmethod
    async def _listen(receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()


def _prepared(count: int) -> Source:
    data = json.dumps({"case_id": "case-impossible_travel-1", "state": "awaiting_review", "text": "x" * 800})

    async def events() -> AsyncGenerator[bytes]:
        for number in range(1, count + 1):
            yield framed("case", data, number)

    return events


async def _feed(casebook: str) -> EventStream:
    broadcast = Broadcast()
    reader = LogReader(Transactions(open_engine(casebook)))
    feed = ChangeFeed(reader, BlockingExecutor(), broadcast)
    await feed.start()
    return EventStream(feed, TelemetrySampler(broadcast, utc_now), broadcast)


def serve(port: int, casebook: str, count: int, commands: Connection) -> None:
    """Answer on this port; tell the processor time so far whenever asked."""
    prepared = _prepared(count)
    streams: list[EventStream] = []

    async def answer(request: Request) -> Response:
        if request.path_params["source"] == "one by one":
            events = prepared()
        else:
            if not streams:
                streams.append(await _feed(casebook))
            events = streams[0].follow(frozenset({"cases"}), 0)
        own = request.path_params["kind"] == "own"
        return OwnResponse(events) if own else EventStreamResponse(events)

    async def cpu(_: Request) -> Response:
        return Response(str(time.process_time()))

    app = Starlette(routes=[Route("/cpu", cpu), Route("/{source}/{kind}", answer)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    listener = listen("127.0.0.1", port, instead="")
    commands.send("ready")
    server.run(sockets=[listener])


async def measure(port: int, watchers: int, events_each: int, rounds: int) -> None:
    """Both responses in turn, from both sources."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:

        async def cpu() -> float:
            async with http.get("/cpu") as answer:
                return float(await answer.text())

        async def watch(path: str) -> int:
            """Read as many events as there are; the feed's stream never ends."""
            seen = 0
            async with http.get(path) as answer:
                async for line in answer.content:
                    seen += line.startswith(b"event: case")
                    if seen == events_each:
                        return seen
            raise RuntimeError(f"The stream ended after {seen} events.")

        async def cost(source: str, kind: str) -> float:
            before = await cpu()
            events = sum(await asyncio.gather(*(watch(f"/{source}/{kind}") for _ in range(watchers))))
            return (await cpu() - before) / events

        for source in ("one by one", "feed"):
            await cost(source, "own")
            pairs = [(await cost(source, "library"), await cost(source, "own")) for _ in range(rounds)]
            library, own = (statistics.median(each) * 1e6 for each in zip(*pairs, strict=True))
            ratio = statistics.median(one / other for one, other in pairs)
            _say(f"{source}, processor time an event: sse-starlette {library:.0f} us, own {own:.0f} us, {ratio:.2f} x")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Starts a server of its own and prints the figures. Returns 0."""
    parser = argparse.ArgumentParser(prog="scripts/bench streams", description=__doc__)
    parser.add_argument("--watchers", type=int, default=20, help="streams at a time (default: 20)")
    parser.add_argument("--events", type=int, default=2_000, help="events of each stream (default: 2000)")
    parser.add_argument("--rounds", type=int, default=5, help="pairs (default: 5)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'casebook.db'}"
        engine = open_engine(url)
        fill(engine, asked.events)
        engine.dispose()
        (port,) = free_ports(1)
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(port, url, asked.events, theirs))
        process.start()
        ours.recv()
        try:
            asyncio.run(measure(port, asked.watchers, asked.events, asked.rounds))
        finally:
            process.terminate()
            process.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
