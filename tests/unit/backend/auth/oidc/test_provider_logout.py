"""Whoever signs out at the provider is signed out at the desk: the provider tells one replica. Real servers."""

from collections.abc import Generator
from contextlib import closing
from functools import partial

import httpx
import httpx2
import pytest
from sqlalchemy import Engine
from websockets.sync.client import connect

from backend.auth.oidc.opening import assemble, make_clients
from backend.auth.oidc.options import OidcOptions
from backend.auth.sessions import SignIn
from casebook.database.transactions import Transactions
from tests.support.casebooks import CaseBook
from tests.support.sign_in_provider import API, DESK, ProviderBrowser, SignInProvider
from tests.unit.backend.api.test_case_socket import drain
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.following import Following
from tests.unit.backend.support import RunningBackend
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.integration

ORIGIN = "http://127.0.0.1:8001"
WITHIN_S = 60.0
"""On a machine that is busy; the promise is 5 seconds."""


@pytest.fixture(scope="module")
def provider() -> Generator[SignInProvider]:
    with SignInProvider((ORIGIN,)) as running:
        yield running


@pytest.fixture
def replicas(engine: Engine, provider: SignInProvider) -> Generator[tuple[RunningBackend, ...]]:
    options = OidcOptions(provider.issuer, DESK, ORIGIN, frozenset({API}))
    both: list[RunningBackend] = []
    for _ in range(2):
        # No connection stays open: the server's loop is gone before anybody could close it.
        limits = httpx2.Limits(max_keepalive_connections=0)
        at_provider = partial(assemble, options, *make_clients(options, httpx2.AsyncHTTPTransport(limits=limits)))
        book = CaseBook(Transactions(engine))
        both.append(
            RunningBackend(book, FakeScheduler(), SignIn((), issuer=provider.issuer), open_provider=at_provider)
        )
    for each in both:
        each.start()
    provider.change_desk(backchannel_logout_uri=f"{both[0].url}/api/session/provider-logout")
    yield tuple(both)
    for each in both:
        each.stop()


def come_in(replica: RunningBackend, browser: ProviderBrowser, desk: httpx.Client) -> None:
    begun = desk.get(f"{replica.url}/api/session/sign-in")
    answer = browser.answer(begun.headers["location"], "ada").replace(ORIGIN, replica.url)
    assert desk.get(answer).status_code == 303


def test_sign_out_at_the_provider_ends_all(
    replicas: tuple[RunningBackend, ...], provider: SignInProvider, engine: Engine
) -> None:
    case = open_case(CaseBook(Transactions(engine)))
    with closing(ProviderBrowser()) as browser, httpx.Client(timeout=60, trust_env=False) as desk:
        come_in(replicas[0], browser, desk)
        (cookie,) = [f"{name}={value}" for name, value in desk.cookies.items() if "session" in name]
        streams = [Following(each, {"Cookie": cookie}) for each in replicas]
        url = f"{replicas[1].socket_url}/api/workflow/ws/{case}"
        own = {"Cookie": cookie, "Origin": replicas[1].url}
        with connect(url, open_timeout=60, additional_headers=own) as socket:
            browser.sign_out(f"{provider.issuer}/session/end?client_id={DESK}")
            assert [each.has_ended(WITHIN_S) for each in streams] == [True, True]
            assert drain(socket)[1] == 4401
        for each in replicas:
            answer = desk.get(f"{each.url}/api/cases")
            assert (answer.status_code, answer.json()["id"]) == (401, "session-ended")


def test_others_end_nobodys_session(replicas: tuple[RunningBackend, ...]) -> None:
    with closing(ProviderBrowser()) as browser, httpx.Client(timeout=60, trust_env=False) as desk:
        come_in(replicas[0], browser, desk)
        for form in ({"logout_token": "e30.e30.e30"}, {}, {"logout_token": ""}):
            answer = httpx.post(f"{replicas[0].url}/api/session/provider-logout", data=form, timeout=60)
            assert answer.status_code in (400, 422)
        assert desk.get(f"{replicas[0].url}/api/cases").status_code == 200
