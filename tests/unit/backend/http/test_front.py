"""What a desk says to pages of other origins and behind a proxy."""

from ipaddress import ip_network

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from backend.auth.credentials import caller_of
from backend.http.front import front
from backend.http.problem import PROBLEM_JSON
from backend.http.request_limits import MAX_PARAMETERS, MAX_QUERY_BYTES
from backend.http.site import Site

pytestmark = pytest.mark.anyio

DESK = "https://desk.example"
OTHER = "https://ui.example"
EVIL = "https://evil.example"
PUBLIC = Site(names=frozenset({"desk.example"}), public_origin=DESK, allowed_origins=frozenset({OTHER}))
PROXY = Site(trusted_proxies=(ip_network("10.1.0.0/16"), ip_network("10.2.0.1")))
COOKIE = {"cookie": "__Host-casewright_session=x"}


async def say(request: Request) -> JSONResponse:
    return JSONResponse({"address": caller_of(request).address, "scheme": request.url.scheme})


def client_of(site: Site, address: str = "203.0.113.9", origin: str = DESK) -> httpx.AsyncClient:
    app = front(Starlette(routes=[Route("/api/said", say, methods=["GET", "POST"])]), site)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 4711)), base_url=origin)


@pytest.mark.parametrize(("origin", "status"), [(DESK, 200), (OTHER, 200), ("http://desk.example", 403), (EVIL, 403)])
async def test_public_origin_is_the_only_own_one(origin: str, status: int) -> None:
    async with client_of(PUBLIC) as client:
        assert (await client.post("/api/said", headers={"origin": origin})).status_code == status


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_two_origins_are_refused(method: str) -> None:
    async with client_of(PUBLIC) as client:
        answer = await client.request(method, "/api/said", headers=[("origin", DESK), ("origin", EVIL)])
    assert (answer.status_code, answer.json()["id"]) == (403, "forbidden-origin")


@pytest.mark.parametrize("authorization", [["Bearer "], ["Bearer"], ["bearer  "], ["Bearer a", "Bearer b"]])
async def test_empty_bearer_does_not_excuse_a_cookie(authorization: list[str]) -> None:
    headers = [*COOKIE.items(), *(("authorization", each) for each in authorization)]
    async with client_of(PUBLIC) as client:
        answer = await client.post("/api/said", headers=headers)
    assert (answer.status_code, answer.json()["id"]) == (403, "forbidden-origin")


async def test_allowed_origin_may_ask_and_read() -> None:
    async with client_of(PUBLIC) as client:
        asked = {"access-control-request-method": "PUT", "access-control-request-headers": "if-match"}
        allowed = await client.options("/api/said", headers={"origin": OTHER, **asked})
        assert allowed.status_code == 200
        assert "PUT" in allowed.headers["access-control-allow-methods"]
        answer = await client.get("/api/said", headers={"origin": OTHER})
    for each in (allowed, answer):
        assert each.headers["access-control-allow-origin"] == OTHER
        assert each.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in each.headers["vary"]
    assert "ETag" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", [EVIL, DESK, "null", "https://ui.example:443", "http://ui.example"])
async def test_nobody_else_may_read(origin: str) -> None:
    async with client_of(PUBLIC) as client:
        asked = {"origin": origin, "access-control-request-method": "GET"}
        for answer in (await client.options("/api/said", headers=asked), await client.get("/api/said", headers=asked)):
            assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("asked", [{"method": "TRACE"}, {"method": "GET", "headers": "x-other"}])
async def test_refused_preflight_is_a_problem_document(asked: dict[str, str]) -> None:
    headers = {"origin": OTHER, **{f"access-control-request-{name}": value for name, value in asked.items()}}
    async with client_of(PUBLIC) as client:
        answer = await client.options("/api/said", headers=headers)
    assert (answer.status_code, answer.json()["id"]) == (400, "forbidden-preflight")
    assert (answer.headers["content-type"], answer.headers["access-control-allow-origin"]) == (PROBLEM_JSON, OTHER)


async def test_tls_is_insisted_on_where_the_desk_is_public() -> None:
    async with client_of(PUBLIC) as client:
        assert (await client.get("/api/said")).headers["strict-transport-security"] == "max-age=63072000"
    async with client_of(Site(), origin="http://localhost") as client:
        assert "strict-transport-security" not in (await client.get("/api/said")).headers


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.1.2.3", "203.0.113.7", "203.0.113.7"),
        ("10.2.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("10.1.2.3", "1.1.1.1, 203.0.113.7, 10.1.9.9", "203.0.113.7"),
        ("10.1.2.3", "[2001:db8::7]:443", "2001:db8::7"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("10.1.2.3", "", "10.1.2.3"),
        ("10.1.2.3", "unknown", "10.1.2.3"),
        ("10.1.2.3", "for=203.0.113.7", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.7, <script>", "10.1.2.3"),
        ("10.2.0.2", "127.0.0.1", "10.2.0.2"),
    ],
)
async def test_only_proxies_say_where_somebody_is(peer: str, forwarded: str, address: str) -> None:
    headers = {"x-forwarded-for": forwarded, "x-forwarded-proto": "https"}
    async with client_of(PROXY, peer, "http://localhost") as client:
        said = (await client.get("/api/said", headers=headers)).json()
    assert said == {"address": address, "scheme": "https" if peer in ("10.1.2.3", "10.2.0.1") else "http"}


async def test_nobody_is_believed_without_proxies() -> None:
    async with client_of(Site(), "127.0.0.1", "http://localhost") as client:
        said = (await client.get("/api/said", headers={"x-forwarded-for": "203.0.113.7"})).json()
    assert said["address"] == "127.0.0.1"


async def test_long_queries_are_refused() -> None:
    async with client_of(PUBLIC) as client:
        fits = await client.get("/api/said?" + "&".join(f"a{number}=1" for number in range(MAX_PARAMETERS)))
        many = await client.get("/api/said?" + "&".join(f"a{number}=1" for number in range(MAX_PARAMETERS + 1)))
        long = await client.get("/api/said?a=" + "x" * MAX_QUERY_BYTES)
    assert (fits.status_code, many.status_code, long.status_code) == (200, 414, 414)
    assert long.json()["id"] == "query-too-long"
