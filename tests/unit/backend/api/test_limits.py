"""What is refused when too much is asked for, over HTTP."""

import dataclasses
from collections.abc import AsyncGenerator

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.auth.access import ROUTES
from backend.services.open_streams import OpenStreams
from backend.services.rate_limits import RateLimits
from backend.wiring import Wiring
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import Clock, FakeScheduler, RunningBackend, answering, signed_in
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio

OWN_PAGE = {"origin": "http://127.0.0.1:8001"}


def limited(wiring: Wiring, per_minute: int, clock: Clock) -> Wiring:
    services = dataclasses.replace(wiring.services, rates=RateLimits(per_minute, clock))
    return dataclasses.replace(wiring, services=services)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hurried(wiring: Wiring, clock: Clock) -> AsyncGenerator[httpx.AsyncClient]:
    """Twenty requests at once, four costly ones, two sign-ins."""
    async with answering(limited(wiring, 60, clock), persona=None) as client:
        yield client


async def test_whoever_asks_too_much_waits(hurried: httpx.AsyncClient, clock: Clock) -> None:
    answers = [await hurried.get("/api/views", headers=signed_in("ana")) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert (answers[-1].json()["id"], answers[-1].headers["retry-after"]) == ("too-many-requests", "1")
    assert (await hurried.get("/api/views", headers=signed_in("maria"))).status_code == 200
    clock.now += 1
    assert (await hurried.get("/api/views", headers=signed_in("ana"))).status_code == 200


async def test_searching_costs_more_than_reading(hurried: httpx.AsyncClient) -> None:
    statuses = [(await hurried.get("/api/cases?q=x", headers=signed_in("ana"))).status_code for _ in range(5)]
    assert statuses == [200] * 4 + [429]
    assert (await hurried.get("/api/cases", headers=signed_in("ana"))).status_code == 200


async def test_sign_ins_of_an_address_are_limited(hurried: httpx.AsyncClient) -> None:
    answers = [await hurried.post("/api/session", json={"persona": "ana"}, headers=OWN_PAGE) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    metrics = (await hurried.get("/metrics")).text
    assert 'casewright_rate_limited_total{kind="sign_ins"} 1.0' in metrics
    assert 'casewright_security_events_total{kind="sign_in_refused"} 1.0' in metrics


async def test_guessed_tokens_of_an_address_are_limited(hurried: httpx.AsyncClient) -> None:
    wrong = {"Authorization": "Bearer guessed"}
    statuses = [(await hurried.get("/api/cases", headers=wrong)).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert (await hurried.get("/api/cases", headers=signed_in("ana"))).status_code == 200


async def test_probes_are_never_too_many(hurried: httpx.AsyncClient) -> None:
    assert {(await hurried.get("/healthz")).status_code for _ in range(50)} == {200}


async def test_refusal_for_too_much_is_documented(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for route in ROUTES:
        method, _, path = route.partition(" ")
        operation = paths.get(path, {}).get(method.lower())
        if operation is not None and path not in ("/healthz", "/ready", "/metrics"):
            assert "429" in operation["responses"], route


def test_further_stream_of_a_session_is_refused(book: CaseBook, scheduler: FakeScheduler) -> None:
    backend = RunningBackend(book, scheduler)
    backend.wiring = dataclasses.replace(
        backend.wiring, services=dataclasses.replace(backend.wiring.services, open_streams=OpenStreams(1))
    )
    backend.start()
    case = open_case(book)
    try:
        with (
            httpx.Client(base_url=backend.url, headers=signed_in("ana"), timeout=120) as client,
            client.stream("GET", "/api/events/stream") as stream,
        ):
            assert stream.status_code == 200
            refused = client.get("/api/events/stream")
            assert (refused.status_code, refused.json()["id"]) == (429, "too-many-streams")
            assert refused.headers["retry-after"] == "10"
            with pytest.raises(InvalidStatus) as denied:
                connect(f"{backend.socket_url}/api/workflow/ws/{case}", additional_headers=signed_in("ana"))
            assert denied.value.response.status_code == 429
            with client.stream("GET", "/api/events/stream", headers=signed_in("maria")) as other:
                assert other.status_code == 200
    finally:
        backend.stop()
