"""What a request shows to say who is asking, and where it comes from."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

SESSION_COOKIE = "casewright_session"
UNATTENDED = "casewright-unattended"
"""The header of what a page asks for by itself, while nobody is at it: it does not prolong the session."""
MAX_CLIENT = 200
_NOWHERE = "unknown"


@dataclass(frozen=True)
class Caller:
    """Where a request comes from."""

    address: str
    client: str
    """What the browser or program calls itself, in at most 200 characters that can be shown."""


def bearer_of(headers: Headers) -> str | None:
    """The bearer token; an empty one is none, and so are several."""
    given = headers.getlist("authorization")
    scheme, _, credentials = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return (credentials.strip() or None) if scheme.lower() == "bearer" else None


def caller_of(connection: HTTPConnection) -> Caller:
    """Who is at the other end of the connection."""
    address = _NOWHERE if connection.client is None else connection.client.host
    given = connection.headers.get("user-agent", "")
    return Caller(address, "".join(filter(str.isprintable, given))[:MAX_CLIENT])
