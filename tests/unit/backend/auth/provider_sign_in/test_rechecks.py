"""The provider is asked again about whoever works at the desk."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine

from backend.auth.credentials import SESSION_COOKIE
from backend.auth.oidc.options import OidcOptions
from tests.support.sign_in_provider import ProviderBrowser, SignInProvider
from tests.unit.backend.auth.provider_sign_in.desk import (
    ORIGIN,
    RECHECK,
    Clock,
    events_of,
    replica,
    sign_in,
    who,
)

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


async def test_changed_role_ends_the_session(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, clock: Clock, engine: Engine
) -> None:
    await sign_in(desk, browser, "grace")
    first = desk.cookies[SESSION_COOKIE]
    provider.change_people(grace={"name": "Grace Hopper", "roles": ["viewer"]})
    assert (await desk.get("/api/cases")).status_code == 200
    clock.ahead += RECHECK
    answer = await desk.get("/api/cases")
    assert (answer.status_code, answer.json()["id"]) == (401, "session-ended")
    assert events_of(engine)[-1] == ("session_ended", "grace", "roles_changed")
    await sign_in(desk, browser, "grace")
    assert (desk.cookies[SESSION_COOKIE] != first, (await who(desk))["roles"]) == (True, ["viewer"])


async def test_whoever_leaves_is_out_when_asked_again(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, clock: Clock, engine: Engine
) -> None:
    provider.change_people(eve={"name": "Eve", "roles": ["analyst"]})
    await sign_in(desk, browser, "eve")
    provider.change_people(eve=None)
    clock.ahead += RECHECK
    assert (await desk.get("/api/cases")).json()["id"] == "session-ended"
    assert events_of(engine)[-1] == ("session_ended", "eve", "ended_by_provider")


async def test_unchanged_session_is_rechecked_again_and_again(
    desk: httpx.AsyncClient, browser: ProviderBrowser, clock: Clock, engine: Engine
) -> None:
    await sign_in(desk, browser)
    for _ in range(3):
        # Each refresh token is good for one use.
        clock.ahead += RECHECK
        assert [(await desk.get("/api/cases")).status_code for _ in range(3)] == [200] * 3
    assert events_of(engine) == [("signed_in", "ada", None)]


async def test_provider_that_speaks_of_another_ends_the_session(
    engine: Engine, clock: Clock, options: OidcOptions, browser: ProviderBrowser, provider: SignInProvider
) -> None:
    provider.change_people(eve={"name": "Eve", "roles": ["analyst"], "oid": "object-1"})
    async with replica(engine, clock, replace(options, subject_claim="oid")) as (client, _):
        await sign_in(client, browser, "eve")
        assert (await who(client))["subject"] == "object-1"
        provider.change_people(eve={"name": "Eve", "roles": ["analyst"], "oid": "object-2"})
        clock.ahead += RECHECK
        assert (await client.get("/api/cases")).json()["id"] == "session-ended"
    assert ("session_ended", "object-1", "ended_by_provider") in events_of(engine)


async def test_recheck_that_could_not_judge_comes_again_soon(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, clock: Clock
) -> None:
    """Its keys are new, and were asked for a moment ago: whoever lost a role must not keep it for as long again."""
    await sign_in(desk, browser, "grace")
    provider.change_people(grace={"name": "Grace Hopper", "roles": ["viewer"]})
    clock.ahead += RECHECK
    provider.change_keys(keep=False)
    bearer = {"Authorization": f"Bearer {provider.program_token('gateway', 'cases.read')}"}
    assert (await desk.get("/api/cases", headers=bearer)).status_code == 200
    provider.change_keys(keep=False)
    assert (await desk.get("/api/cases")).status_code == 200
    clock.ahead += timedelta(minutes=1)
    assert (await desk.get("/api/cases")).json()["id"] == "session-ended"


async def test_only_one_replica_spends_the_refresh_token(
    engine: Engine, clock: Clock, options: OidcOptions, browser: ProviderBrowser
) -> None:
    async with replica(engine, clock, options) as (first, _), replica(engine, clock, options) as (second, _):
        await sign_in(first, browser)
        second.cookies.update(first.cookies)
        for _ in range(3):
            clock.ahead += RECHECK
            asked = [client.get("/api/cases") for client in (first, second) * 5]
            assert {each.status_code for each in await asyncio.gather(*asked)} == {200}


async def test_provider_that_is_away_ends_nothing(
    engine: Engine, clock: Clock, browser: ProviderBrowser, options: OidcOptions
) -> None:
    with SignInProvider((ORIGIN,)) as provider:
        async with replica(engine, clock, replace(options, issuer=provider.issuer)) as (client, _):
            await sign_in(client, browser)
            provider.stop()
            clock.ahead += RECHECK
            assert (await client.get("/api/cases")).status_code == 200
            answer = await client.get(f"{ORIGIN}/api/session/callback", params={"state": "x"})
            assert answer.status_code == 400
            # Nobody new can sign in, and is told so.
            async with replica(engine, clock, replace(options, issuer=provider.issuer)) as (other, _):
                begun = await other.get("/api/session/sign-in")
                assert (begun.status_code, begun.json()["id"]) == (503, "provider-unavailable")
                assert begun.headers["retry-after"] == "2"
            provider.start()
