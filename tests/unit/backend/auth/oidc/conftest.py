"""A provider that publishes what a test says, and a verifier of its tokens at noon."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from datetime import datetime

import httpx2
import pytest
from joserfc.jwk import RSAKey

from backend.auth.oidc.provider import Provider
from backend.auth.oidc.requests import BoundedTransport
from backend.auth.oidc.tokens import Verifier
from tests.unit.backend.auth.oidc.publisher import Publisher
from tests.unit.casebook.builders import NOON


@dataclass
class Clock:
    """The time as the test says."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="session")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publisher(key: RSAKey) -> Generator[Publisher]:
    publisher = Publisher()
    publisher.publish(key)
    publisher.start()
    yield publisher
    publisher.stop()


@pytest.fixture
async def provider(publisher: Publisher, clock: Clock) -> AsyncGenerator[Provider]:
    transport = BoundedTransport(httpx2.AsyncHTTPTransport())
    async with httpx2.AsyncClient(transport=transport, timeout=10) as client:
        yield Provider(publisher.issuer, client, clock)


@pytest.fixture
def verifier(provider: Provider, clock: Clock) -> Verifier:
    return Verifier(provider, "desk", frozenset({"https://desk.example/api"}), clock)
