"""Signing out of a desk whose people sign in at a provider."""

import re
from dataclasses import replace
from datetime import timedelta

import anyio
import httpx
import pytest
from sqlalchemy import Engine

from backend.auth.oidc.attempts import Attempt
from backend.auth.oidc.code_flow import CodeFlow, Tokens
from backend.auth.oidc.options import OidcOptions
from tests.support.sign_in_provider import DESK, ProviderBrowser, SignInProvider, query_of
from tests.unit.backend.auth.provider_sign_in.desk import (
    ORIGIN,
    OWN,
    RECHECK,
    Clock,
    refresh_tokens_of,
    replica,
    sign_in,
    until_forgotten,
    who,
)

SAYING = re.compile("A refresh token that nobody uses any more lives on there")
pytestmark = [pytest.mark.anyio, pytest.mark.integration]


async def test_signing_out_leads_to_the_provider(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider
) -> None:
    await sign_in(desk, browser)
    answer = await desk.delete("/api/session", headers=OWN)
    address = answer.json()["continue_at"]
    assert address.startswith(f"{provider.issuer}/session/end?")
    assert query_of(address) == {"client_id": DESK, "post_logout_redirect_uri": f"{ORIGIN}/"}
    assert await who(desk) is None
    assert (await desk.delete("/api/session", headers=OWN)).json() == {"continue_at": None}


async def test_signing_out_late_leads_to_the_provider_too(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, clock: Clock
) -> None:
    await sign_in(desk, browser)
    clock.ahead += timedelta(minutes=61)
    assert (await desk.get("/api/cases")).json()["id"] == "session-idle"
    address = (await desk.delete("/api/session", headers=OWN)).json()["continue_at"]
    assert address.startswith(f"{provider.issuer}/session/end?")


async def test_signing_out_revokes_the_refresh_token(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, engine: Engine
) -> None:
    await sign_in(desk, browser)
    (token,) = refresh_tokens_of(engine, desk)
    assert provider.knows(token)
    assert (await desk.delete("/api/session", headers=OWN)).status_code == 200
    await until_forgotten(provider, token)


async def test_provider_that_hangs_holds_no_sign_out(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, engine: Engine
) -> None:
    await sign_in(desk, browser)
    (token,) = refresh_tokens_of(engine, desk)
    with provider.hanging():
        assert (await desk.delete("/api/session", headers=OWN)).status_code == 200
        assert await who(desk) is None
    await until_forgotten(provider, token)


async def test_provider_that_is_away_is_a_warning(
    engine: Engine,
    clock: Clock,
    browser: ProviderBrowser,
    options: OidcOptions,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with SignInProvider((ORIGIN,)) as provider:
        async with replica(engine, clock, replace(options, issuer=provider.issuer)) as (client, _):
            await sign_in(client, browser)
            provider.stop()
            assert (await client.delete("/api/session", headers=OWN)).status_code == 200
            with anyio.fail_after(300):
                while not any(map(SAYING.search, caplog.messages)):  # noqa: ASYNC110 - a log line is no event
                    await anyio.sleep(0.05)
            provider.start()


async def test_token_of_whoever_has_no_role_is_revoked(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    redeem = CodeFlow.redeem

    async def noted(flow: CodeFlow, code: str, attempt: Attempt) -> Tokens:
        tokens = await redeem(flow, code, attempt)
        given.append(tokens.refresh or "")
        return tokens

    monkeypatch.setattr(CodeFlow, "redeem", noted)
    assert (await sign_in(desk, browser, "guest")).status_code == 403
    await until_forgotten(provider, given[0])


async def test_token_of_whoever_lost_a_role_is_revoked(
    desk: httpx.AsyncClient,
    browser: ProviderBrowser,
    provider: SignInProvider,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[str] = []
    refresh = CodeFlow.refresh

    async def noted(flow: CodeFlow, refresh_token: str) -> Tokens:
        tokens = await refresh(flow, refresh_token)
        given.append(tokens.refresh or "")
        return tokens

    monkeypatch.setattr(CodeFlow, "refresh", noted)
    await sign_in(desk, browser, "grace")
    provider.change_people(grace={"name": "Grace Hopper", "roles": ["viewer"]})
    clock.ahead += RECHECK
    assert (await desk.get("/api/cases")).json()["id"] == "session-ended"
    await until_forgotten(provider, given[0])
