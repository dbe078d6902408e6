"""A real OpenID provider for tests: oidc-provider, on a free port of loopback, gone afterwards."""

import base64
import hashlib
import json
import re
import secrets
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.support.stack import ROOT

PROGRAM = ROOT / "tests/support/openid_provider/provider.mjs"
DESK = "desk"
API = "https://desk.example/api"
"""What access tokens for the desk are issued for."""
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "ada": {"name": "Ada Lovelace", "email": "ada@desk.example", "roles": ["analyst"]},
    "grace": {"name": "Grace Hopper", "email": "grace@desk.example", "roles": ["analyst", "manager"]},
    "alan": {"name": "Alan Turing", "email": "alan@desk.example", "roles": ["admin"]},
    "guest": {"name": "A Guest", "email": "guest@desk.example", "roles": ["reader-of-the-news"]},
}
PROGRAMS: Mapping[str, Mapping[str, Any]] = {"gateway": {"roles": ["service"], "name": "Chat gateway"}}
SPREADSHEET = "https://spreadsheet.example/callback"
MOST_PAGES = 10
PROGRAM_SECRET = "for-tests-only-for-tests-only-for-tests"


@dataclass
class SignInProvider:
    """The provider as a context manager. `origins`: where desks are that people come back to."""

    origins: tuple[str, ...]
    lifetimes: Mapping[str, int] = field(default_factory=dict[str, int])
    port: int = 0

    def __enter__(self) -> Self:
        self._http = httpx.Client(timeout=60, trust_env=False)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._http.close()

    def start(self) -> None:
        """Start it, on the same port as before, and wait until it listens."""
        self._process = subprocess.Popen(
            ["node", PROGRAM, json.dumps(self._configuration())], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.issuer = self._process.stdout.readline().strip()
        assert self.issuer.startswith("http"), "The OpenID provider did not start: run ./scripts/setup node."
        self.port = int(self.issuer.rpartition(":")[2])

    def stop(self) -> None:
        """Stop it, if it runs. It forgets everybody."""
        self._process.kill()
        self._process.communicate()

    def change_people(self, **people: Mapping[str, Any] | None) -> None:
        """Give people other roles; None: they leave."""
        self._control("people", people)

    def change_keys(self, *, keep: bool) -> None:
        """Sign with a new key from now on; `keep`: publish the old one for now."""
        self._control("keys", {"keep": keep})

    def change_desk(self, **more: Any) -> None:
        """Let the provider know more of the desk."""
        self._control("desk", more)

    def knows(self, refresh_token: str) -> bool:
        """Whether a refresh token of the desk is good for anything."""
        form = {"token": refresh_token, "client_id": DESK}
        answer = self._http.post(f"{self.issuer}/token/introspection", data=form)
        return bool(answer.raise_for_status().json()["active"])

    @contextmanager
    def hanging(self) -> Generator[None]:
        """Inside, it takes connections and answers nobody."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def program_token(self, program: str, scope: str) -> str:
        """An access token that a program gets for itself."""
        form = {"grant_type": "client_credentials", "scope": scope, "resource": API}
        answer = self._http.post(f"{self.issuer}/token", data=form, auth=(program, PROGRAM_SECRET))
        return str(answer.raise_for_status().json()["access_token"])

    def _control(self, path: str, body: Mapping[str, Any]) -> None:
        self._http.post(f"{self.issuer}/control/{path}", json=body).raise_for_status()

    def _configuration(self) -> dict[str, Any]:
        desk = {
            "client_id": DESK,
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [f"{origin}/api/session/callback" for origin in self.origins],
            "post_logout_redirect_uris": [f"{origin}/" for origin in self.origins],
            "backchannel_logout_session_required": True,
        }
        gateway = {
            "client_id": "gateway",
            "client_secret": PROGRAM_SECRET,
            "grant_types": ["client_credentials"],
            "redirect_uris": [],
            "response_types": [],
        }
        spreadsheet = {
            "client_id": "spreadsheet",
            "token_endpoint_auth_method": "none",
            "redirect_uris": [SPREADSHEET],
        }
        return {
            "port": self.port,
            "clients": [desk, gateway, spreadsheet],
            "people": PEOPLE,
            "programs": PROGRAMS,
            "resources": [API],
            "lifetimes": self.lifetimes,
        }


class ProviderBrowser:
    """What a browser does at the provider: it keeps cookies, follows redirects and presses a button."""

    def __init__(self) -> None:
        self.http = httpx.Client(timeout=60, trust_env=False)

    def answer(self, authorization_url: str, person: str) -> str:
        """Go there, choose who one is unless the provider knows, and return the address that it sends one back to."""
        issuer = "{0.scheme}://{0.netloc}".format(urlsplit(authorization_url))
        response = self.http.get(authorization_url)
        for _ in range(MOST_PAGES):
            while response.is_redirect:
                address = str(response.next_request.url) if response.next_request else ""
                if not address.startswith(issuer):
                    return address
                response = self.http.get(address)
            assert response.status_code == 200, response.text
            response = self.http.post(response.url, data={"person": person})
        raise AssertionError(f"The provider asks again and again: {response.text}")

    def token(self, issuer: str, person: str, scope: str) -> str:
        """An access token with which another program acts for somebody at the desk."""
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": "spreadsheet",
            "response_type": "code",
            "redirect_uri": SPREADSHEET,
            "scope": f"openid {scope}",
            "resource": API,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": "login",
        }
        code = query_of(self.answer(f"{issuer}/auth?{urlencode(asked)}", person))["code"]
        form = {
            "grant_type": "authorization_code",
            "client_id": "spreadsheet",
            "redirect_uri": SPREADSHEET,
            "code": code,
            "code_verifier": verifier,
            "resource": API,
        }
        answer = self.http.post(f"{issuer}/token", data=form).raise_for_status()
        return str(answer.json()["access_token"])

    def sign_out(self, end_session_url: str) -> None:
        """Go there, and confirm."""
        page = self.http.get(end_session_url)
        form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        action = re.findall(r'action="([^"]*)"', page.text)[0]
        assert self.http.post(action, data={**form, "logout": "yes"}).is_redirect

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
