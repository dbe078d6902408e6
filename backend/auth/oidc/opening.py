"""Puts the sign-in at a provider together."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client

from backend.auth.oidc.code_flow import CodeFlow
from backend.auth.oidc.options import OidcOptions
from backend.auth.oidc.provider import Provider
from backend.auth.oidc.requests import TIMEOUT_S, BoundedTransport
from backend.auth.oidc.sign_in import ProviderSignIn
from backend.auth.oidc.tokens import Verifier
from backend.auth.sessions import Sessions
from casebook.async_api import AsyncSessions

OpenProvider = Callable[[Sessions, AsyncSessions, Callable[[], datetime]], ProviderSignIn]
"""Makes the sign-in at the provider for the parts of one backend."""


def assemble(
    options: OidcOptions,
    client: httpx2.AsyncClient,
    flow_client: AsyncOAuth2Client,
    sessions: Sessions,
    record: AsyncSessions,
    now: Callable[[], datetime],
) -> ProviderSignIn:
    """The sign-in at a provider, whose documents `client` fetches, and which `flow_client` asks for tokens."""
    provider = Provider(options.issuer, client, now)
    flow = CodeFlow(provider, flow_client, options.scope, options.assertion)
    verifier = Verifier(provider, options.client_id, options.audiences, now)
    return ProviderSignIn(options, provider, flow, verifier, sessions, record)


def make_clients(
    options: OidcOptions, transport: httpx2.AsyncBaseTransport
) -> tuple[httpx2.AsyncClient, AsyncOAuth2Client]:
    """What fetches documents and tokens, both over one bounded transport."""
    bounded = BoundedTransport(transport)
    client = httpx2.AsyncClient(transport=bounded, timeout=TIMEOUT_S, follow_redirects=False)
    flow_client = AsyncOAuth2Client(
        client_id=options.client_id,
        redirect_uri=options.redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method="none",  # noqa: S106 - that is its name
        transport=bounded,
        timeout=TIMEOUT_S,
    )
    return client, flow_client


@asynccontextmanager
async def open_provider(options: OidcOptions) -> AsyncGenerator[OpenProvider]:
    """What signs people in at the provider; it is asked first when somebody signs in."""
    client, flow_client = make_clients(options, httpx2.AsyncHTTPTransport())
    # Closing it closes the transport of both.
    async with client:
        yield partial(assemble, options, client, flow_client)
