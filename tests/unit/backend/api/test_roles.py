"""Who may ask for what: one table with every route of the application in it."""

import re

import pytest
from fastapi.routing import APIWebSocketRoute, iter_route_contexts
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from backend.app import create_app
from backend.auth.access import OF_SCOPES, ROUTES
from backend.auth.personas import PERSONAS
from backend.wiring import Wiring
from tests.unit.backend.support import SERVICES, RunningBackend, answering, signed_in

ANSWERED_UNKNOWN = ("everybody", "channel")
"""Who is answered without a session."""
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
    assert routes() == sorted(ROUTES), "say in backend/auth/access.py who may use a new route"


@pytest.mark.anyio
@pytest.mark.parametrize("route", [route for route in ROUTES if not route.startswith("WS ")])
async def test_route_answers_permitted_roles_and_refuses_others(wiring: Wiring, route: str) -> None:
    method, template = route.split(" ")
    path = re.sub(r"\{\w+(:path)?\}", "1", template) + ASKED_BADLY.get(route, "")
    who = ROUTES[route]
    async with answering(wiring, persona=None) as client:
        answer = await client.request(method, path, json={})
        assert (answer.status_code == 401) is (who not in ANSWERED_UNKNOWN)
        for persona in PERSONAS:
            answer = await client.request(method, path, json={}, headers=signed_in(persona.subject))
            if who == "everybody" or who == "channel" or persona.may_act_as(who):
                assert answer.status_code not in (401, 403), (persona.subject, answer.text)
            else:
                assert (answer.status_code, answer.json()["id"]) == (403, "not-allowed"), persona.subject
        for service in SERVICES:
            answer = await client.request(method, path, json={}, headers=signed_in(service.subject))
            if who in ANSWERED_UNKNOWN or route in OF_SCOPES[service.scopes[0]]:
                assert answer.status_code not in (401, 403), (service.subject, answer.text)
            else:
                assert (answer.status_code, answer.json()["id"]) == (403, "scope-missing"), service.subject


def test_scopes_open_what_they_say_and_never_decide() -> None:
    of_scopes = {route for routes in OF_SCOPES.values() for route in routes}
    assert of_scopes <= ROUTES.keys()
    changing = {route for route in of_scopes if not route.startswith(("GET ", "WS ")) and ROUTES[route] != "channel"}
    assert changing == {"POST /api/workflow/start"}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("WS ")])
def test_a_socket_is_for_everybody_who_is_signed_in(backend: RunningBackend, route: str) -> None:
    url = backend.socket_url + re.sub(r"\{\w+\}", "1", route.removeprefix("WS "))
    with pytest.raises(InvalidStatus) as refused:
        connect(url, open_timeout=60)
    assert (refused.value.response.status_code, ROUTES[route]) == (401, "viewer")
    assert b'"id":"not-signed-in"' in refused.value.response.body
    for persona in PERSONAS:
        with connect(url, open_timeout=60, additional_headers=signed_in(persona.subject)) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=60)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4404
