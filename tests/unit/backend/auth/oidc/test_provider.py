"""What a provider publishes: fetched when needed, bounded, and renewed."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import repeat

import anyio
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from backend.auth.oidc.errors import ProviderUnavailable, TokenRefused
from backend.auth.oidc.provider import APART, FAILED_APART, FRESH_FOR, MAX_KEYS, USABLE_FOR, Provider
from backend.auth.oidc.requests import MAX_BYTES
from tests.unit.backend.auth.oidc.conftest import Clock
from tests.unit.backend.auth.oidc.publisher import Publisher

pytestmark = pytest.mark.anyio

SECOND = ECKey.generate_key("P-256", {"kid": "second"})
DISCOVERY = "/.well-known/openid-configuration"


async def until(holds: Callable[[], bool]) -> None:
    """What goes on beside the test has come so far."""
    with anyio.fail_after(60):
        while not holds():  # noqa: ASYNC110 - what it waits for happens in a thread
            await anyio.sleep(0.01)


async def test_documents_are_fetched_once_an_hour(provider: Provider, publisher: Publisher, clock: Clock) -> None:
    for _ in range(3):
        await provider.key("first")
    assert publisher.asked == [DISCOVERY, "/keys"]
    clock.now += FRESH_FOR
    # Nobody waits for what is only old.
    await provider.key("first")
    await until(lambda: sorted(publisher.asked) == [DISCOVERY, DISCOVERY, "/keys", "/keys"])


async def test_new_key_is_found_and_old_one_forgotten(provider: Provider, publisher: Publisher, clock: Clock) -> None:
    await provider.key("first")
    publisher.publish(SECOND)
    clock.now += APART
    assert (await provider.key("second")).kid == "second"
    with pytest.raises(TokenRefused, match="does not publish"):
        await provider.key("first")


async def test_unknown_keys_make_few_requests(provider: Provider, publisher: Publisher, clock: Clock) -> None:
    for moment in range(100):
        with pytest.raises(TokenRefused, match="does not publish"):
            await provider.key(f"invented-{moment}")
        clock.now += timedelta(seconds=1)
    assert publisher.asked.count("/keys") == 1 + 100 // APART.seconds


async def test_key_without_id_counts_where_it_is_alone(provider: Provider, publisher: Publisher, key: RSAKey) -> None:
    assert (await provider.key(None)).kid == "first"
    publisher.publish(key, SECOND)


async def test_key_without_id_is_none_of_several(provider: Provider, publisher: Publisher, key: RSAKey) -> None:
    publisher.publish(key, SECOND)
    with pytest.raises(TokenRefused, match="does not publish"):
        await provider.key(None)


async def test_provider_that_is_away_leaves_its_keys(provider: Provider, publisher: Publisher, clock: Clock) -> None:
    await provider.key("first")
    publisher.pages.clear()
    clock.now += FRESH_FOR
    assert (await provider.key("first")).kid == "first"
    await until(lambda: publisher.asked.count(DISCOVERY) == 2)
    clock.now += USABLE_FOR
    # Not once: what is too old is used by nobody.
    for _ in range(3):
        with pytest.raises(ProviderUnavailable, match="it answered 404"):
            await provider.key("first")


async def test_keys_that_sign_nothing_are_none(provider: Provider, publisher: Publisher) -> None:
    secret = OctKey.generate_key(256, {"kid": "shared"}).as_dict(private=True)
    private = ECKey.generate_key("P-256", {"kid": "leaked"}).as_dict(private=True)
    strange = [
        {"kty": "EC", "crv": "brainpoolP256r1", "x": "AA", "y": "AA"},
        {"kty": "EC"},
        {"kty": "future", "kid": "x"},
        {"kid": "y"},
        {"kty": "RSA", "kid": "z", "n": "!", "e": "AQAB"},
    ]
    encrypting = {**SECOND.as_dict(private=False), "use": "enc"}
    publisher.publish(more=[secret, private, encrypting, *strange])
    with pytest.raises(ProviderUnavailable, match="it publishes no key that can be used"):
        await provider.key("shared")


async def test_far_too_many_keys_are_not_read(provider: Provider, publisher: Publisher) -> None:
    publisher.publish(more=repeat(SECOND.as_dict(private=False), MAX_KEYS + 1))
    with pytest.raises(ProviderUnavailable, match="more than 100 keys"):
        await provider.key("second")


async def test_keys_that_never_end_are_broken_off(provider: Provider, publisher: Publisher) -> None:
    sent = 0

    def endless() -> Iterable[bytes]:
        nonlocal sent
        for part in repeat(b" " * 65_536):
            sent += len(part)
            yield part

    publisher.pages["/keys"] = endless
    with pytest.raises(ProviderUnavailable, match="its answer could not be read"):
        await provider.key("first")
    # What the sockets between hold is sent, too.
    assert sent < MAX_BYTES + 16 * 1024 * 1024


async def test_compressed_answer_is_not_unpacked(provider: Provider, publisher: Publisher) -> None:
    publisher.pages["/keys"] = gzip.compress(b" " * 50_000_000)
    publisher.headers["Content-Encoding"] = "gzip"
    with pytest.raises(ProviderUnavailable, match="its answer could not be read"):
        await provider.key("first")


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"{", "not what the protocol says"),
        (b"[" * 200_000, "not what the protocol says"),
        (b'{"keys": 7}', "not what the protocol says"),
        (b'{"keys": []}', "no key that can be used"),
    ],
)
async def test_what_is_no_set_of_keys_is_said(
    provider: Provider, publisher: Publisher, page: bytes, reason: str
) -> None:
    publisher.pages["/keys"] = page
    with pytest.raises(ProviderUnavailable, match=reason):
        await provider.key("first")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"issuer": "https://evil.example"}, "names another issuer"),
        ({"jwks_uri": "http://evil.example/keys"}, "an address without https://"),
        ({"token_endpoint": "ftp://evil.example/"}, "an address without https://"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "an address without https://"),
        ({"end_session_endpoint": "javascript://127.0.0.1/%0aalert(1)"}, "an address without https://"),
        ({"end_session_endpoint": "//evil.example"}, "an address without https://"),
        ({"token_endpoint": None}, "not what the protocol says"),
    ],
)
async def test_discovery_document_is_judged(
    provider: Provider, publisher: Publisher, change: dict[str, str | None], reason: str
) -> None:
    publisher.describe(**change)
    with pytest.raises(ProviderUnavailable, match=reason):
        await provider.metadata()


async def test_redirect_is_not_followed(provider: Provider, publisher: Publisher) -> None:
    publisher.pages["/moved"] = json.dumps({"issuer": publisher.issuer}).encode()
    publisher.status = 302
    publisher.headers["Location"] = "/moved"
    with pytest.raises(ProviderUnavailable, match="it answered 302"):
        await provider.metadata()
    assert "/moved" not in publisher.asked


async def test_strange_key_leaves_the_others(provider: Provider, publisher: Publisher, key: RSAKey) -> None:
    publisher.publish(key, more=[{"kty": "EC", "crv": "brainpoolP256r1", "kid": "x", "x": "AA", "y": "AA"}])
    assert (await provider.key("first")).kid == "first"


async def test_all_who_wait_wait_for_one_fetch(provider: Provider, publisher: Publisher, clock: Clock) -> None:
    publisher.pages.clear()
    answers = await asyncio.gather(*(provider.metadata() for _ in range(50)), return_exceptions=True)
    assert {str(each) for each in answers} == {str(ProviderUnavailable("it answered 404"))}
    with pytest.raises(ProviderUnavailable):
        await provider.metadata()
    assert publisher.asked == [DISCOVERY]
    clock.now += FAILED_APART
    publisher.describe()
    assert await provider.metadata()
