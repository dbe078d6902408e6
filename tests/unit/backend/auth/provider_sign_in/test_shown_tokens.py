"""What programs show in place of a cookie: tokens of the provider, and what is none."""

import httpx
import pytest
from sqlalchemy import Engine

from backend.auth.credentials import SESSION_COOKIE, Caller
from backend.auth.personas import PERSONAS
from backend.auth.sessions import SignIn
from backend.live.broadcast import Broadcast
from backend.wiring import wire
from tests.support.casebooks import CaseBook
from tests.support.sign_in_provider import ProviderBrowser, SignInProvider
from tests.unit.backend.auth.provider_sign_in.desk import OWN, events_of, sign_in
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG
from tests.unit.casebook.builders import open_case

pytestmark = [pytest.mark.anyio, pytest.mark.integration]


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
