from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from backend.http.request_timeout import ANSWER_S, LONGEST_WAIT_S, RequestTimeout

pytestmark = pytest.mark.anyio

AT_ONCE = 0.01
LATER_S = 600.0


async def never(_request: Request) -> Response:
    await anyio.sleep_forever()
    raise AssertionError


async def left(_request: Request) -> Response:
    return Response(str(anyio.current_effective_deadline() - anyio.current_time()))


async def streamed(_request: Request) -> Response:
    async def pieces() -> AsyncGenerator[bytes]:
        await checkpoint()
        yield b"begun, "
        yield str(anyio.current_effective_deadline()).encode()

    return StreamingResponse(pieces())


async def uploaded(request: Request) -> Response:
    began = anyio.current_time()
    deadlines = await request.body()
    left_s = anyio.current_effective_deadline() - began
    return JSONResponse({"meanwhile": deadlines.decode(), "is_limited": left_s >= LATER_S})


async def deadlines_of_body() -> AsyncGenerator[bytes]:
    await checkpoint()
    yield f"{anyio.current_effective_deadline()} ".encode()
    yield str(anyio.current_effective_deadline()).encode()


@asynccontextmanager
async def answering_within(answer_s: float) -> AsyncGenerator[httpx.AsyncClient]:
    routes = [
        Route("/never", never),
        Route("/api/chat", left),
        Route("/other", left),
        Route("/streamed", streamed),
        Route("/uploaded", uploaded, methods=["POST"]),
    ]
    transport = httpx.ASGITransport(RequestTimeout(Starlette(routes=routes), answer_s))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_request_without_an_answer_gets_one() -> None:
    async with answering_within(AT_ONCE) as client:
        answer = await client.get("/never")
    assert (answer.status_code, answer.json()["id"]) == (503, "took-too-long")
    assert "look before you ask again" in answer.json()["detail"]
    assert answer.headers["retry-after"]


async def test_stream_that_has_begun_has_no_limit() -> None:
    async with answering_within(LATER_S) as client:
        assert (await client.get("/streamed")).text == "begun, inf"


async def test_body_on_its_way_takes_no_time() -> None:
    async with answering_within(LATER_S) as client:
        answer = await client.post("/uploaded", content=deadlines_of_body())
    assert answer.json() == {"meanwhile": "inf inf", "is_limited": True}


async def test_who_asks_to_wait_is_waited_for() -> None:
    async with answering_within(LATER_S) as client:
        chat = float((await client.get("/api/chat")).text)
        other = float((await client.get("/other")).text)
    assert chat - other >= LONGEST_WAIT_S / 2


def test_an_answer_may_take_a_minute() -> None:
    assert ANSWER_S == 60
