"""The HTTP client over real sockets: how many requests at once, and through which proxy."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import pytest

from tests.unit.worker.support.endpoint import Endpoint, completion
from worker.adapters.client_loop import ClientLoop
from worker.adapters.http_client import open_http
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import OpenAIProvider, open_client
from worker.agents.response_schemas import RiskVerdict, answer_format
from worker.ports.model import Message, ModelReply, ModelRequest, ModelUnavailable

AT_ONCE = 300
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def answering_when_all_have_asked(how_many: int) -> AsyncGenerator[str]:
    """A server that keeps everybody waiting until `how_many` requests are under way."""
    asked, everybody = 0, asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        if asked == how_many:
            everybody.set()
        await everybody.wait()
        writer.write(OK)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=how_many)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def test_hundreds_of_requests_are_under_way_at_once() -> None:
    async def ask() -> list[str]:
        async with answering_when_all_have_asked(AT_ONCE) as url, open_http() as client:
            answers = await asyncio.gather(*(client.get(url, timeout=60) for _ in range(AT_ONCE)))
        return [answer.text for answer in answers]

    assert asyncio.run(ask()) == ["ok"] * AT_ONCE


def test_its_headers_are_sent_with_every_request(loop: ClientLoop) -> None:
    async def ask(url: str) -> None:
        async with open_http({"Authorization": "Bearer t"}) as client:
            await client.post(url, json={})

    with Endpoint(lambda _: completion("{}")) as endpoint:
        asyncio.run(ask(endpoint.url))

    assert endpoint.asked[0].headers["authorization"] == "Bearer t"


@contextmanager
def a_proxy_that_refuses() -> Generator[tuple[str, list[bytes]]]:
    """Its address, and the first lines that it was sent."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")[0])
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    with ClientLoop() as loop:
        server = loop.call(lambda: asyncio.start_server(serve, "127.0.0.1", 0))

        async def stop() -> None:
            server.close()
            await server.wait_closed()

        loop.close_with(stop)
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def ask_model(loop: ClientLoop, url: str) -> ModelReply:
    client = open_client(OpenAIProvider(url, "m-1"))
    loop.close_with(client.close)
    request = ModelRequest(
        messages=(Message(role="user", text="The case."),), answer_format=answer_format("risk_verdict", RiskVerdict)
    )
    return OpenAIModel(client, "m-1", loop).complete(request, 60)


def test_managed_endpoint_is_asked_through_the_environment_s_proxy(
    loop: ClientLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_proxy_that_refuses() as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(ModelUnavailable, match="broke the connection"):
            ask_model(loop, "https://desk.example.test/v1")

    assert asked == [b"CONNECT desk.example.test:443 HTTP/1.1"]


def test_hosts_that_need_no_proxy_are_asked_directly(loop: ClientLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Endpoint(lambda _: completion("{}")) as endpoint:
        assert ask_model(loop, endpoint.url).text == "{}"


def test_an_unreachable_proxy_is_reported(loop: ClientLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match="could not be reached"):
        ask_model(loop, "https://desk.example.test/v1")
