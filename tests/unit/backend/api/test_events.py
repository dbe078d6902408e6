"""The event stream through a real server, as a browser meets it."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator

import httpx
import pytest
from sse_starlette.sse import AppStatus
from starlette.types import Message

from backend.api.events import EventStreamResponse
from backend.executor import BlockingExecutor
from backend.live.broadcast import Broadcast
from backend.live.change_feed import ChangeFeed
from backend.live.sse import EventStream
from backend.live.telemetry_sampler import TelemetrySampler
from casebook.chat_api import ChatApi
from casebook.queries.change_feed import LogReader
from casebook.queries.chat import DraftBasis
from contracts.chat import ChatDraft
from contracts.telemetry import LoginAttributes, LoginEvent
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import RunningBackend, Sent, read_events, signed_in
from tests.unit.casebook.builders import NOON, ask, open_case


@contextlib.contextmanager
def watching(
    backend: RunningBackend, query: str = "", last_event_id: int | str | None = None
) -> Generator[Iterator[Sent]]:
    """An open stream whose start has been seen."""
    headers = signed_in("vera") | ({} if last_event_id is None else {"Last-Event-ID": str(last_event_id)})
    url = f"{backend.url}/api/events/stream{query}"
    with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith(": following"))
        yield read_events(lines)


def test_a_case_that_another_process_writes_is_followed_live(backend: RunningBackend, book: CaseBook) -> None:
    open_case(book, 1)
    with watching(backend) as events:
        case = open_case(book, 2)
        ask(book, case)
        seen = list(itertools.islice(events, book.last_seq() - 1))
    assert [event.id for event in seen] == list(range(2, book.last_seq() + 1))
    assert [event.event for event in seen] == ["alert"] + ["case"] * (len(seen) - 1)
    assert seen[0].data["alert"] == book.get_fraud_case(case).alert.model_dump(mode="json")
    logged = [event.model_dump(mode="json") for event in book.case_events(case)]
    assert [event.data["event"] for event in seen[1:]] == logged[1:]


@pytest.mark.parametrize("by_header", [True, False])
def test_resumed_watcher_loses_and_repeats_nothing(backend: RunningBackend, book: CaseBook, by_header: bool) -> None:
    with watching(backend) as events:
        ask(book, open_case(book, 1))
        seen = list(itertools.islice(events, 3))
    ask(book, open_case(book, 2))
    last = seen[-1].id
    assert last == 3
    query = "" if by_header else f"?last_event_id={last}"
    with watching(backend, query, last if by_header else None) as events:
        ask(book, open_case(book, 3))
        seen += itertools.islice(events, book.last_seq() - 3)
    assert [event.id for event in seen] == list(range(1, book.last_seq() + 1))


def test_topics_choose_what_comes(backend: RunningBackend, book: CaseBook) -> None:
    with watching(backend, "?topics=alerts") as alerts, watching(backend, "?topics=cases") as cases:
        for number in (1, 2):
            ask(book, open_case(book, number))
        assert [event.data["case_id"] for event in itertools.islice(alerts, 2)] == [
            "case-impossible_travel-1",
            "case-impossible_travel-2",
        ]
        assert [event.id for event in itertools.islice(cases, book.last_seq())] == list(range(1, book.last_seq() + 1))


def test_telemetry_comes_in_batches_without_an_id(backend: RunningBackend) -> None:
    event = LoginEvent(event_id="e", customer_id=1, occurred_at=NOON, attributes=LoginAttributes())
    with watching(backend, "?topics=telemetry") as events:
        backend.observe(*[event] * 500)
        totals: list[object] = []
        for batch in events:
            assert (batch.event, batch.id) == ("telemetry", None)
            totals.append(batch.data["total"])
            if totals[-1] == 500:
                break
    assert len(totals) <= 3


class Wire:
    """The far end of a response: it takes chunks until the test stalls it, and leaves when the test says so."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.stalled = False
        self.left = asyncio.Event()
        self.given_up = False
        self.leaves_once: Callable[[list[bytes]], bool] = lambda _: False

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.stalled:
            await asyncio.Event().wait()
        self.taken.append(message.get("body", b""))
        if self.leaves_once(self.taken):
            self.left.set()

    async def events(self, then: Callable[[], None]) -> AsyncGenerator[bytes]:
        """Two events with `then` in between, and no end."""
        try:
            yield b"data: one\n\n"
            then()
            yield b"data: two\n\n"
            await asyncio.Event().wait()
        finally:
            self.given_up = True


def test_a_watcher_that_takes_nothing_is_dropped() -> None:
    wire = Wire()

    async def watch() -> None:
        def stall() -> None:
            wire.stalled = True

        response = EventStreamResponse(wire.events(stall), send_timeout_s=0.05)
        await asyncio.wait_for(response({"type": "http", "method": "GET"}, wire.receive, wire.send), 60)

    asyncio.run(watch())
    assert (wire.taken, wire.given_up) == ([b"", b"data: one\n\n"], True)


def test_a_watcher_that_leaves_is_forgotten_at_once() -> None:
    wire = Wire()

    async def watch() -> None:
        response = EventStreamResponse(wire.events(wire.left.set), send_timeout_s=60)
        await asyncio.wait_for(response({"type": "http", "method": "GET"}, wire.receive, wire.send), 60)

    asyncio.run(watch())
    assert (wire.taken[:2], wire.given_up) == ([b"", b"data: one\n\n"], True)


def test_stream_that_ends_at_shutdown_ends_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Message] = []

    async def events() -> AsyncGenerator[bytes]:
        yield b"data: last\n\n"
        # Meanwhile the library sees the server's flag, before this stream hears of the shutdown.
        for _ in range(10):
            await asyncio.sleep(0)

    async def send(message: Message) -> None:
        sent.append(message)

    monkeypatch.setattr(AppStatus, "should_exit", True)
    response = EventStreamResponse(events())
    asyncio.run(response({"type": "http", "method": "GET"}, Wire().receive, send))
    assert [message.get("more_body") for message in sent] == [None, True, False]


def test_silence_is_broken_by_a_heartbeat(book: CaseBook) -> None:
    wire, begun, alive = Wire(), b": following after 0\nretry: 1000\n\n", b": alive\n\n"
    # On a busy machine a heartbeat goes before the beginning.
    wire.leaves_once = lambda taken: begun in taken and taken.count(alive) >= 2

    async def hear() -> None:
        broadcast = Broadcast()
        stream = EventStream(
            ChangeFeed(LogReader(book.transactions), BlockingExecutor(), broadcast),
            TelemetrySampler(broadcast, lambda: NOON),
            broadcast,
        )
        response = EventStreamResponse(stream.follow(frozenset({"cases"}), None), heartbeat_s=0.5)
        await asyncio.wait_for(response({"type": "http", "method": "GET"}, wire.receive, wire.send), 60)

    asyncio.run(hear())
    assert set(wire.taken) == {b"", begun, alive}
    assert wire.taken.count(begun) == 1


def test_many_watchers_see_the_same(backend: RunningBackend, book: CaseBook) -> None:
    started = threading.Barrier(21)
    seen: list[list[int | None]] = []

    def watch() -> None:
        with watching(backend) as events:
            started.wait(60)
            seen.append([event.id for event in itertools.islice(events, 12)])

    watchers = [threading.Thread(target=watch) for _ in range(20)]
    for watcher in watchers:
        watcher.start()
    started.wait(60)
    for number in (1, 2):
        ask(book, open_case(book, number))
    for watcher in watchers:
        watcher.join(60)
    assert seen == [list(range(1, 13))] * 20


def test_the_server_stops_at_once_though_streams_are_open(backend: RunningBackend) -> None:
    with watching(backend) as events:
        backend.stop()
        assert list(events) == []


@pytest.mark.parametrize("query", ["", "?last_event_id="])
def test_an_empty_last_event_id_means_none(backend: RunningBackend, book: CaseBook, query: str) -> None:
    open_case(book, 1)
    with watching(backend, query, "") as events:
        case = open_case(book, 2)
        (first,) = itertools.islice(events, 1)
    assert first.data["case_id"] == case


@pytest.mark.parametrize("query", ["?topics=", "?topics=cases,nonsense", "?last_event_id=x", "?last_event_id=-1"])
def test_a_bad_query_is_422(backend: RunningBackend, query: str) -> None:
    answer = httpx.get(f"{backend.url}/api/events/stream{query}", headers=signed_in("vera"), timeout=60)
    assert (answer.status_code, answer.json()["id"]) == (422, "invalid-request")


def test_watcher_of_the_chat_sees_phases_and_no_text(backend: RunningBackend, book: CaseBook) -> None:
    with watching(backend, "?topics=chat") as events:
        said = {"user_id": "bob", "text": "My secret"}
        sent = httpx.post(f"{backend.url}/api/chat", params={"wait": 0}, json=said, timeout=60)
        turn_id = sent.json()["turn_id"]
        first = next(events)
        chat = ChatApi(book.transactions)
        basis = chat.begin_draft(turn_id)
        assert isinstance(basis, DraftBasis)
        chat.keep_draft(turn_id, ChatDraft(round=1, seen=1, text="The reply", model="rules"))
        chat.send_reply(turn_id, 1)
        last = next(event for event in events if event.data["state"] == "sent")
    assert (first.event, first.id) == ("chat", None)
    assert first.data == {"turn_id": turn_id, "user_id": "bob", "state": "queued"}
    assert last.data == {"turn_id": turn_id, "user_id": "bob", "state": "sent"}
