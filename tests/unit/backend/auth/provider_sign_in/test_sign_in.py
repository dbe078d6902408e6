"""Signing in at a real OpenID provider, from the browser's first request to the last one that is answered."""

import shutil
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from backend.auth.cookies import Cookies
from backend.auth.credentials import SESSION_COOKIE
from backend.auth.oidc.attempts import COOKIE_PREFIX
from backend.auth.oidc.options import OidcOptions
from casebook.database.engine import open_engine
from tests.support.sign_in_provider import DESK, ProviderBrowser, SignInProvider, query_of
from tests.support.small_disk import fill, small_disk
from tests.unit.backend.auth.provider_sign_in.desk import (
    ORIGIN,
    OWN,
    RECHECK,
    Clock,
    answer_of,
    events_of,
    replica,
    sign_in,
    who,
)

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

ADA = {"subject": "ada", "name": "Ada Lovelace", "roles": ["analyst"], "scopes": []}


async def test_person_signs_in_and_comes_back(
    desk: httpx.AsyncClient, browser: ProviderBrowser, engine: Engine
) -> None:
    assert (await desk.get("/api/session")).json() == {"identity": None, "auth_mode": "oidc", "personas": []}
    answer = await sign_in(desk, browser, return_to="/cases/case-1?tab=notes")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/case-1?tab=notes")
    assert await who(desk) == ADA
    assert (await desk.get("/api/cases")).status_code == 200
    assert (await desk.get("/api/people")).json() == [ADA]
    assert events_of(engine) == [("signed_in", "ada", None)]


async def test_address_to_the_provider_holds_no_secret(desk: httpx.AsyncClient) -> None:
    begun = await desk.get("/api/session/sign-in")
    asked = query_of(begun.headers["location"])
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", DESK)
    assert asked["redirect_uri"] == f"{ORIGIN}/api/session/callback"
    (cookie,) = [part for part in begun.headers["set-cookie"].split("; ") if part.startswith(COOKIE_PREFIX)]
    secret = cookie.partition("=")[2].partition(".")[0]
    assert len(secret) == 43
    assert secret not in begun.headers["location"]
    flags = {part.strip() for part in begun.headers["set-cookie"].split(";")}
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"} <= flags


async def test_session_cookie_is_for_one_host_over_tls(
    engine: Engine, clock: Clock, options: OidcOptions, browser: ProviderBrowser
) -> None:
    async with replica(engine, clock, options, Cookies(secure=True)) as (client, _):
        begun = await client.get("/api/session/sign-in")
        attempt = begun.headers["set-cookie"].partition(";")[0]
        assert attempt.startswith(f"__Host-{COOKIE_PREFIX}")
        answer = browser.answer(begun.headers["location"], "ada")
        # The client sends no Secure cookie over http.
        back = await client.get(answer, headers={"Cookie": attempt})
        (session,) = [each for each in back.headers.get_list("set-cookie") if SESSION_COOKIE in each]
        assert session.startswith(f"__Host-{SESSION_COOKIE}=")
        flags = {part.strip() for part in session.split(";")}
        assert {"HttpOnly", "SameSite=strict", "Path=/", "Secure"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)
        kept = session.partition(";")[0]
        assert (await client.get("/api/cases", headers={"Cookie": kept})).status_code == 200
        plain = kept.removeprefix("__Host-")
        assert (await client.get("/api/cases", headers={"Cookie": plain})).status_code == 401


async def test_sign_in_is_a_new_session_each_time(desk: httpx.AsyncClient, browser: ProviderBrowser) -> None:
    await sign_in(desk, browser)
    first = desk.cookies[SESSION_COOKIE]
    await sign_in(desk, browser)
    assert desk.cookies[SESSION_COOKIE] != first
    desk.cookies.clear()
    answer = await desk.get("/api/cases", headers={"Cookie": f"{SESSION_COOKIE}={first}"})
    assert (answer.status_code, answer.json()["id"]) == (401, "session-ended")


async def test_old_session_ends_though_its_cookie_stays_away(desk: httpx.AsyncClient, browser: ProviderBrowser) -> None:
    """The answer comes from the provider's site, to whose links a browser shows no `Strict` cookie."""
    await sign_in(desk, browser)
    first = desk.cookies[SESSION_COOKIE]
    answer = await answer_of(desk, browser)
    desk.cookies.delete(SESSION_COOKIE)
    assert (await desk.get(answer)).status_code == 303
    desk.cookies.clear()
    again = await desk.get("/api/cases", headers={"Cookie": f"{SESSION_COOKIE}={first}"})
    assert (again.status_code, again.json()["id"]) == (401, "session-ended")


@pytest.mark.parametrize("space", [b"\xa0", b"\x85", b"\x0b"])
async def test_cookie_of_a_neighbour_is_not_the_desks_own(
    engine: Engine, clock: Clock, options: OidcOptions, browser: ProviderBrowser, space: bytes
) -> None:
    """A browser keeps `\\xa0__Host-…` for whoever sets it: the prefix protects only exactly itself."""
    async with replica(engine, clock, options, Cookies(secure=True)) as (client, _):
        begun = await client.get("/api/session/sign-in")
        attempt = begun.headers["set-cookie"].partition(";")[0]
        back = await client.get(browser.answer(begun.headers["location"], "ada"), headers={"Cookie": attempt})
        (own,) = [each for each in back.headers.get_list("set-cookie") if SESSION_COOKIE in each]
        cookie = own.partition(";")[0].encode()
        evil = space + f"__Host-{SESSION_COOKIE}=cwt_{'a' * 43}".encode()
        for header in (cookie + b"; " + evil, evil + b"; " + cookie):
            assert (await client.get("/api/cases", headers={b"Cookie": header})).status_code == 200
        assert (await client.get("/api/cases", headers={b"Cookie": space + cookie})).status_code == 401
        assert (await client.get("/api/cases", headers={b"Cookie": cookie + b"; " + cookie})).status_code == 401


async def test_page_of_another_site_begins_no_sign_in(desk: httpx.AsyncClient) -> None:
    begun = await desk.get("/api/session/sign-in", headers={"Sec-Fetch-Site": "cross-site"})
    assert (begun.status_code, begun.headers["location"], "set-cookie" in begun.headers) == (303, "/", False)


async def test_two_tabs_can_sign_in_at_once(desk: httpx.AsyncClient, browser: ProviderBrowser) -> None:
    first, second = [await answer_of(desk, browser, return_to=path) for path in ("/tasks", "/sessions")]
    assert (await desk.get(first)).headers["location"] == "/tasks"
    assert (await desk.get(second)).headers["location"] == "/sessions"


async def test_browser_keeps_few_attempts(desk: httpx.AsyncClient) -> None:
    for _ in range(50):
        await desk.get("/api/session/sign-in")
    assert len([name for name in desk.cookies if name.startswith(COOKIE_PREFIX)]) <= 6


async def test_guest_without_a_role_stays_outside(
    desk: httpx.AsyncClient, browser: ProviderBrowser, engine: Engine
) -> None:
    answer = await sign_in(desk, browser, "guest")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "You are signed in at the provider and have no role at this desk: ask for one there." in answer.text
    assert "content-security-policy" in answer.headers
    assert await who(desk) is None
    with engine.connect() as connection:
        begun = text("SELECT count(*) FROM session WHERE kind = 'browser'")
        assert connection.execute(begun).scalar_one() == 0


async def test_person_who_declines_is_told_so(desk: httpx.AsyncClient, browser: ProviderBrowser) -> None:
    answer = await sign_in(desk, browser, "nobody")
    assert answer.status_code == 401
    assert "The sign-in provider declined (access_denied)" in answer.text


async def test_answer_of_another_browser_is_lost(
    desk: httpx.AsyncClient, browser: ProviderBrowser, engine: Engine, clock: Clock, options: OidcOptions
) -> None:
    """An attacker's answer in a victim's browser: nobody works as somebody else without knowing it."""
    answer = await answer_of(desk, browser)
    async with replica(engine, clock, options) as (victim, _):
        back = await victim.get(answer)
        assert back.status_code == 400
        assert "This sign-in was not begun in this browser" in back.text
        assert await who(victim) is None


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"state": "invented"}, 400, "was not begun in this browser"),
        ({"state": ""}, 400, "was not begun in this browser"),
        ({"iss": "https://evil.example"}, 400, "was not begun in this browser"),
        ({"iss": None}, 400, "was not begun in this browser"),
        ({"code": "invented"}, 401, "The sign-in provider declined (invalid_grant)"),
        ({"code": None}, 401, "The sign-in provider declined (without a reason)"),
        ({"code": None, "error": "<script>alert(1)</script>"}, 401, "The sign-in provider declined (without a reason)"),
    ],
)
async def test_answer_that_was_changed_is_refused(
    desk: httpx.AsyncClient,
    browser: ProviderBrowser,
    change: dict[str, str | None],
    status: int,
    sentence: str,
) -> None:
    given = query_of(await answer_of(desk, browser))
    changed = {name: value for name, value in {**given, **change}.items() if value is not None}
    answer = await desk.get("/api/session/callback", params=changed)
    assert (answer.status_code, sentence in answer.text) == (status, True)
    assert "<script" not in answer.text
    assert await who(desk) is None


async def test_code_counts_once(desk: httpx.AsyncClient, browser: ProviderBrowser) -> None:
    answer = await answer_of(desk, browser)
    cookies = {name: value for name, value in desk.cookies.items() if name.startswith(COOKIE_PREFIX)}
    assert (await desk.get(answer)).status_code == 303
    desk.cookies.clear()
    desk.cookies.update(cookies)
    again = await desk.get(answer)
    assert (again.status_code, "The sign-in provider declined (invalid_grant)" in again.text) == (401, True)


async def test_code_of_another_attempt_is_refused(desk: httpx.AsyncClient, browser: ProviderBrowser) -> None:
    """Two attempts of one browser, their codes exchanged: the verifier of the one does not fit the other."""
    first, second = [query_of(await answer_of(desk, browser)) for _ in range(2)]
    answer = await desk.get("/api/session/callback", params={**first, "code": second["code"]})
    assert (answer.status_code, "declined (invalid_grant)" in answer.text) == (401, True)


async def test_desk_with_a_full_disk_can_be_read(
    clock: Clock,
    options: OidcOptions,
    browser: ProviderBrowser,
    provider: SignInProvider,
    empty_casebook: Path,
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        shutil.copyfile(empty_casebook, disk / "casebook.db")
        engine = open_engine(f"sqlite:///{disk / 'casebook.db'}")
        async with replica(engine, clock, options) as (client, _):
            await sign_in(client, browser)
            bearer = {"Authorization": f"Bearer {provider.program_token('gateway', 'cases.read')}"}
            attempt = await answer_of(client, browser)
            clock.ahead += RECHECK
            filler = fill(disk)
            assert (await client.get("/api/cases")).status_code == 200
            assert (await client.get("/api/cases", headers=bearer)).status_code == 200
            failed = await client.get(attempt)
            assert (failed.status_code, failed.headers["content-type"]) == (503, "text/html; charset=utf-8")
            assert "Sign in again" in failed.text
            filler.unlink()
            assert (await sign_in(client, browser)).status_code == 303
        engine.dispose()


async def test_keys_of_the_provider_are_renewed(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, clock: Clock
) -> None:
    await sign_in(desk, browser)
    provider.change_keys(keep=False)
    clock.ahead += timedelta(seconds=31)
    assert (await sign_in(desk, browser)).status_code == 303


async def test_personas_do_not_exist_here(desk: httpx.AsyncClient) -> None:
    for path in ("/api/session", "/api/session/token"):
        answer = await desk.post(path, json={"persona": "alex"}, headers=OWN)
        assert (answer.status_code, answer.json()["id"]) == (409, "wrong-sign-in")
