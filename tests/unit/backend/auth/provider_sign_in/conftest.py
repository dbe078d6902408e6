"""The provider, a desk, a browser, and a clock that a test moves on."""

from collections.abc import AsyncGenerator, Generator

import httpx
import pytest
from sqlalchemy import Engine

from backend.auth.oidc.options import OidcOptions
from tests.support.sign_in_provider import API, DESK, PEOPLE, ProviderBrowser, SignInProvider
from tests.unit.backend.auth.provider_sign_in.desk import ORIGIN, RECHECK, Clock, replica


@pytest.fixture(scope="module")
def provider() -> Generator[SignInProvider]:
    # The desk's clock runs ahead in some tests, the provider's does not.
    with SignInProvider((ORIGIN,), lifetimes={"access": 86_400}) as running:
        yield running


@pytest.fixture(autouse=True)
def people_restored(provider: SignInProvider) -> Generator[None]:
    yield
    provider.change_people(**PEOPLE)


@pytest.fixture
def options(provider: SignInProvider) -> OidcOptions:
    return OidcOptions(provider.issuer, DESK, ORIGIN, frozenset({API}), recheck_after=RECHECK)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def browser() -> Generator[ProviderBrowser]:
    opened = ProviderBrowser()
    yield opened
    opened.close()


@pytest.fixture
async def desk(engine: Engine, clock: Clock, options: OidcOptions) -> AsyncGenerator[httpx.AsyncClient]:
    async with replica(engine, clock, options) as (client, _):
        yield client
