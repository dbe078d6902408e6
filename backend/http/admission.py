"""Decides before anything of a body is read whether a request is answered: who asks, and what the table allows."""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.auth.access import OF_SCOPES, ROUTES, find_route
from backend.auth.callers import Callers, shown_by
from backend.auth.cookies import Cookies
from backend.auth.credentials import UNATTENDED, Caller, caller_of
from backend.auth.errors import AuthError, NotSignedIn, ScopeMissing, SessionInvalid
from backend.auth.identity import Identity
from backend.auth.oidc.errors import TokenRefused
from backend.auth.sessions import Sessions
from backend.http.problem import Asked, answer
from backend.services.rate_limits import SIGN_INS, RateExceeded, RateLimits, network_of
from casebook.errors import CasebookError, NotAllowed
from contracts.review import Role
from contracts.sessions import SessionRecord

UNLIMITED = frozenset({"GET /healthz", "GET /ready", "GET /metrics"})
"""Asked by what watches this process: a refusal would look like an outage."""
FOLLOWED = frozenset({"GET /api/events/stream", "WS /api/workflow/ws/{instance_id}"})
"""What a page opens by itself, and again whenever it was cut off: no use of a session."""


@dataclass(frozen=True)
class Admitted:
    """A request that is answered."""

    route: str
    """Of the table, `METHOD path`."""
    caller: Caller
    session: SessionRecord | None
    """Null where everybody is answered: nobody looked who it is."""


class Admission:
    """Middleware around all routes. What it lets through has an `Admitted` in its state; the rest is answered here.

    A path that is no route of the table goes on: to a page, or to nothing. A route that is in no table is refused by
    `require_admitted`, which every route depends on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 401, 403 or 429, or pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        route = find_route(scope.get("method", "WS"), scope["path"])
        if route is None:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            admitted = await _admit(connection, route)
        except (AuthError, CasebookError, RateExceeded) as error:
            await answer(connection, error)(scope, receive, send)
            return
        scope.setdefault("state", {})["admitted"] = admitted
        await self._app(scope, receive, send)


def require_admitted(connection: HTTPConnection, route: str) -> Admitted:
    """What let this request through. Raises LookupError where another route was judged than the one that answers."""
    admitted: Admitted | None = getattr(connection.state, "admitted", None)
    if admitted is None or admitted.route != route:
        raise LookupError(f"'{route}' is not in the table of who may ask for what.")
    return admitted


def identity_of(session: SessionRecord) -> Identity:
    """Whose session it is."""
    return Identity(subject=session.subject, name=session.name, roles=session.roles, scopes=session.scopes)


async def _admit(connection: HTTPConnection, route: str) -> Admitted:
    """Raises AuthError, NotAllowed, ScopeMissing, RateExceeded."""
    services = connection.app.state.services
    callers: Callers = services.callers
    cookies: Cookies = services.cookies
    sessions: Sessions = services.sessions
    rates: RateLimits = services.rates
    caller, who = caller_of(connection), ROUTES[route]
    parameters = frozenset(connection.query_params)
    # Known to whoever notes a refusal, here or by the route.
    connection.state.asked = Asked(route, caller)
    if who == "everybody" or (who == "channel" and sessions.channel is not None):
        if route in SIGN_INS:
            rates.sign_in(caller.address)
        elif route not in UNLIMITED:
            rates.request(network_of(caller.address), route, parameters)
        return Admitted(route, caller, None)
    try:
        session = await callers.find(shown_by(connection, cookies), caller)
    except AuthError as error:
        if isinstance(error, NotSignedIn):
            rates.request(network_of(caller.address), route, parameters)
        elif isinstance(error, SessionInvalid | TokenRefused):
            rates.wrong_credentials(caller.address)
        raise
    connection.state.asked = Asked(route, caller, session.subject)
    rates.request(session.subject, route, parameters)
    _check(identity_of(session), route, who)
    if session.kind != "provider_token" and route not in FOLLOWED and UNATTENDED not in connection.headers:
        await sessions.use(session)
    return Admitted(route, caller, session)


def _check(identity: Identity, route: str, who: Role | Literal["channel"]) -> None:
    """Raises NotAllowed, ScopeMissing."""
    if identity.scopes or who == "channel":
        if not any(route in OF_SCOPES[scope] for scope in identity.scopes):
            raise ScopeMissing(scope for scope, routes in OF_SCOPES.items() if route in routes)
    elif not identity.may_act_as(who):
        raise NotAllowed(who)
