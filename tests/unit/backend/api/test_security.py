"""What the security log says of requests, and who may read it."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from backend.auth import sessions
from backend.auth.credentials import SESSION_COOKIE, UNATTENDED
from backend.auth.personas import PERSONAS
from backend.auth.sessions import SECRET_PREFIX
from backend.http.admission import require_admitted
from backend.main import note_refusal
from backend.wiring import Wiring
from casebook.errors import CasebookUnavailable
from contracts.security import SecurityEvent
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import answering, case_in_review, decision_body, signed_in
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio

BROWSER = {"User-Agent": "Firefox\x07 140"}


@pytest.fixture
async def stranger(wiring: Wiring) -> AsyncGenerator[httpx.AsyncClient]:
    async with answering(wiring, persona=None) as opened:
        yield opened


async def logged(wiring: Wiring) -> list[SecurityEvent]:
    """What is on record, oldest first."""
    await wiring.services.security.write()
    return [*(await wiring.services.security_log.list(limit=500)).items]


async def test_sign_in_and_out_are_logged_with_where_from(stranger: httpx.AsyncClient, wiring: Wiring) -> None:
    await stranger.post("/api/session", json={"persona": "ana"}, headers=BROWSER)
    await stranger.delete("/api/session", headers={"Origin": "http://127.0.0.1:8001"})
    began, ended = await logged(wiring)
    assert (began.kind, began.subject, began.address, began.detail) == (
        "signed_in", "ana", "127.0.0.1", {"roles": ["analyst"], "client": "Firefox 140"},
    )  # fmt: skip
    assert (ended.kind, ended.subject, ended.target, ended.reason) == (
        "session_ended", "ana", began.target, "signed_out",
    )  # fmt: skip


async def test_refusals_are_logged_and_say_who_asked_for_what(stranger: httpx.AsyncClient, wiring: Wiring) -> None:
    await stranger.post("/api/session", json={"persona": "root"})
    await stranger.get("/api/cases")
    await stranger.get("/api/cases", headers={"Authorization": f"Bearer {SECRET_PREFIX}{'a' * 43}"})
    await stranger.post("/api/cases/bulk", json={}, headers=signed_in("vera"))
    said = [(each.kind, each.subject, each.target, each.reason) for each in await logged(wiring)]
    assert said == [
        ("sign_in_refused", None, "POST /api/session", "unknown-persona"),
        ("session_refused", None, "GET /api/cases", "session-invalid"),
        ("access_refused", "vera", "POST /api/cases/bulk", "not-allowed"),
    ]
    assert {each.outcome for each in await logged(wiring)} == {"refused"}


async def test_use_of_an_ended_session_names_its_holder(stranger: httpx.AsyncClient, wiring: Wiring) -> None:
    await stranger.delete("/api/session", headers=signed_in("ben"))
    await stranger.get("/api/cases", headers=signed_in("ben"))
    last = (await logged(wiring))[-1]
    assert (last.kind, last.subject, last.reason) == ("session_refused", "ben", "session-ended")


async def test_refusal_by_a_route_is_logged_too(stranger: httpx.AsyncClient, wiring: Wiring, book: CaseBook) -> None:
    opening = case_in_review(book, four_eyes=("lock_account",))
    url, body = "/api/workflow/decision", decision_body(opening)
    await stranger.post(url, json=body, headers=signed_in("ana"))
    answer = await stranger.post(url, json=body, headers=signed_in("ana"))
    assert answer.status_code == 403
    last = (await logged(wiring))[-1]
    assert (last.kind, last.subject, last.target, last.reason) == (
        "access_refused", "ana", "POST /api/workflow/decision", answer.json()["id"],
    )  # fmt: skip


async def test_exports_and_downloads_are_logged(stranger: httpx.AsyncClient, wiring: Wiring, book: CaseBook) -> None:
    case, ana = open_case(book), signed_in("ana")
    await stranger.get(f"/api/cases/{case}/export", headers=ana)
    await stranger.get("/api/exports/cases", headers=ana)
    await stranger.get(f"/api/cases/{case}/regulatory-report", headers=ana)
    file = {"file": ("note.txt", b"x", "text/plain")}
    added = await stranger.post(f"/api/cases/{case}/attachments", files=file, headers=ana)
    attachment = added.json()["attachment_id"]
    await stranger.get(f"/api/cases/{case}/attachments/{attachment}", headers=ana)
    said = [(each.kind, each.outcome, each.subject, each.target) for each in await logged(wiring)]
    assert ("exported", "done", "ana", f"{case}.json") in said
    assert ("exported", "done", "ana", "cases.csv") in said
    assert said[-1] == ("downloaded", "done", "ana", f"{case}/{attachment}")


async def test_admins_alone_read_the_log_and_that_is_logged(stranger: httpx.AsyncClient, wiring: Wiring) -> None:
    for persona in PERSONAS:
        answer = await stranger.get("/api/security-log", headers=signed_in(persona.subject))
        assert (answer.status_code == 200) is (persona.subject == "alex")
    shown = (await stranger.get("/api/security-log", headers=signed_in("alex"))).json()
    assert "log_read" in {each["kind"] for each in shown["items"]}
    narrowed = await stranger.get(
        "/api/security-log", params={"kind": "access_refused", "subject": "maria"}, headers=signed_in("alex")
    )
    assert [each["subject"] for each in narrowed.json()["items"]] in ([], ["maria"])
    odd = await stranger.get("/api/security-log", params={"kind": "everything"}, headers=signed_in("alex"))
    assert odd.status_code == 422
    # Twice within a minute, or before and after its end.
    assert [each.kind for each in await logged(wiring)].count("log_read") in (1, 2)


async def test_metric_counts_what_happened(stranger: httpx.AsyncClient) -> None:
    await stranger.post("/api/session", json={"persona": "ana"})
    for _ in range(3):
        await stranger.get("/api/security-log", headers=signed_in("vera"))
    text = (await stranger.get("/metrics")).text
    assert 'casewright_security_events_total{kind="signed_in"} 1.0' in text
    assert 'casewright_security_events_total{kind="access_refused"} 3.0' in text
    assert 'casewright_security_events_total{kind="exported"} 0.0' in text


async def test_what_the_guard_refused_is_logged(wiring: Wiring) -> None:
    app = FastAPI()
    scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": [], "client": ("192.0.2.7", 4_711)}
    note_refusal(app, HTTPConnection(scope), "before it is ready")
    app.state.services = wiring.services
    note_refusal(app, HTTPConnection(scope), "forbidden-origin")
    said = [(each.kind, each.address, each.target, each.reason) for each in await logged(wiring)]
    assert said == [("origin_refused", "192.0.2.7", "POST", "forbidden-origin")]


async def test_secrets_are_in_no_line(stranger: httpx.AsyncClient, wiring: Wiring) -> None:
    await stranger.post("/api/session", json={"persona": "ana"})
    secret = stranger.cookies[SESSION_COOKIE]
    await stranger.delete("/api/session", headers={"Origin": "http://127.0.0.1:8001"})
    await stranger.get("/api/cases", headers={"Authorization": f"Bearer {secret}"})
    assert secret not in str(await logged(wiring))


@pytest.mark.parametrize(("path", "headers", "prolongs"), [
    ("/api/cases", {}, True),
    ("/api/cases", {UNATTENDED: "1"}, False),
    # Asked for badly: else it would not end.
    ("/api/events/stream?topics=nonsense", {}, False),
])  # fmt: skip
async def test_what_a_page_asks_by_itself_prolongs_nothing(
    stranger: httpx.AsyncClient,
    wiring: Wiring,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    headers: dict[str, str],
    prolongs: bool,
) -> None:
    monkeypatch.setattr(sessions, "USE_NOTED_EVERY", timedelta(0))
    token = (await stranger.post("/api/session/token", json={"persona": "vera"})).json()
    await stranger.get(path, headers={"Authorization": f"Bearer {token['token']}", **headers})
    found = await wiring.services.session_record.find_open(token["session_id"])
    assert found is not None
    assert (found.last_used_at > found.began_at) is prolongs


async def test_health_asks_nobody_who_they_are(stranger: httpx.AsyncClient, wiring: Wiring) -> None:
    async def find(secret_hash: str) -> None:
        raise CasebookUnavailable(f"The casebook knows nothing of {secret_hash}")

    wiring.services.session_record.find = find
    for path in ("/healthz", "/api/config"):
        assert (await stranger.get(path, headers=signed_in("ana"))).status_code == 200
    for path in ("/api/session", "/api/cases"):
        assert (await stranger.get(path, headers=signed_in("ana"))).status_code == 503


async def test_route_that_was_not_judged_answers_nobody() -> None:
    connection = HTTPConnection({"type": "http", "method": "GET", "headers": [], "state": {}})
    with pytest.raises(LookupError, match="not in the table"):
        require_admitted(connection, "GET /api/new")
