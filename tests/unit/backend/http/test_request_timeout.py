import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

import pytest
from starlette.types import Message, Receive, Scope, Send

from backend.executor import BlockingExecutor
from backend.http import request_timeout
from backend.http.deadline import Deadline
from backend.http.request_timeout import ANSWER_S, LONGEST_WAIT_S, RequestTimeout

pytestmark = pytest.mark.anyio

AT_ONCE = 0.01
HANGS_S = 120
START: Message = {"type": "http.response.start", "status": 200, "headers": []}
BODY: Message = {"type": "http.response.body", "body": b"done"}
who = ContextVar("who", default="nobody")


class Clock:
    """In place of a deadline: its moment comes when the test says so."""

    def __init__(self) -> None:
        self.left_s: float | None = None
        self._expired: Callable[[], None] = lambda: None

    def __call__(self, _loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> "Clock":
        self._expired = expired
        return self

    def set(self, after_s: float) -> None:
        self.left_s = after_s

    def clear(self) -> None:
        self.left_s = None

    stop = clear

    def strike(self) -> None:
        assert self.left_s is not None
        self.clear()
        self._expired()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(request_timeout, "Deadline", clock)
    return clock


class Exchanged:
    """A request and what was sent in answer to it."""

    def __init__(self, path: str = "/other", *body: Message) -> None:
        self.scope: Scope = {"type": "http", "method": "POST", "path": path, "headers": []}
        self.sent: list[Message] = []
        self.refused = threading.Event()
        self.is_refused = asyncio.Event()
        self._body = list(body) or [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive(self) -> Message:
        return self._body.pop(0) if self._body else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body" and self.status == 503:
            self.refused.set()
            self.is_refused.set()

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    async def answered_by(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        await asyncio.wait_for(RequestTimeout(app)(self.scope, self.receive, self.send), HANGS_S)


async def test_what_comes_too_late_is_dropped_but_done(clock: Clock) -> None:
    asked, done = Exchanged(), list[str]()

    async def decide(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        clock.strike()
        await asked.is_refused.wait()
        done.append("decided")
        await send(START)
        await send(BODY)
        done.append("said")

    await asked.answered_by(decide)
    assert done == ["decided", "said"]
    assert [message["type"] for message in asked.sent] == ["http.response.start", "http.response.body"]
    assert asked.status == 503
    assert b"took-too-long" in asked.sent[1]["body"]
    assert b"look before you ask again" in asked.sent[1]["body"]
    assert b"retry-after" in dict(asked.sent[0]["headers"])


async def test_blocked_thread_does_not_hold_the_answer(clock: Clock) -> None:
    asked, done = Exchanged(), list[bool]()

    async def read(_scope: Scope, _receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().call_soon(clock.strike)
        # It ends because the request was answered meanwhile.
        done.append(await BlockingExecutor().run(asked.refused.wait, HANGS_S))
        await send(START)
        await send(BODY)

    await asked.answered_by(read)
    assert (done, asked.status, len(asked.sent)) == ([True], 503, 2)


async def test_answer_that_has_begun_has_no_limit(clock: Clock) -> None:
    asked = Exchanged()

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        assert clock.left_s == ANSWER_S
        await send(START)
        assert clock.left_s is None
        await send(BODY)

    await asked.answered_by(stream)
    assert asked.status == 200


async def test_body_on_its_way_takes_no_time(clock: Clock) -> None:
    piece: Message = {"type": "http.request", "body": b"x", "more_body": True}
    asked = Exchanged("/other", piece, {**piece, "more_body": False}, {"type": "http.disconnect"})
    meanwhile = list[float | None]()
    received = asked.receive

    async def receive() -> Message:
        meanwhile.append(clock.left_s)
        return await received()

    asked.receive = receive

    async def upload(_scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(3):
            await receive()
            assert clock.left_s == ANSWER_S
        await send(START)
        await send(BODY)

    await asked.answered_by(upload)
    # Whether the client is still there is no part of the request.
    assert meanwhile == [None, None, ANSWER_S]


async def test_looking_for_a_body_does_not_stop_the_clock(clock: Clock) -> None:
    asked = Exchanged()

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    asked.receive = never

    async def look(_scope: Scope, receive: Receive, send: Send) -> None:
        looking = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        looking.cancel()
        await asyncio.wait({looking})
        assert clock.left_s == ANSWER_S
        await send(START)
        await send(BODY)

    await asked.answered_by(look)


@pytest.mark.parametrize(
    ("path", "allowed_s"),
    [
        ("/other", ANSWER_S),
        ("/api/chat", ANSWER_S + LONGEST_WAIT_S),
        ("/api/cases/bulk", ANSWER_S + LONGEST_WAIT_S),
        ("/chat/", None),
    ],
)
async def test_who_asks_to_wait_is_waited_for(clock: Clock, path: str, allowed_s: float | None) -> None:
    asked = Exchanged(path)

    async def say(_scope: Scope, _receive: Receive, send: Send) -> None:
        assert clock.left_s == allowed_s
        await send(START)
        await send(BODY)

    await asked.answered_by(say)
    assert asked.status == 200


async def test_late_failure_is_logged_and_answered_once(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    asked = Exchanged()

    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        clock.strike()
        await asked.is_refused.wait()
        raise OSError("the disk is full")

    await asked.answered_by(fail)
    assert len(asked.sent) == 2
    assert [record.exc_info is not None for record in caplog.records if record.levelno == logging.ERROR] == [
        False,
        True,
    ]


async def test_failure_in_time_is_raised(clock: Clock) -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        await Exchanged().answered_by(fail)
    assert clock.left_s is None


async def test_server_that_stops_takes_the_application_along() -> None:
    began, ended = asyncio.Event(), list[str]()

    async def stay(_scope: Scope, _receive: Receive, _send: Send) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("stopped")

    answering = asyncio.ensure_future(Exchanged().answered_by(stay))
    await began.wait()
    answering.cancel()
    await asyncio.wait({answering})
    assert (answering.cancelled(), ended) == (True, ["stopped"])


async def test_application_knows_what_was_set_before(clock: Clock) -> None:
    seen = list[str]()

    async def ask(_scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(who.get())
        await send(START)
        await send(BODY)

    who.set("ana")
    await Exchanged().answered_by(ask)
    assert (seen, clock.left_s) == (["ana"], None)


async def test_time_itself_ends_a_request() -> None:
    asked = Exchanged()

    async def stay(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asked.is_refused.wait()

    assert request_timeout.Deadline is Deadline
    await asyncio.wait_for(RequestTimeout(stay, AT_ONCE)(asked.scope, asked.receive, asked.send), HANGS_S)
    assert asked.status == 503


def test_an_answer_may_take_a_minute() -> None:
    assert ANSWER_S == 60
