"""Who may ask for what: one table with every route of the application in it."""

import re
from collections.abc import Mapping

import pytest
from fastapi.routing import APIWebSocketRoute, iter_route_contexts
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from backend.app import create_app
from backend.auth.personas import PERSONAS
from backend.wiring import Wiring
from contracts.review import Role
from tests.unit.backend.support import RunningBackend, answering, signed_in

OPEN = None
"""Everybody, signed in or not."""
LEAST_ROLE: Mapping[str, Role | None] = {
    "GET /openapi.json": OPEN,
    "HEAD /openapi.json": OPEN,
    "GET /healthz": OPEN,
    "GET /ready": OPEN,
    "GET /metrics": OPEN,
    "GET /api/config": OPEN,
    "GET /api/session": OPEN,
    "POST /api/session": OPEN,
    "DELETE /api/session": OPEN,
    "POST /api/session/token": OPEN,
    # Whoever passes messages of customers on: on this machine everybody.
    "POST /api/chat": OPEN,
    "GET /api/chat/{turn_id}": OPEN,
    "POST /chat/": OPEN,
    "GET /api/analytics/{user_id}": OPEN,
    "POST /api/analytics/{user_id}/initialize": OPEN,
    "POST /api/analytics/reset": "manager",
    "GET /analytics/{user_id}": OPEN,
    "POST /analytics/{user_id}/initialize": OPEN,
    "POST /analytics/reset": OPEN,
    "GET /api/analytics": "viewer",
    "GET /api/telemetry/dead-letters": "manager",
    "GET /api/telemetry/dead-letters/counts": "manager",
    "POST /api/telemetry/dead-letters/retry": "manager",
    "POST /api/telemetry/dead-letters/drop": "manager",
    "GET /api/detection/rules": "viewer",
    "GET /api/detection/rules/{rule_id}": "viewer",
    "GET /api/detection/score": "viewer",
    "POST /api/detection/score/roll-back": "manager",
    "POST /api/detection/rules/{rule_id}/versions": "manager",
    "POST /api/detection/rules/{rule_id}/shadow": "manager",
    "POST /api/detection/rules/{rule_id}/shadow/end": "manager",
    "POST /api/detection/rules/{rule_id}/live": "manager",
    "POST /api/detection/rules/{rule_id}/roll-back": "manager",
    "POST /api/detection/rules/{rule_id}/switch": "manager",
    "GET /api/detection/rules/{rule_id}/precision": "viewer",
    "GET /api/detection/rules/{rule_id}/back-tests": "manager",
    "POST /api/detection/rules/{rule_id}/back-tests": "manager",
    "GET /api/detection/back-tests/sources": "manager",
    "GET /api/detection/back-tests/{back_test_id}": "manager",
    "POST /api/detection/back-tests/{back_test_id}/cancel": "manager",
    "GET /api/detection/snoozes": "viewer",
    "POST /api/detection/snoozes": "manager",
    "POST /api/detection/snoozes/end": "manager",
    "GET /api/detection/suppressions": "viewer",
    "POST /api/detection/suppressions": "manager",
    "POST /api/detection/suppressions/remove": "manager",
    "GET /api/schedules": "viewer",
    "POST /api/schedules/{schedule_id}/pause": "manager",
    "POST /api/schedules/{schedule_id}/resume": "manager",
    "POST /api/schedules/{schedule_id}/trigger": "manager",
    "GET /api/conversations": "viewer",
    "GET /api/conversations/{user_id}": "viewer",
    "PUT /api/conversations/{user_id}/customer": "admin",
    "DELETE /api/conversations/{user_id}/customer": "admin",
    "DELETE /api/conversations/{user_id}": "manager",
    "GET /api/tasks": "viewer",
    "POST /api/tasks": "analyst",
    "GET /api/tasks/{task_id}": "viewer",
    "PATCH /api/tasks/{task_id}": "analyst",
    "POST /api/tasks/{task_id}/complete": "analyst",
    "POST /api/tasks/{task_id}/reopen": "analyst",
    "DELETE /api/tasks/{task_id}": "analyst",
    "GET /api/subscriptions": "admin",
    "POST /api/subscriptions": "admin",
    "GET /api/subscriptions/{subscription_id}": "admin",
    "PATCH /api/subscriptions/{subscription_id}": "admin",
    "DELETE /api/subscriptions/{subscription_id}": "admin",
    "POST /api/subscriptions/{subscription_id}/secrets": "admin",
    "DELETE /api/subscriptions/{subscription_id}/secrets/{secret_id}": "admin",
    "POST /api/subscriptions/{subscription_id}/replay": "admin",
    "GET /api/subscriptions/{subscription_id}/dead-letters": "admin",
    "POST /api/subscriptions/{subscription_id}/dead-letters/resend": "admin",
    "DELETE /api/subscriptions/{subscription_id}/dead-letters/{number}": "admin",
    "GET /api/people": "viewer",
    "GET /api/spend": "manager",
    "GET /api/ingest": "viewer",
    "GET /api/alerts": "viewer",
    "GET /api/exports/cases": "analyst",
    "GET /api/events/stream": "viewer",
    "GET /api/service": "viewer",
    "GET /api/cases": "viewer",
    "GET /api/cases/{case_id}": "viewer",
    "GET /api/cases/{case_id}/history": "viewer",
    "GET /api/accesses": "manager",
    "GET /api/desk-log": "manager",
    "GET /api/assignment": "manager",
    "PUT /api/assignment": "manager",
    "PUT /api/cases/{case_id}/assignment": "analyst",
    "DELETE /api/cases/{case_id}/assignment": "analyst",
    "GET /api/cases/{case_id}/accesses": "manager",
    "GET /api/cases/{case_id}/audit": "viewer",
    "GET /api/cases/{case_id}/export": "viewer",
    "GET /api/cases/{case_id}/regulatory-report": "analyst",
    "GET /api/cases/{case_id}/evidence/{evidence_id}": "viewer",
    "GET /api/cases/{case_id}/alerts/{alert_id}/drawings": "viewer",
    "GET /api/cases/counts": "viewer",
    "GET /api/cases/next": "viewer",
    "POST /api/cases/next": "analyst",
    "POST /api/cases/{case_id}/claim": "analyst",
    "DELETE /api/cases/{case_id}/claim": "analyst",
    "POST /api/cases/{case_id}/claim/take-over": "manager",
    "POST /api/cases/{case_id}/reopen": "manager",
    "PUT /api/cases/{case_id}/snooze": "analyst",
    "DELETE /api/cases/{case_id}/snooze": "analyst",
    "GET /api/cases/{case_id}/notes": "viewer",
    "POST /api/cases/{case_id}/notes": "analyst",
    "GET /api/cases/{case_id}/attachments": "viewer",
    "POST /api/cases/{case_id}/attachments": "analyst",
    "GET /api/cases/{case_id}/attachments/{attachment_id}": "viewer",
    "POST /api/cases/{case_id}/merge": "analyst",
    "POST /api/cases/{case_id}/alerts/{alert_id}/detach": "analyst",
    "DELETE /api/cases/{case_id}/decision": "analyst",
    "DELETE /api/cases/{case_id}/proposal": "analyst",
    "POST /api/cases/{case_id}/preview": "analyst",
    "POST /api/cases/{case_id}/reversals": "analyst",
    # A manager decides; but whoever asked may withdraw the request.
    "POST /api/cases/{case_id}/reversals/{number}/decision": "analyst",
    # To assign needs a manager, which is said for each case.
    "POST /api/cases/bulk": "analyst",
    "POST /api/cases/bulk/preview": "analyst",
    "GET /api/views": "viewer",
    "PUT /api/views/{name:path}": "viewer",
    "DELETE /api/views/{name:path}": "viewer",
    "DELETE /api/shared-views/{owner}/{name:path}": "manager",
    "POST /api/workflow/start": "analyst",
    "POST /api/workflow/decision": "analyst",
    "GET /api/workflow/status/{instance_id}": "viewer",
    "WS /api/workflow/ws/{instance_id}": "viewer",
}
# An event stream that is asked for well never ends.
ASKED_BADLY = {"GET /api/events/stream": "?topics=nonsense"}


def routes() -> list[str]:
    """`METHOD path` of every route, sockets as `WS`."""
    found: list[str] = []
    for route in iter_route_contexts(create_app().routes):
        if isinstance(route.original_route, APIWebSocketRoute):
            found.append(f"WS {route.path}")
        else:
            found += [f"{method} {route.path}" for method in route.methods or ()]
    return sorted(found)


def test_the_table_names_every_route_and_nothing_else() -> None:
    assert routes() == sorted(LEAST_ROLE), "say in LEAST_ROLE who may use a new route"


@pytest.mark.anyio
@pytest.mark.parametrize("route", [route for route in LEAST_ROLE if not route.startswith("WS ")])
async def test_route_answers_permitted_roles_and_refuses_others(wiring: Wiring, route: str) -> None:
    method, template = route.split(" ")
    path = re.sub(r"\{\w+(:path)?\}", "1", template) + ASKED_BADLY.get(route, "")
    least = LEAST_ROLE[route]
    async with answering(wiring, persona=None) as client:
        answer = await client.request(method, path, json={})
        assert (answer.status_code == 401) is (least is not OPEN)
        for persona in PERSONAS:
            answer = await client.request(method, path, json={}, headers=signed_in(persona.subject))
            if least is None or persona.may_act_as(least):
                assert answer.status_code not in (401, 403), (persona.subject, answer.text)
            else:
                assert (answer.status_code, answer.json()["id"]) == (403, "not-allowed"), persona.subject


@pytest.mark.parametrize("route", [route for route in LEAST_ROLE if route.startswith("WS ")])
def test_a_socket_is_for_everybody_who_is_signed_in(backend: RunningBackend, route: str) -> None:
    url = backend.socket_url + re.sub(r"\{\w+\}", "1", route.removeprefix("WS "))
    with pytest.raises(InvalidStatus) as refused:
        connect(url, open_timeout=60)
    assert (refused.value.response.status_code, LEAST_ROLE[route]) == (401, "viewer")
    assert b'"id":"not-signed-in"' in refused.value.response.body
    for persona in PERSONAS:
        with connect(url, open_timeout=60, additional_headers=signed_in(persona.subject)) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=60)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4404
