"""The cookies of this desk: what they are called and how far they are sent.

With `https://`, names begin with `__Host-`: the browser then takes them from this host alone, over TLS alone (RFC
6265bis, section 4.1.3.2). On loopback there is no TLS.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from backend.auth.credentials import SESSION_COOKIE
from backend.auth.oidc.attempts import COOKIE_PREFIX, LASTS, Attempt, cookie_name_of

MAX_ATTEMPTS = 5
"""Of one browser at once; with one more, the others are given up."""


@dataclass(frozen=True)
class Cookies:
    """Sets, reads and deletes them."""

    secure: bool = False

    @property
    def session_name(self) -> str:
        """What the cookie of a session is called."""
        return self._named(SESSION_COOKIE)

    def session_secret(self, connection: HTTPConnection) -> str | None:
        """What the browser shows of a session."""
        return cookie_of(connection, self.session_name)

    def set_session(self, response: Response, secret: str, ends_at: datetime) -> None:
        """Let the browser hold the secret; scripts cannot read it, and other sites cannot use it."""
        self._set(response, SESSION_COOKIE, secret, "strict", expires=ends_at)

    def delete_session(self, response: Response) -> None:
        """Let the browser forget the secret."""
        self._delete(response, SESSION_COOKIE, "strict")

    def set_attempt(self, response: Response, attempt: Attempt, connection: HTTPConnection) -> None:
        """Let the browser hold the attempt until it comes back. It comes from the provider's site: so `lax`."""
        begun = [name for name in connection.cookies if name.startswith(self._named(COOKIE_PREFIX))]
        if len(begun) >= MAX_ATTEMPTS:
            for name in begun:
                self._delete(response, name.removeprefix(self._named("")), "lax")
        self._set(response, attempt.cookie_name, attempt.cookie, "lax", max_age=int(LASTS.total_seconds()))

    def attempt_of(self, connection: HTTPConnection, state: str) -> str | None:
        """What the browser holds of the attempt with this state."""
        return cookie_of(connection, self._named(cookie_name_of(state)))

    def delete_attempt(self, response: Response, state: str) -> None:
        """Let the browser forget it."""
        self._delete(response, cookie_name_of(state), "lax")

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    def _set(
        self,
        response: Response,
        name: str,
        value: str,
        same_site: Literal["strict", "lax"],
        *,
        expires: datetime | None = None,
        max_age: int | None = None,
    ) -> None:
        response.set_cookie(
            self._named(name),
            value,
            max_age=max_age,
            expires=expires,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite=same_site,
        )

    def _delete(self, response: Response, name: str, same_site: Literal["strict", "lax"]) -> None:
        response.delete_cookie(self._named(name), path="/", secure=self.secure, httponly=True, samesite=same_site)


def cookie_of(connection: HTTPConnection, name: str) -> str | None:
    """The value of the cookie of exactly this name; None: there is none, or more than one.

    The framework's own reading strips what is no space to a browser, so that a neighbouring host could set a cookie
    that is taken for one with the prefix `__Host-`.
    """
    parts = [part.strip(" \t") for header in connection.headers.getlist("cookie") for part in header.split(";")]
    values = [value for found, equals, value in (part.partition("=") for part in parts) if equals and found == name]
    return values[0] if len(values) == 1 and values[0] else None
