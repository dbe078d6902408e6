"""Signing in at a real OpenID provider, from the browser's first request to the last one that is answered."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from backend.auth.cookies import Cookies
from backend.auth.credentials import SESSION_COOKIE, Caller
from backend.auth.oidc.attempts import COOKIE_PREFIX
from backend.auth.oidc.opening import open_provider
from backend.auth.oidc.options import OidcOptions
from backend.auth.personas import PERSONAS
from backend.auth.sessions import SignIn
from backend.live.broadcast import Broadcast
from backend.wiring import PLAIN_COOKIES, Wiring, wire
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from tests.support.casebooks import CaseBook
from tests.support.sign_in_provider import API, DESK, PEOPLE, ProviderBrowser, SignInProvider, query_of
from tests.support.small_disk import fill, small_disk
from tests.unit.backend.support import CONFIG, FakeScheduler, answering
from tests.unit.casebook.builders import open_case

pytestmark = [pytest.mark.anyio, pytest.mark.integration]

ORIGIN = "http://127.0.0.1:8001"
OWN = {"Origin": ORIGIN}
ADA = {"subject": "ada", "name": "Ada Lovelace", "roles": ["analyst"], "scopes": []}
RECHECK = timedelta(minutes=15)


class Clock:
    """The time of this machine, which a test moves on: the provider's goes its own way."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(scope="module")
def provider() -> Generator[SignInProvider]:
    # The desk's clock runs ahead in some tests, the provider's does not.
    with SignInProvider((ORIGIN,), lifetimes={"access": 86_400}) as running:
        yield running


@pytest.fixture(autouse=True)
def people_restored(provider: SignInProvider) -> Generator[None]:
    yield
    provider.change_people(**PEOPLE)


@pytest.fixture
def options(provider: SignInProvider) -> OidcOptions:
    return OidcOptions(provider.issuer, DESK, ORIGIN, frozenset({API}), recheck_after=RECHECK)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def browser() -> Generator[ProviderBrowser]:
    opened = ProviderBrowser()
    yield opened
    opened.close()


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


@pytest.fixture
async def desk(engine: Engine, clock: Clock, options: OidcOptions) -> AsyncGenerator[httpx.AsyncClient]:
    async with replica(engine, clock, options) as (client, _):
        yield client


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


async def test_keys_of_the_provider_are_renewed(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, clock: Clock
) -> None:
    await sign_in(desk, browser)
    provider.change_keys(keep=False)
    clock.ahead += timedelta(seconds=31)
    assert (await sign_in(desk, browser)).status_code == 303


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


async def test_personas_do_not_exist_here(desk: httpx.AsyncClient) -> None:
    for path in ("/api/session", "/api/session/token"):
        answer = await desk.post(path, json={"persona": "alex"}, headers=OWN)
        assert (answer.status_code, answer.json()["id"]) == (409, "wrong-sign-in")


async def test_token_of_a_program_opens_what_its_scopes_say(
    desk: httpx.AsyncClient, provider: SignInProvider, book: CaseBook, engine: Engine
) -> None:
    case = open_case(book)
    bearer = {"Authorization": f"Bearer {provider.program_token('gateway', 'chat cases.read')}"}
    assert (await desk.get(f"/api/cases/{case}", headers=bearer)).status_code == 200
    refused = await desk.get("/api/tasks", headers=bearer)
    assert (refused.status_code, refused.json()["id"]) == (403, "scope-missing")
    opening = await desk.post("/api/workflow/start", headers=bearer, json={})
    assert opening.json()["detail"] == "This needs a token of a service with the scope 'cases.open'."
    # It is a session like any other: written down once, and ended by an admin at once.
    assert [each[:2] for each in events_of(engine)] == [("token_accepted", "gateway")]
    assert (await desk.get("/api/people")).status_code == 401


async def test_token_of_a_program_can_be_ended(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider, engine: Engine
) -> None:
    bearer = {"Authorization": f"Bearer {provider.program_token('gateway', 'cases.read')}"}
    assert (await desk.get("/api/cases", headers=bearer)).status_code == 200
    await sign_in(desk, browser, "alan")
    listed = (await desk.get("/api/sessions", params={"whose": "all"})).json()["items"]
    (token,) = [each for each in listed if each["kind"] == "provider_token"]
    assert (token["subject"], token["roles"], token["scopes"]) == ("gateway", [], ["cases.read"])
    assert (await desk.delete(f"/api/sessions/{token['session_id']}", headers=OWN)).status_code == 204
    answer = await desk.get("/api/cases", headers=bearer)
    assert (answer.status_code, answer.json()["id"]) == (401, "session-ended")


async def test_program_acts_for_a_person_who_signed_in(
    desk: httpx.AsyncClient, browser: ProviderBrowser, provider: SignInProvider
) -> None:
    bearer = {"Authorization": f"Bearer {browser.token(provider.issuer, 'grace', 'desk')}"}
    refused = await desk.get("/api/cases", headers=bearer)
    assert (refused.status_code, refused.json()["detail"]) == (
        401,
        "The token is not accepted: it is about nobody who has signed in at this desk.",
    )
    await sign_in(desk, browser, "grace")
    desk.cookies.clear()
    assert (await desk.get("/api/accesses", headers=bearer)).status_code == 200
    narrow = {"Authorization": f"Bearer {browser.token(provider.issuer, 'grace', 'cases.read')}"}
    assert (await desk.get("/api/cases", headers=narrow)).json()["id"] == "token-refused"


async def test_token_of_the_provider_is_no_cookie(desk: httpx.AsyncClient, provider: SignInProvider) -> None:
    token = provider.program_token("gateway", "cases.read")
    answer = await desk.get("/api/cases", headers={"Cookie": f"{SESSION_COOKIE}={token}"})
    assert (answer.status_code, answer.json()["id"]) == (401, "session-invalid")


async def test_session_of_a_persona_opens_nothing_here(
    desk: httpx.AsyncClient, book: CaseBook, browser: ProviderBrowser, engine: Engine
) -> None:
    """The casebook of a demonstration, or of a laptop, comes to a desk with a provider."""
    demo = wire(book, FakeScheduler(), SignIn(PERSONAS), Broadcast(), CONFIG)
    issued = await demo.services.sessions.sign_in("alex", "program", Caller("127.0.0.1", "tests"))
    answer = await desk.get("/api/cases", headers={"Authorization": f"Bearer {issued.secret}"})
    assert (answer.status_code, answer.json()["id"]) == (401, "session-invalid")


@pytest.mark.parametrize("token", ["abc", "a.b.c", "cwt_short", "e30.e30.e30"])
async def test_bearer_that_is_no_token_is_refused(desk: httpx.AsyncClient, token: str) -> None:
    answer = await desk.get("/api/cases", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["id"]) == (401, "token-refused")
    assert answer.headers["www-authenticate"] == 'Bearer realm="casewright"'


async def test_channel_needs_a_token(desk: httpx.AsyncClient, provider: SignInProvider) -> None:
    message = {"user_id": "user-1", "text": "Hello."}
    assert (await desk.post("/api/chat", json=message)).status_code == 401
    bearer = {"Authorization": f"Bearer {provider.program_token('gateway', 'chat')}"}
    assert (await desk.post("/api/chat", json=message, headers=bearer)).status_code in (200, 202)
