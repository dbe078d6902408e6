"""`/api/session`, `/api/sessions`, `/api/people`: who is asking, signing in and out, open sessions, who works here."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from backend.api.dependencies import (
    CallerDep,
    CurrentIdentity,
    KnownSessionDep,
    ServicesDep,
    SessionDep,
    strict_json,
)
from backend.auth.errors import SessionNotFound, WrongSignIn
from backend.auth.identity import Identity
from backend.http.admission import identity_of
from backend.http.problem import documented
from casebook.errors import NotAllowed
from contracts.base import Contract, UtcDateTime
from contracts.sessions import AuthMode, SessionId, SessionList

router = APIRouter(prefix="/api/session", tags=["session"])
listed = APIRouter(prefix="/api/sessions", tags=["session"])
people = APIRouter(prefix="/api/people", tags=["session"])

Whose = Annotated[Literal["mine", "all"], Query(description="`all`: those of everybody, for admins")]


class SessionInfo(Contract):
    """Who is asking, and as whom one can sign in."""

    identity: Identity | None
    """Null while nobody is signed in."""
    auth_mode: AuthMode
    personas: tuple[Identity, ...]
    """Empty where people sign in at a provider: `GET /api/session/sign-in`."""


class SignedOut(Contract):
    """The session is over."""

    continue_at: str | None
    """Where to go so that the session at the sign-in provider ends, too; null: there is none."""


class SignInOrder(Contract):
    """The persona that one wants to be."""

    persona: str
    """Its `subject`."""


class SessionToken(Contract):
    """What to send as `Authorization: Bearer …`."""

    token: str
    session_id: SessionId
    """What ends it: `DELETE /api/sessions/{session_id}`."""
    expires_at: UtcDateTime


@router.get("", operation_id="get_session", summary="Who is signed in")
async def get_session(services: ServicesDep, session: KnownSessionDep) -> SessionInfo:
    """Who is signed in, and the personas to choose from. Answers everybody."""
    return _info(services, None if session is None else identity_of(session))


@router.post(
    "",
    operation_id="sign_in",
    summary="Sign in",
    responses=documented(409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(SignInOrder))],
)
async def sign_in(
    order: SignInOrder, services: ServicesDep, caller: CallerDep, before: KnownSessionDep, response: Response
) -> SessionInfo:
    """Become one of the personas: sets a cookie that scripts cannot read and other sites cannot use.

    The session that the same browser had before is over.
    """
    _need_personas(services)
    replaces = before.session_id if before is not None and before.kind == "browser" else None
    issued = await services.sessions.sign_in(order.persona, "browser", caller, replaces)
    services.security.count("signed_in")
    services.cookies.set_session(response, issued.secret, issued.record.ends_at)
    return _info(services, identity_of(issued.record))


@router.delete("", operation_id="sign_out", summary="Sign out", responses=documented(503))
async def sign_out(
    request: Request, services: ServicesDep, caller: CallerDep, session: KnownSessionDep, response: Response
) -> SignedOut:
    """End the session, here and on every replica, and make the browser forget it. Answers everybody."""
    provider, secret = services.provider_sign_in, services.cookies.session_secret(request)
    if session is not None:
        sealed_token = await services.sessions.sign_out(session.session_id, caller)
        services.security.count("session_ended")
        if provider is not None:
            provider.forget(sealed_token, secret, session.session_id)
    services.cookies.delete_session(response)
    # A browser whose session is over is signed in at the provider all the same.
    is_theirs = secret is not None if session is None else session.kind == "browser"
    return SignedOut(continue_at=await provider.end_session_url() if provider is not None and is_theirs else None)


@router.post(
    "/token",
    operation_id="issue_token",
    summary="Get a bearer token",
    responses=documented(409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(SignInOrder))],
)
async def issue_token(order: SignInOrder, services: ServicesDep, caller: CallerDep) -> SessionToken:
    """A session for a program, which sends it as `Authorization: Bearer …`. It is shown this once."""
    _need_personas(services)
    issued = await services.sessions.sign_in(order.persona, "program", caller)
    services.security.count("token_issued")
    return SessionToken(token=issued.secret, session_id=issued.record.session_id, expires_at=issued.record.ends_at)


@listed.get("", operation_id="list_sessions", summary="Open sessions", responses=documented(403, 422, 503))
async def list_sessions(
    services: ServicesDep, session: SessionDep, identity: CurrentIdentity, whose: Whose = "mine"
) -> SessionList:
    """One's own open sessions, the newest first; for admins those of everybody. At most 500."""
    if whose == "all" and not identity.may_act_as("admin"):
        raise NotAllowed("admin")
    items, total = await services.session_record.list_open(identity.subject if whose == "mine" else None)
    return SessionList(items=items, total=total, current=session.session_id)


@listed.delete(
    "/{session_id}",
    operation_id="end_session",
    summary="End a session",
    status_code=204,
    responses=documented(404, 422, 503),
)
async def end_session(
    session_id: Annotated[SessionId, Path()], services: ServicesDep, identity: CurrentIdentity, caller: CallerDep
) -> None:
    """End one of one's own sessions; admins end anybody's. Its streams and sockets end within seconds."""
    found = await services.session_record.find_open(session_id)
    is_own = found is not None and found.subject == identity.subject
    if found is None or not (is_own or identity.may_act_as("admin")):
        # Whether somebody else has one is nobody's business.
        raise SessionNotFound
    by = None if is_own else identity.subject
    await services.sessions.end(session_id, "ended_by_holder" if is_own else "ended_by_admin", caller, by)
    services.security.count("session_ended")


@people.get("", operation_id="list_people", summary="Who works here", responses=documented(503))
async def list_people(services: ServicesDep) -> tuple[Identity, ...]:
    """Everybody who may show up as the author of something, for showing names in place of subjects."""
    return await services.people.list()


def _need_personas(services: ServicesDep) -> None:
    if services.provider_sign_in is not None:
        raise WrongSignIn(at_provider=True)


def _info(services: ServicesDep, identity: Identity | None) -> SessionInfo:
    return SessionInfo(identity=identity, auth_mode=services.public_config.auth_mode, personas=services.sessions.people)
