"""A desk whose people sign in at a real OpenID provider, and what a browser does there."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx
from sqlalchemy import Engine, text

from backend.auth.cookies import Cookies
from backend.auth.credentials import SESSION_COOKIE
from backend.auth.oidc.opening import open_provider
from backend.auth.oidc.options import OidcOptions
from backend.auth.oidc.sealing import unseal
from backend.auth.sessions import SignIn
from backend.live.broadcast import Broadcast
from backend.wiring import PLAIN_COOKIES, Wiring, wire
from casebook.database.transactions import Transactions
from tests.support.casebooks import CaseBook
from tests.support.sign_in_provider import ProviderBrowser, SignInProvider
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG, answering

ORIGIN = "http://127.0.0.1:8001"
OWN = {"Origin": ORIGIN}
RECHECK = timedelta(minutes=15)


class Clock:
    """The time of this machine, which a test moves on: the provider's goes its own way."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@asynccontextmanager
async def replica(
    engine: Engine, clock: Clock, options: OidcOptions, cookies: Cookies = PLAIN_COOKIES
) -> AsyncGenerator[tuple[httpx.AsyncClient, Wiring]]:
    """One more backend on this casebook, and a browser at it."""
    book = CaseBook(Transactions(engine, clock))
    async with open_provider(options) as open_sign_in:
        wiring = wire(
            book,
            FakeScheduler(),
            SignIn((), issuer=options.issuer),
            Broadcast(),
            CONFIG.model_copy(update={"auth_mode": "oidc"}),
            open_provider=open_sign_in,
            cookies=cookies,
        )
        async with answering(wiring, persona=None) as client:
            yield client, wiring


async def sign_in(
    desk: httpx.AsyncClient, browser: ProviderBrowser, person: str = "ada", return_to: str = "/"
) -> httpx.Response:
    """All the way there and back."""
    return await desk.get(await answer_of(desk, browser, person, return_to))


async def answer_of(
    desk: httpx.AsyncClient, browser: ProviderBrowser, person: str = "ada", return_to: str = "/"
) -> str:
    """The address that the provider sends the browser back to."""
    begun = await desk.get("/api/session/sign-in", params={"return_to": return_to})
    assert begun.status_code == 303
    return browser.answer(begun.headers["location"], person)


async def who(client: httpx.AsyncClient) -> Any:
    return (await client.get("/api/session")).json()["identity"]


def events_of(engine: Engine) -> list[tuple[str, str | None, str | None]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT kind, subject, reason FROM security_event ORDER BY number"))
        return [(row.kind, row.subject, row.reason) for row in rows]


def refresh_tokens_of(engine: Engine, client: httpx.AsyncClient) -> list[str]:
    """What is kept of the sign-in of this browser, opened with what only the browser has."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT session_id, sealed_token FROM session WHERE sealed_token IS NOT NULL"))
        opened = [unseal(row.sealed_token, client.cookies[SESSION_COOKIE], row.session_id) for row in rows]
    return [token for token in opened if token is not None]


async def until_forgotten(provider: SignInProvider, refresh_token: str) -> None:
    """The provider is asked beside whatever the desk answers meanwhile."""
    with anyio.fail_after(300):
        while await asyncio.to_thread(provider.knows, refresh_token):  # noqa: ASYNC110 - another process does
            await anyio.sleep(0.05)
