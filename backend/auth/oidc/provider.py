"""What a provider says of itself: its addresses and its keys, fetched when needed and again when they are old.

OpenID Connect Discovery 1.0; JSON Web Key Set, RFC 7517.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from backend.auth.oidc.errors import ProviderUnavailable, TokenRefused
from backend.auth.oidc.requests import TIMEOUT_S
from contracts.addresses import is_loopback

log = logging.getLogger("casewright.sign_in")

FRESH_FOR = timedelta(hours=1)
"""How long keys and addresses are used before they are fetched again: so long a key lives that was withdrawn."""
USABLE_FOR = timedelta(hours=24)
"""How long they are used when the provider does not answer meanwhile."""
APART = timedelta(seconds=30)
FAILED_APART = timedelta(seconds=5)
"""Between two fetches, whatever key ids tokens name: a stranger cannot make this process fetch. The second: after one
that failed, whose failure is told to whoever asks meanwhile."""
MAX_KEYS = 100

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=BaseModel)
AsymmetricKey = RSAKey | ECKey


class ProviderMetadata(BaseModel):
    """The part of the discovery document that is used here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    revocation_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False

    def endpoints(self) -> tuple[str, ...]:
        """All addresses that are asked, or that a browser is sent to."""
        optional = (self.end_session_endpoint, self.revocation_endpoint)
        return (self.authorization_endpoint, self.token_endpoint, self.jwks_uri, *filter(None, optional))


class _KeySet(BaseModel):
    keys: list[dict[str, JsonValue]]


class _Kept(Generic[T]):
    """What was fetched last. One fetch at a time serves whoever waits, and its failure is theirs, too."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], now: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._now = now
        self._value: tuple[T, datetime] | None = None
        self._tried_at: datetime | None = None
        self._failure: ProviderUnavailable | None = None
        self._running: asyncio.Task[None] | None = None

    async def get(self, *, newer_than: datetime | None = None) -> T:
        """The value. One that is old is fetched again meanwhile; one that is not newer than this, before.

        Raises ProviderUnavailable where there is none, or none for a day; nobody waits longer than for one fetch.
        """
        now, value = self._now(), self._usable()
        is_old = value is None or now - value[1] >= FRESH_FOR
        must_wait = value is None or (newer_than is not None and value[1] <= newer_than)
        if (is_old or must_wait) and self._may_try(now):
            self._running = self._running or asyncio.create_task(self._renew(now))
        if must_wait and self._running is not None:
            # Whoever else waits for it goes on waiting when this request is broken off.
            await asyncio.shield(self._running)
            value = self._usable()
        if value is None:
            raise self._failure or ProviderUnavailable("it has not answered yet")
        return value[0]

    def _usable(self) -> tuple[T, datetime] | None:
        value = self._value
        return None if value is None or self._now() - value[1] >= USABLE_FOR else value

    def _may_try(self, now: datetime) -> bool:
        if self._running is not None or self._tried_at is None:
            return True
        return now - self._tried_at >= (APART if self._failure is None else FAILED_APART)

    async def _renew(self, now: datetime) -> None:
        self._tried_at = now
        try:
            self._value = (await self._fetch(), now)
            self._failure = None
        except ProviderUnavailable as error:
            self._failure = error
            log.warning("%s", error)
        finally:
            self._running = None


@dataclass(frozen=True)
class _NamedKey:
    kid: str | None
    key: AsymmetricKey


class Provider:
    """One OpenID provider, as its discovery document describes it."""

    def __init__(self, issuer: str, client: httpx2.AsyncClient, now: Callable[[], datetime]) -> None:
        self.issuer = issuer
        self._client = client
        self._now = now
        self._metadata = _Kept(self._fetch_metadata, now)
        self._keys = _Kept(self._fetch_keys, now)

    async def metadata(self) -> ProviderMetadata:
        """Its addresses. Raises ProviderUnavailable."""
        return await self._metadata.get()

    async def key(self, kid: str | None) -> AsymmetricKey:
        """The public key of this id; of None, the only one that there is. Raises TokenRefused, ProviderUnavailable."""
        found = _find(await self._keys.get(), kid)
        if found is None:
            # It may have new ones.
            found = _find(await self._keys.get(newer_than=self._now() - APART), kid)
        if found is None:
            raise TokenRefused("it is signed with a key that the provider does not publish")
        return found

    async def _fetch_metadata(self) -> ProviderMetadata:
        document = await self._read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", ProviderMetadata)
        if document.issuer != self.issuer:
            raise ProviderUnavailable("its discovery document names another issuer")
        for address in document.endpoints():
            # Of a provider on this machine, so may its addresses be.
            is_near = is_loopback(self.issuer) and is_loopback(address) and address.startswith("http://")
            if not (address.startswith("https://") or is_near):
                raise ProviderUnavailable("its discovery document names an address without https://")
        return document

    async def _fetch_keys(self) -> tuple[_NamedKey, ...]:
        document = await self._read((await self.metadata()).jwks_uri, _KeySet)
        if len(document.keys) > MAX_KEYS:
            raise ProviderUnavailable(f"it publishes more than {MAX_KEYS} keys")
        found = tuple(key for key in map(_key_in, document.keys) if key is not None)
        if not found:
            raise ProviderUnavailable("it publishes no key that can be used")
        return found

    async def _read(self, address: str, kind: type[ModelT]) -> ModelT:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                response = await self._client.get(address)
                return kind.model_validate_json(response.raise_for_status().content)
        except TimeoutError:
            raise ProviderUnavailable(f"it did not answer within {TIMEOUT_S:.0f} seconds") from None
        except httpx2.HTTPStatusError as error:
            raise ProviderUnavailable(f"it answered {error.response.status_code}") from None
        except httpx2.HTTPError as error:
            raise ProviderUnavailable(f"its answer could not be read: {type(error).__name__}") from None
        except ValidationError:
            raise ProviderUnavailable("its answer is not what the protocol says") from None


def _find(keys: tuple[_NamedKey, ...], kid: str | None) -> AsymmetricKey | None:
    if kid is None:
        return keys[0].key if len(keys) == 1 else None
    return next((each.key for each in keys if each.kid == kid), None)


def _key_in(published: dict[str, JsonValue]) -> _NamedKey | None:
    """The key; None of one that signs nothing, is secret, or is of a kind that is not known here."""
    kinds: dict[str, type[AsymmetricKey]] = {"RSA": RSAKey, "EC": ECKey}
    kind, kid = published.get("kty"), published.get("kid")
    if not isinstance(kind, str) or kind not in kinds or published.get("use", "sig") != "sig":
        return None
    if not (kid is None or isinstance(kid, str)):
        return None
    public: dict[str, str | list[str]] = {name: value for name, value in published.items() if isinstance(value, str)}
    try:
        key: Key = kinds[kind].import_key(public)
    except (JoseError, ValueError, KeyError, TypeError):
        # Of a curve that is not known here, for example.
        return None
    assert isinstance(key, RSAKey | ECKey)
    return None if key.is_private else _NamedKey(kid, key)
