import httpx
import pytest

from backend.http.guard import SECURITY_HEADERS

pytestmark = pytest.mark.anyio

BODY = {"customer_id": 7, "alert_type": "odd", "description": "x", "severity": "high"}


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/api/cases", "/api/nothing", "/openapi.json"):
        answer = await client.get(path)
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value, path
    assert "frame-ancestors 'none'" in SECURITY_HEADERS["Content-Security-Policy"]
    assert (await client.get("/api/cases")).headers["cache-control"] == "no-store"


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
