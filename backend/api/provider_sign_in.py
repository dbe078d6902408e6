"""`/api/session/sign-in`, `/callback`, `/provider-logout`: signing in and out at the OpenID provider."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.api.dependencies import CallerDep, ServicesDep
from backend.auth.errors import AuthError, WrongSignIn
from backend.auth.oidc.attempts import HOME, resume_attempt
from backend.auth.oidc.errors import LogoutRefused
from backend.auth.oidc.sign_in import ProviderAnswer, ProviderSignIn
from backend.auth.oidc.tokens import MAX_TOKEN
from backend.http.problem import answer, documented
from backend.http.security_headers import PRINTED_POLICY
from backend.http.sign_in_html import sign_in_failed_html
from casebook.errors import CasebookError

router = APIRouter(prefix="/api/session", tags=["session"])

ANEW = "/api/session/sign-in?anew=true"
_PAGE: dict[str, Any] = {
    "content": {"text/html": {}},
    "description": "The sign-in did not work; the page says why in one sentence",
}


def _provider_of(services: ServicesDep) -> ProviderSignIn:
    if services.provider_sign_in is None:
        raise WrongSignIn(at_provider=False)
    return services.provider_sign_in


@router.get(
    "/sign-in",
    operation_id="begin_sign_in",
    summary="Sign in at the provider",
    status_code=303,
    response_class=RedirectResponse,
    responses=documented(409, 422, 503),
)
async def begin_sign_in(
    request: Request,
    services: ServicesDep,
    return_to: Annotated[str, Query(description="The path of this desk to come back to")] = HOME,
    anew: Annotated[
        bool, Query(description="Ask who it is even if the provider knows: it may be somebody else")
    ] = False,
) -> Response:
    """Send the browser to the provider. It comes back to `/api/session/callback`."""
    provider = _provider_of(services)
    if request.headers.get("sec-fetch-site") == "cross-site":
        # Nobody is signed in because a page of another site wants it; the desk offers to.
        return RedirectResponse(HOME, 303)
    before = services.cookies.session_secret(request)
    address, attempt = await provider.begin(return_to, before, anew=anew)
    response = RedirectResponse(address, 303)
    services.cookies.set_attempt(response, attempt, request)
    return response


@router.get(
    "/callback",
    operation_id="finish_sign_in",
    summary="Come back from the provider",
    status_code=303,
    response_class=RedirectResponse,
    responses={**documented(409, 422), **dict.fromkeys((400, 401, 403, 503), _PAGE)},
)
async def finish_sign_in(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    state: str = "",
    code: str | None = None,
    error: str | None = None,
    iss: str | None = None,
) -> Response:
    """The provider sends the browser here. It gets a session, and goes on to where it was."""
    provider = _provider_of(services)
    attempt = resume_attempt(services.cookies.attempt_of(request, state), state)
    return_to = HOME if attempt is None else attempt.return_to
    try:
        issued = await provider.finish(ProviderAnswer(code, error, iss), attempt, caller)
    except (AuthError, CasebookError) as fault:
        # It is noted like any other refusal; but a person reads it.
        noted = answer(request, fault)
        sentence = fault.public if isinstance(fault, CasebookError) else str(fault)
        again = f"{ANEW}&return_to={quote(return_to)}"
        headers = {name: value for name, value in noted.headers.items() if name == "retry-after"}
        headers["Content-Security-Policy"] = PRINTED_POLICY
        page = HTMLResponse(sign_in_failed_html(sentence, again), noted.status_code, headers)
        services.cookies.delete_attempt(page, state)
        return page
    services.security.count("signed_in")
    response = RedirectResponse(return_to, 303)
    services.cookies.delete_attempt(response, state)
    services.cookies.set_session(response, issued.secret, issued.record.ends_at)
    return response


@router.post(
    "/provider-logout",
    operation_id="provider_logout",
    summary="The provider ends sessions",
    status_code=204,
    responses=documented(400, 409, 413, 422, 503),
)
async def provider_logout(
    services: ServicesDep, caller: CallerDep, logout_token: Annotated[str, Form(max_length=MAX_TOKEN)]
) -> None:
    """OpenID Connect Back-Channel Logout 1.0: whoever signed out at the provider is signed out here."""
    try:
        ended = await _provider_of(services).log_out(logout_token, caller)
    except LogoutRefused:
        # The provider's come from one address, all of them: only what is not its word costs that address anything.
        services.rates.wrong_credentials(caller.address)
        raise
    for _ in range(ended):
        services.security.count("session_ended")
