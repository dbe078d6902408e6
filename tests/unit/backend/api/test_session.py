"""Signing in and out, by cookie and by token."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from backend.auth.credentials import SESSION_COOKIE
from backend.auth.personas import PERSONAS
from backend.auth.sessions import SECRET_PREFIX
from backend.wiring import Wiring
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import SERVICES, answering, case_in_review, decision_body, session_of, signed_in

pytestmark = pytest.mark.anyio

OWN = {"Origin": "http://127.0.0.1:8001"}
ANA = {"subject": "ana", "name": "Ana", "roles": ["analyst"], "scopes": []}
ALERT = {"customer_id": 7, "alert_type": "odd", "description": "x", "severity": "high"}


@pytest.fixture
async def stranger(wiring: Wiring) -> AsyncGenerator[httpx.AsyncClient]:
    async with answering(wiring, persona=None) as opened:
        yield opened


async def test_everybody_can_list_the_personas(stranger: httpx.AsyncClient) -> None:
    answer = (await stranger.get("/api/session")).json()
    assert (answer["identity"], answer["auth_mode"]) == (None, "local")
    assert answer["personas"] == [persona.model_dump(mode="json") for persona in PERSONAS]


async def test_sign_in_sets_a_strict_http_only_cookie(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.post("/api/session", json={"persona": "ana"})
    assert (answer.status_code, answer.json()["identity"]) == (200, ANA)
    cookie = answer.headers["set-cookie"]
    parts = [part.strip() for part in cookie.split(";")]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(parts)
    assert any(part.startswith("expires=") for part in parts)
    token = stranger.cookies[SESSION_COOKIE]
    assert token not in answer.text
    assert (await stranger.get("/api/session")).json()["identity"] == ANA
    assert (await stranger.get("/api/cases")).status_code == 200
    assert (await stranger.get("/api/people")).json() == [persona.model_dump(mode="json") for persona in PERSONAS]


async def test_signing_out_forgets_the_cookie(stranger: httpx.AsyncClient) -> None:
    await stranger.post("/api/session", json={"persona": "ana"})
    answer = await stranger.delete("/api/session", headers=OWN)
    assert (answer.status_code, answer.json()) == (200, {"continue_at": None})
    assert SESSION_COOKIE not in stranger.cookies
    assert (await stranger.get("/api/cases")).status_code == 401


async def test_a_token_works_as_bearer_until_it_expires(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.post("/api/session/token", json={"persona": "ben"})
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    left = datetime.fromisoformat(answer.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11) < left <= timedelta(hours=12)
    header = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await stranger.get("/api/cases", headers=header)).status_code == 200
    assert (await stranger.get("/api/session", headers=header)).json()["identity"]["subject"] == "ben"


async def test_an_unknown_persona_is_422(stranger: httpx.AsyncClient) -> None:
    for path in ("/api/session", "/api/session/token"):
        answer = await stranger.post(path, json={"persona": "root"})
        assert (answer.status_code, answer.json()["id"]) == (422, "unknown-persona")
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        (None, "not-signed-in"),
        ("", "not-signed-in"),
        (SECRET_PREFIX + "a" * 43, "session-invalid"),
        ("eyJ.x", "session-invalid"),
    ],
)
async def test_request_without_a_session_is_401(stranger: httpx.AsyncClient, token: str | None, problem: str) -> None:
    carried: list[dict[str, str]] = [{}]
    if token is not None:
        carried = [{"Authorization": f"Bearer {token}"}, {"Cookie": f"{SESSION_COOKIE}={token}"}]
    for headers in carried:
        answer = await stranger.get("/api/cases", headers=headers)
        assert (answer.status_code, answer.json()["id"]) == (401, problem)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == 'Bearer realm="casewright"'
        assert answer.json()["detail"].count(".") == 1
        assert not token or token not in answer.text
        # The way back in stays open.
        assert (await stranger.get("/api/session", headers=headers)).json()["identity"] is None


async def test_stolen_cookie_opens_nothing_after_sign_out(stranger: httpx.AsyncClient) -> None:
    await stranger.post("/api/session", json={"persona": "ana"})
    stolen = stranger.cookies[SESSION_COOKIE]
    await stranger.delete("/api/session", headers=OWN)
    for headers in ({"Cookie": f"{SESSION_COOKIE}={stolen}"}, {"Authorization": f"Bearer {stolen}"}):
        answer = await stranger.get("/api/cases", headers=headers)
        assert (answer.status_code, answer.json()["id"]) == (401, "session-ended")


async def test_cookie_from_before_sign_in_is_never_kept(stranger: httpx.AsyncClient) -> None:
    """Session fixation: whatever a browser held, it holds something new after sign-in, and the old one is over."""
    planted = SECRET_PREFIX + "p" * 43
    stranger.cookies.set(SESSION_COOKIE, planted)
    answer = await stranger.post("/api/session", json={"persona": "ana"}, headers=OWN)
    first = answer.cookies[SESSION_COOKIE]
    assert first != planted
    again = await stranger.post(
        "/api/session", json={"persona": "ana"}, headers={**OWN, "Cookie": f"{SESSION_COOKIE}={first}"}
    )
    assert again.cookies[SESSION_COOKIE] != first
    for secret in (planted, first):
        refused = await stranger.get("/api/cases", headers={"Authorization": f"Bearer {secret}"})
        assert refused.status_code == 401


async def test_own_sessions_are_listed_and_ended(stranger: httpx.AsyncClient) -> None:
    tokens = [(await stranger.post("/api/session/token", json={"persona": "ben"})).json() for _ in range(2)]
    ben = {"Authorization": f"Bearer {tokens[0]['token']}"}
    listed = (await stranger.get("/api/sessions", headers=ben)).json()
    assert [each["session_id"] for each in listed["items"][:2]] == [each["session_id"] for each in reversed(tokens)]
    assert {each["subject"] for each in listed["items"]} == {"ben"}
    assert (listed["current"], listed["total"]) == (tokens[0]["session_id"], len(listed["items"]))
    assert not [each for each in tokens if each["token"] in str(listed)]
    ended = await stranger.delete(f"/api/sessions/{tokens[1]['session_id']}", headers=ben)
    assert (ended.status_code, ended.content) == (204, b"")
    over = await stranger.get("/api/cases", headers={"Authorization": f"Bearer {tokens[1]['token']}"})
    assert over.json()["id"] == "session-ended"
    assert (await stranger.delete(f"/api/sessions/{tokens[1]['session_id']}", headers=ben)).status_code == 404


async def test_admins_alone_see_and_end_sessions_of_others(stranger: httpx.AsyncClient) -> None:
    for persona in ("vera", "ana", "maria"):
        refused = await stranger.get("/api/sessions", params={"whose": "all"}, headers=signed_in(persona))
        assert (refused.status_code, refused.json()["id"]) == (403, "not-allowed")
        hidden = await stranger.delete(f"/api/sessions/{session_of('ben')}", headers=signed_in(persona))
        assert (hidden.status_code, hidden.json()["id"]) == (404, "session-not-found")
    everybody = (await stranger.get("/api/sessions", params={"whose": "all"}, headers=signed_in("alex"))).json()
    known = {each.subject for each in (*PERSONAS, *SERVICES)}
    assert {each["subject"] for each in everybody["items"]} == known
    ended = await stranger.delete(f"/api/sessions/{session_of('ben')}", headers=signed_in("alex"))
    assert ended.status_code == 204
    assert (await stranger.get("/api/cases", headers=signed_in("ben"))).status_code == 401
    malformed = await stranger.delete("/api/sessions/everything", headers=signed_in("alex"))
    assert malformed.status_code == 422


async def test_body_that_nobody_may_send_is_not_read(wiring: Wiring) -> None:
    read: list[None] = []

    async def body() -> AsyncGenerator[bytes]:
        read.append(None)
        yield b"{}"

    async with answering(wiring, persona=None) as client:
        for headers in ({}, signed_in("vera")):
            answer = await client.post("/api/workflow/start", content=body(), headers=headers)
            assert answer.status_code in (401, 403)
    assert read == []


async def test_another_kind_of_credentials_is_no_session(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/cases", headers={"Authorization": "Basic YW5hOmFuYQ=="})
    assert (answer.status_code, answer.json()["id"]) == (401, "not-signed-in")


async def test_a_session_in_the_address_is_none(stranger: httpx.AsyncClient) -> None:
    token = signed_in("alex")["Authorization"].removeprefix("Bearer ")
    for name in (SESSION_COOKIE, "access_token", "token"):
        assert (await stranger.get("/api/cases", params={name: token})).status_code == 401


async def test_a_bearer_token_goes_before_the_cookie(stranger: httpx.AsyncClient) -> None:
    await stranger.post("/api/session", json={"persona": "alex"})
    who = await stranger.get("/api/session", headers=signed_in("vera"))
    assert who.json()["identity"]["subject"] == "vera"
    assert (await stranger.post("/api/workflow/start", json=ALERT, headers=signed_in("vera"))).status_code == 403
    bad = await stranger.get("/api/cases", headers={"Authorization": "Bearer x"})
    assert bad.json()["id"] == "session-invalid"


async def test_cookie_requests_must_come_from_own_pages(stranger: httpx.AsyncClient, book: CaseBook) -> None:
    await stranger.post("/api/session", json={"persona": "ana"})
    for headers in ({}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1:3000"}, {"Origin": "null"}):
        refused = await stranger.post("/api/workflow/start", json=ALERT, headers=headers)
        assert (refused.status_code, refused.json()["id"]) == (403, "forbidden-origin")
        assert (await stranger.delete("/api/session", headers=headers)).status_code == 403
    assert book.last_seq() == 0
    for headers in (OWN, {"Sec-Fetch-Site": "same-origin"}):
        assert (await stranger.post("/api/workflow/start", json=ALERT, headers=headers)).status_code in (200, 202)


async def test_another_sites_page_cannot_sign_anybody_in(stranger: httpx.AsyncClient) -> None:
    for origin in ("http://evil.example", "http://127.0.0.1:3000", "null"):
        refused = await stranger.post("/api/session", json={"persona": "alex"}, headers={"Origin": origin})
        assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    form = await stranger.post("/api/session", content='{"persona": "alex"}', headers={"Content-Type": "text/plain"})
    assert (form.status_code, "set-cookie" in form.headers) == (415, False)


async def test_whoever_signed_in_last_in_a_browser_decides(wiring: Wiring, book: CaseBook) -> None:
    opening = case_in_review(book)
    async with answering(wiring, persona=None) as browser:
        for persona in ("ana", "ben"):
            await browser.post("/api/session", json={"persona": persona}, headers=OWN)
        body = decision_body(opening, decided_by="ana")
        assert (await browser.post("/api/workflow/decision", json=body, headers=OWN)).status_code == 202
    assert book.get_fraud_case(opening.case_id).decisions[0].decided_by == "ben"
