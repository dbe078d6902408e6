"""One attempt to sign in at the provider: all that must come back is derived from a secret in the browser's cookie.

Nothing is stored on the server, so that strangers who begin a thousand sign-ins leave nothing there. State, nonce and
code verifier (RFC 7636) are of one secret that only this browser has, and that no address ever holds.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider."""
COOKIE_PREFIX = "casewright_sign_in_"
HOME = "/"
MAX_RETURN = 500
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f-\U0010ffff]*")
_COOKIE = re.compile(r"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]*)\.((?:[0-9a-f]{64})?)", re.ASCII)


@dataclass(frozen=True)
class Attempt:
    """What a browser set out with."""

    secret: str = field(repr=False)
    return_to: str
    """A path of this desk."""
    replaces: str = ""
    """The hash of the secret of the session that this browser had: the answer comes from another site, to which a
    browser does not show that session's cookie. Empty: it had none."""

    @property
    def state(self) -> str:
        """Says of an answer which attempt it answers."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Says of an ID token which attempt it answers."""
        return self._derived("nonce")

    @property
    def code_verifier(self) -> str:
        """Says of whoever redeems the code that they set out for it."""
        return self._derived("code verifier")

    @property
    def cookie_name(self) -> str:
        """One for each attempt: two tabs may sign in at once."""
        return cookie_name_of(self.state)

    @property
    def cookie(self) -> str:
        """What the browser keeps."""
        return f"{self.secret}.{_encoded(self.return_to.encode())}.{self.replaces}"

    def _derived(self, name: str) -> str:
        return _encoded(hmac.digest(self.secret.encode(), name.encode(), hashlib.sha256))


def begin_attempt(return_to: str, replaces: str = "") -> Attempt:
    """A new attempt that leads back to `return_to`, if that is a path of this desk."""
    return Attempt(secrets.token_urlsafe(32), local_path(return_to), replaces)


def resume_attempt(cookie: str | None, state: str) -> Attempt | None:
    """The attempt of this browser that has this state; None: it has none."""
    found = None if cookie is None else _COOKIE.fullmatch(cookie)
    if found is None:
        return None
    try:
        return_to = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4)).decode()
    except ValueError:
        return None
    attempt = Attempt(found[1], local_path(return_to), found[3])
    return attempt if hmac.compare_digest(attempt.state.encode(), state.encode()) else None


def cookie_name_of(state: str) -> str:
    """Under which name the browser keeps the attempt of this state."""
    return COOKIE_PREFIX + re.sub(r"[^A-Za-z0-9_-]", "", state)[:12]


def local_path(address: str) -> str:
    """The address, if a browser takes it for a path of this desk whatever it makes of it; else the first page."""
    return address if len(address) <= MAX_RETURN and _LOCAL_PATH.fullmatch(address) else HOME


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
