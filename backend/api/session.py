"""`/api/session` and `/api/people`: the caller's identity, signing in and out, the list of people."""

from typing import Literal

from fastapi import APIRouter, Depends, Response

from backend.api.dependencies import KnownIdentityDep, ServicesDep, strict_json
from backend.auth.identity import Identity
from backend.auth.sessions import SESSION_COOKIE
from backend.http.problem import documented
from contracts.base import Contract, UtcDateTime

router = APIRouter(prefix="/api/session", tags=["session"])
people = APIRouter(prefix="/api/people", tags=["session"])


class SessionInfo(Contract):
    """Who is asking, and as whom one can sign in."""

    identity: Identity | None
    """Null while nobody is signed in."""
    auth_mode: Literal["local"]
    personas: tuple[Identity, ...]


class SignIn(Contract):
    """The persona that one wants to be."""

    persona: str
    """Its `subject`."""


class SessionToken(Contract):
    """What to send as `Authorization: Bearer …`."""

    token: str
    expires_at: UtcDateTime


@router.get("", operation_id="get_session", summary="Who is signed in")
async def get_session(services: ServicesDep, identity: KnownIdentityDep) -> SessionInfo:
    """Who is signed in, and the personas to choose from. Answers everybody."""
    return _info(services, identity)


@router.post(
    "",
    operation_id="sign_in",
    summary="Sign in",
    responses=documented(413, 415, 422),
    dependencies=[Depends(strict_json(SignIn))],
)
async def sign_in(order: SignIn, services: ServicesDep, response: Response) -> SessionInfo:
    """Become one of the personas: sets a cookie that scripts cannot read and other sites cannot use."""
    session = services.authenticator.sign_in(order.persona)
    response.set_cookie(
        SESSION_COOKIE, session.token, expires=session.expires_at, path="/", httponly=True, samesite="strict"
    )
    return _info(services, session.identity)


@router.delete("", operation_id="sign_out", summary="Sign out", status_code=204)
async def sign_out(response: Response) -> None:
    """Make the browser forget its session. Answers everybody."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")


@router.post(
    "/token",
    operation_id="issue_token",
    summary="Get a bearer token",
    responses=documented(413, 415, 422),
    dependencies=[Depends(strict_json(SignIn))],
)
async def issue_token(order: SignIn, services: ServicesDep) -> SessionToken:
    """A session for a program, which sends it as `Authorization: Bearer …`."""
    session = services.authenticator.sign_in(order.persona)
    return SessionToken(token=session.token, expires_at=session.expires_at)


@people.get("", operation_id="list_people", summary="Who works here")
async def list_people(services: ServicesDep) -> tuple[Identity, ...]:
    """Everybody who may show up as the author of something, for showing names in place of subjects."""
    return services.authenticator.personas


def _info(services: ServicesDep, identity: Identity | None) -> SessionInfo:
    return SessionInfo(
        identity=identity, auth_mode=services.public_config.auth_mode, personas=services.authenticator.personas
    )
