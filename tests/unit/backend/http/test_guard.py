from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http.front import front
from backend.http.request_limits import MAX_BODY_BYTES
from backend.http.security_headers import SECURITY_HEADERS

pytestmark = pytest.mark.anyio

BODY = {"customer_id": 7, "alert_type": "odd", "description": "x", "severity": "high"}


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/ready", "/metrics", "/api/cases", "/api/nothing", "/nothing", "/openapi.json"):
        answer = await client.get(path)
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value, path
        assert answer.headers["cache-control"] == "no-store", path
    assert SECURITY_HEADERS["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in SECURITY_HEADERS["Content-Security-Policy"]
    assert "camera=()" in SECURITY_HEADERS["Permissions-Policy"]


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost", "localhost:1", "[::1]:8001", "LOCALHOST:8001"])
async def test_loopback_names_are_answered(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/api/cases", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8001", "", "[::1", "localhost@evil.example"]
)
async def test_a_foreign_name_for_this_address_is_not_answered(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/api/cases", headers={"host": host})
    assert (answer.status_code, answer.json()["id"]) == (403, "forbidden-host")


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://127.0.0.1:3000", "http://localhost:8001", "null", "http://127.0.0.1:8001.evil"],
)
async def test_a_page_of_another_site_cannot_post(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.post("/api/workflow/start", json=BODY, headers={"origin": origin})
    assert (answer.status_code, answer.json()["id"]) == (403, "forbidden-origin")
    assert (await client.get("/api/cases")).json()["items"] == []


async def test_own_page_and_no_page_can_post(client: httpx.AsyncClient) -> None:
    own = await client.post("/api/workflow/start", json=BODY, headers={"origin": "http://127.0.0.1:8001"})
    assert own.status_code == 202
    assert (await client.post("/api/workflow/start", json=BODY)).status_code == 200


async def sent_by(app: ASGIApp, *headers: tuple[bytes, bytes], path: str = "/api/cases") -> tuple[int, int]:
    """The status, and how often the body was asked for."""
    asked = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    given = [(b"host", b"localhost"), *headers]
    scope = {"type": "http", "method": "POST", "path": path, "headers": given, "query_string": b"", "client": None}
    await app(scope, receive, send)
    return sent[0]["status"], asked


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_announced_body_is_refused_before_it_is_read() -> None:
    guard = front(reading, attachment_max_bytes=10)
    assert await sent_by(guard, (b"content-length", str(MAX_BODY_BYTES).encode())) == (200, 1)
    assert await sent_by(guard, (b"content-length", str(MAX_BODY_BYTES + 1).encode())) == (413, 0)
    assert await sent_by(guard, (b"content-length", b"9" * 18)) == (413, 0)
    file = "/api/cases/case-1/attachments"
    assert await sent_by(guard, (b"content-length", str(MAX_BODY_BYTES + 10).encode()), path=file) == (200, 1)
    assert await sent_by(guard, (b"content-length", str(MAX_BODY_BYTES + 11).encode()), path=file) == (413, 0)


async def test_signed_out_callers_are_refused_before_the_body(client: httpx.AsyncClient) -> None:
    taken = 0

    async def body() -> AsyncGenerator[bytes]:
        nonlocal taken
        taken += 1
        yield b"{}"

    json = {"content-type": "application/json"}
    answer = await client.post("/api/workflow/start", content=body(), headers=json | {"Authorization": "Bearer no"})
    assert (answer.status_code, taken) == (401, 0)
    assert (await client.post("/api/workflow/start", content=body(), headers=json)).status_code == 422
    assert taken == 1
