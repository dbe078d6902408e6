"""Masks personal data in every answer about cases and customers, unless whoever may reveal it asks for it."""

from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.auth.access import path_values
from backend.auth.personal_data import MAY_REVEAL, MAY_SET, REVEALING, is_masked
from backend.http.admission import Admitted, identity_of
from backend.http.problem import answer
from backend.services.access_recorder import AccessRecorder
from backend.services.masking import Masking
from backend.services.security_recorder import SecurityRecorder
from casebook.errors import CasebookError, NotAllowed

PARAMETER = "personal_data"
SHOWN = "shown"
_CASE = ("case_id", "instance_id")
"""What a case is called in a path."""


class PersonalData:
    """Middleware around all routes, within Admission. What it does not know how to mask is not answered.

    What is revealed is on record before its first byte; where it cannot be, the answer is 503.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer masked, or, where that was asked for and is allowed, as it is; 403 where it is not."""
        admitted: Admitted | None = scope.get("state", {}).get("admitted")
        if scope["type"] != "http" or admitted is None:
            await self._app(scope, receive, send)
            return
        who = None if admitted.session is None else identity_of(admitted.session)
        if not is_masked(admitted.route, may_set=who is not None and who.may_act_as(MAY_SET)):
            await self._app(scope, receive, send)
            return
        asked = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get(PARAMETER)
        reveals = asked == [SHOWN] and admitted.route in REVEALING
        if reveals and (who is None or not who.may_act_as(MAY_REVEAL)):
            await answer(HTTPConnection(scope), NotAllowed(MAY_REVEAL))(scope, receive, send)
            return
        await self._app(scope, receive, _Masked(scope, receive, send, admitted, reveals=reveals).send)


class _Masked:
    """Keeps an answer until all of it is there, and then sends what may be shown of it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, admitted: Admitted, *, reveals: bool) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._admitted = admitted
        self._reveals = reveals
        self._start: Message = {}
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """What the application sends. Raises LookupError where it is no JSON."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        try:
            body = await self._shown()
        except CasebookError as error:
            await answer(HTTPConnection(self._scope), error)(self._scope, self._receive, self._send)
            return
        if body is not None:
            MutableHeaders(scope=self._start)["content-length"] = str(len(body))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body or b""})

    async def _shown(self) -> bytes | None:
        """What may be shown of the answer; None where it has no body. Raises CasebookUnavailable."""
        given = bytes(self._body)
        masking: Masking = self._scope["app"].state.services.masking
        if not given:
            return None
        kind = MutableHeaders(scope=self._start).get("content-type", "").partition(";")[0]
        if kind not in ("application/json", "application/problem+json"):
            raise LookupError(f"'{self._admitted.route}' answers '{kind}', which cannot be masked.")
        values = path_values(self._admitted.route, self._scope["path"])
        case_id = next((values[name] for name in _CASE if name in values), None)
        if self._start["status"] >= 400:
            return await masking.refusal(given)
        if not self._reveals:
            return await masking.answer(given, case_id)
        target = next((value for name, value in values.items() if name not in _CASE), None)
        await self._record(case_id, target)
        return given

    async def _record(self, case_id: str | None, target: str | None) -> None:
        """Raises CasebookUnavailable."""
        services, session = self._scope["app"].state.services, self._admitted.session
        assert session is not None, "whoever may reveal is signed in"
        accesses: AccessRecorder = services.accesses
        security: SecurityRecorder = services.security
        what = "/".join(part for part in (case_id, target) if part is not None)
        await security.revealed(session.subject, self._admitted.caller.address, what)
        await accesses.revealed(session.subject, case_id, target)
