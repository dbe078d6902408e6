"""Sessions: what says who is asking, kept on the server and ended there."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from contracts.base import Contract, UtcDateTime
from contracts.review import Role

AuthMode = Literal["local", "demo", "oidc"]
"""How people sign in: as one of the personas, on this machine; likewise, on a demonstration that anybody can reach; or
at an OpenID provider."""
SessionId = Annotated[str, Field(pattern=r"^session-[0-9a-f]{32}$")]
"""What a session is called. It opens nothing: only the secret does, which is never shown again."""
SessionKind = Literal["browser", "program", "provider_token"]
"""Whether a cookie carries it, a bearer token of this desk, or one that the sign-in provider gave out."""
SessionEnd = Literal[
    "signed_out",
    "ended_by_holder",
    "ended_by_admin",
    "ended_by_provider",
    "roles_changed",
    "replaced",
    "too_many",
    "idle",
    "expired",
]
"""Why a session is over: its holder signed out with it, ended it from another one, an admin ended it, the sign-in
provider did, its holder was given other roles there, its browser signed in anew, its holder opened too many others,
nobody used it for too long, or it had lived its whole life."""
Scope = Literal["chat", "cases.read", "cases.open"]
"""What a program may do that acts for itself: pass messages of customers on, read cases, open them."""


class SessionRecord(Contract):
    """An open session."""

    session_id: SessionId
    subject: str
    """The stable id of its holder."""
    name: str
    roles: tuple[Role, ...]
    """As of sign-in: whoever is given other roles signs in again."""
    scopes: tuple[Scope, ...] = ()
    """Of a program that acts for itself, and has no role."""
    kind: SessionKind
    began_at: UtcDateTime
    last_used_at: UtcDateTime
    """Of what its holder did, to the minute: streams, and what a page asks for by itself, are no use."""
    idle_ends_at: UtcDateTime
    """When it ends unless it is used before."""
    ends_at: UtcDateTime
    """When it ends in any case."""
    address: str
    """Where its holder signed in from."""
    client: str
    """What that browser or program calls itself."""


class SessionList(Contract):
    """Open sessions, the newest first; at most 500."""

    items: tuple[SessionRecord, ...]
    total: NonNegativeInt
    """How many there are."""
    current: SessionId | None
    """The one that asked for this list; null when it asked without one."""
