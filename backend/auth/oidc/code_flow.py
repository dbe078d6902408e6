"""The authorization code flow with PKCE, done by Authlib: RFC 6749, RFC 7636, OpenID Connect Core 1.0."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import urlencode

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from backend.auth.oidc.assertions import ASSERTION_TYPE, ClientAssertion
from backend.auth.oidc.attempts import Attempt
from backend.auth.oidc.errors import ProviderUnavailable, SignInDeclined
from backend.auth.oidc.provider import Provider
from backend.auth.oidc.requests import TIMEOUT_S


class _OAuth2Client(Protocol):
    """The part of Authlib's client, which has no types, that is used here."""

    def create_authorization_url(self, url: str, state: str, code_verifier: str, **more: str) -> tuple[str, str]: ...

    def register_compliance_hook(self, hook_type: str, hook: Callable[[httpx2.Response], httpx2.Response]) -> None: ...

    async def fetch_token(self, url: str, *, grant_type: str, **form: str) -> Mapping[str, object]: ...

    async def revoke_token(self, url: str, token: str, token_type_hint: str, body: str) -> httpx2.Response: ...


@dataclass(frozen=True)
class Tokens:
    """What the provider gave for a code, or for a refresh token."""

    identity: str = field(repr=False)
    """An ID token."""
    refresh: str | None = field(repr=False)


class CodeFlow:
    """Sends browsers to the provider, and redeems what they come back with."""

    def __init__(
        self,
        provider: Provider,
        client: AsyncOAuth2Client,
        scope: str,
        assertion: ClientAssertion | None = None,
    ) -> None:
        self._provider = provider
        self._client = cast("_OAuth2Client", client)
        self._client_id = cast("str", client.client_id)
        self._redirect_uri = cast("str", client.redirect_uri)
        self._scope = scope
        self._assertion = assertion
        self._client.register_compliance_hook("access_token_response", _checked)

    async def authorization_url(self, attempt: Attempt, *, anew: bool = False) -> str:
        """Where the browser goes. `anew`: the provider asks who it is even if it knows. Raises ProviderUnavailable."""
        metadata = await self._provider.metadata()
        more = {"prompt": "login"} if anew else {}
        address, _ = self._client.create_authorization_url(
            metadata.authorization_endpoint,
            attempt.state,
            attempt.code_verifier,
            scope=self._scope,
            nonce=attempt.nonce,
            **more,
        )
        return address

    async def end_session_url(self, return_to: str) -> str | None:
        """Where the browser signs out of the provider, too; None: it has no such place. Raises ProviderUnavailable."""
        address = (await self._provider.metadata()).end_session_endpoint
        if address is None:
            return None
        query = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": return_to})
        return f"{address}{'&' if '?' in address else '?'}{query}"

    async def redeem(self, code: str, attempt: Attempt) -> Tokens:
        """The tokens for a code. Raises SignInDeclined, ProviderUnavailable."""
        return await self._ask(
            "authorization_code", code=code, redirect_uri=self._redirect_uri, code_verifier=attempt.code_verifier
        )

    async def refresh(self, refresh_token: str) -> Tokens:
        """What the provider says now of whom it signed in. Raises SignInDeclined: nothing; ProviderUnavailable."""
        return await self._ask("refresh_token", refresh_token=refresh_token)

    async def revoke(self, refresh_token: str) -> None:
        """Have the provider forget a token (RFC 7009), if it has a place for that. Raises ProviderUnavailable."""
        metadata = await self._provider.metadata()
        if metadata.revocation_endpoint is None:
            return
        try:
            async with asyncio.timeout(TIMEOUT_S):
                proof = urlencode(await self._proof(metadata.token_endpoint))
                answer = await self._client.revoke_token(
                    metadata.revocation_endpoint, refresh_token, "refresh_token", proof
                )
        except TimeoutError:
            raise ProviderUnavailable(f"it did not answer within {TIMEOUT_S:.0f} seconds") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderUnavailable(f"it could not be asked: {type(error).__name__}") from None
        if answer.status_code != 200:
            raise ProviderUnavailable(f"it answered {answer.status_code}")

    async def _proof(self, token_endpoint: str) -> dict[str, str]:
        """What says which client asks, besides its id."""
        if self._assertion is None:
            return {}
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": await self._assertion(token_endpoint)}

    async def _ask(self, grant_type: str, **form: str) -> Tokens:
        endpoint = (await self._provider.metadata()).token_endpoint
        try:
            async with asyncio.timeout(TIMEOUT_S):
                form |= await self._proof(endpoint)
                answer = await self._client.fetch_token(endpoint, grant_type=grant_type, **form)
        except TimeoutError:
            raise ProviderUnavailable(f"it did not answer within {TIMEOUT_S:.0f} seconds") from None
        except AuthlibBaseError as error:
            raise SignInDeclined(shown_code(str(error.error))) from None
        except (httpx2.HTTPError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise ProviderUnavailable(f"its answer could not be read: {type(error).__name__}") from None
        identity, refresh = answer.get("id_token"), answer.get("refresh_token")
        if not isinstance(identity, str):
            raise SignInDeclined(NO_ID_TOKEN)
        return Tokens(identity, refresh if isinstance(refresh, str) else form.get("refresh_token"))


NO_ID_TOKEN = "no_id_token"  # noqa: S105 - it says that there is none
_CODE = re.compile(r"[a-z_]{1,60}", re.ASCII)


def shown_code(code: str | None) -> str:
    """A code of the protocol, or words in place of what is none."""
    return code if code is not None and _CODE.fullmatch(code) else "without a reason"


def _checked(response: httpx2.Response) -> httpx2.Response:
    """An answer that is good, or names an error of the protocol. Raises ProviderUnavailable for any other."""
    if response.status_code == 200:
        return response
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(cast("dict[str, object]", answer).get("error"), str):
        raise ProviderUnavailable(f"it answered {response.status_code}")
    return response
