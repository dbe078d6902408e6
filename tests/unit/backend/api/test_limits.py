"""What is refused when too much is asked for, over HTTP."""

import dataclasses
from collections.abc import AsyncGenerator
from unittest.mock import AsyncMock, Mock

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.auth.access import ROUTES
from backend.auth.callers import Callers
from backend.auth.errors import AuthError, SessionEnded
from backend.auth.oidc.errors import LogoutRefused, NoRole, ProviderUnavailable, TokenRefused
from backend.auth.oidc.sign_in import ProviderSignIn
from backend.services.open_streams import OpenStreams
from backend.services.rate_limits import RateLimits
from backend.wiring import Wiring
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import Clock, RunningBackend, answering, signed_in
from tests.unit.casebook.builders import NOON, open_case

pytestmark = pytest.mark.anyio

LOGOUT = "/api/session/provider-logout"
OWN_PAGE = {"origin": "http://127.0.0.1:8001"}


def limited(wiring: Wiring, per_minute: int, clock: Clock, **others: object) -> Wiring:
    services = dataclasses.replace(wiring.services, rates=RateLimits(per_minute, clock), **others)
    return dataclasses.replace(wiring, services=services)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hurried(wiring: Wiring, clock: Clock) -> AsyncGenerator[httpx.AsyncClient]:
    """Twenty requests at once, four costly ones, ten sign-ins, two wrong credentials."""
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
    answers = [await hurried.post("/api/session", json={"persona": "ana"}, headers=OWN_PAGE) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    metrics = (await hurried.get("/metrics")).text
    assert 'casewright_rate_limited_total{kind="sign_ins"} 1.0' in metrics
    assert 'casewright_security_events_total{kind="sign_in_refused"} 1.0' in metrics


async def test_guessed_tokens_of_an_address_are_limited(hurried: httpx.AsyncClient) -> None:
    wrong = {"Authorization": "Bearer guessed"}
    statuses = [(await hurried.get("/api/cases", headers=wrong)).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert (await hurried.get("/api/cases", headers=signed_in("ana"))).status_code == 200


@pytest.mark.parametrize("error", [ProviderUnavailable("it is away"), NoRole("ana"), SessionEnded(NOON, "ana")])
async def test_only_wrong_credentials_count_as_wrong(wiring: Wiring, clock: Clock, error: AuthError) -> None:
    callers = Mock(spec=Callers, find=AsyncMock(side_effect=error))
    async with answering(limited(wiring, 60, clock, callers=callers), persona=None) as client:
        statuses = [(await client.get("/api/cases", headers=signed_in("ana"))).status_code for _ in range(30)]
    assert statuses == [error.status] * 30


async def test_refused_tokens_of_the_provider_count(wiring: Wiring, clock: Clock) -> None:
    callers = Mock(spec=Callers, find=AsyncMock(side_effect=TokenRefused("it is not genuine")))
    async with answering(limited(wiring, 60, clock, callers=callers), persona=None) as client:
        statuses = [(await client.get("/api/cases", headers=signed_in("ana"))).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]


async def test_logouts_of_the_provider_are_no_sign_ins(wiring: Wiring, clock: Clock) -> None:
    provider = Mock(spec=ProviderSignIn, log_out=AsyncMock(return_value=1))
    async with answering(limited(wiring, 60, clock, provider_sign_in=provider), persona=None) as client:
        told = [await client.post(LOGOUT, data={"logout_token": "genuine"}) for _ in range(19)]
        assert {answer.status_code for answer in told} == {204}
        clock.now += 60
        provider.log_out.side_effect = LogoutRefused("It is not from the provider.")
        refused = [await client.post(LOGOUT, data={"logout_token": "forged"}) for _ in range(3)]
    assert [answer.status_code for answer in refused] == [400, 400, 429]


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
