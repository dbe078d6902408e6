"""The security log: who signed in, was refused, took something away or ended a session, and from where."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from contracts.base import Contract, FiniteJson, UtcDateTime
from contracts.ids import Hash

SecurityEventKind = Literal[
    "signed_in",
    "sign_in_refused",
    "token_issued",
    "token_accepted",
    "session_refused",
    "session_ended",
    "access_refused",
    "origin_refused",
    "exported",
    "downloaded",
    "revealed",
    "log_read",
    "log_purged",
]
"""What happened: somebody signed in or could not; a program was given a token; one came with a
token of the sign-in provider for the first time; a session that is over, or was never
given out, was shown; a session was ended; somebody asked for what their roles do not allow; a page of another site, or
another name of this server, asked; cases were exported; a file was downloaded; personal data was shown that is masked
otherwise; this log was read; lines of it were older than they are kept, and were deleted."""
SecurityOutcome = Literal["done", "refused"]


class SecurityEvent(Contract):
    """One line of the security log. The same refusal within a minute is one line."""

    number: Annotated[int, Field(ge=1)]
    """Counts all lines, without gaps."""
    at: UtcDateTime
    """When it first happened in that minute."""
    kind: SecurityEventKind
    outcome: SecurityOutcome
    subject: str | None
    """The stable id of who it was; null where nobody knows."""
    address: str
    """Where it came from."""
    target: str | None
    """What was asked for, ended or taken: a method and a route, a session, a case, a file."""
    reason: str | None
    """Why it was refused, or why a session ended: an id such as `session-expired`."""
    detail: dict[str, FiniteJson]
    once: str
    """What makes it one line, however often it is written."""
    hash: Hash
    """Over all other fields and the hash of the line before it."""


class SecurityEventPage(Contract):
    """Lines of the security log, oldest first: the newest, or those before another page."""

    items: tuple[SecurityEvent, ...]
    next_cursor: str | None
    """Leads further back; null on the last page."""
    total: NonNegativeInt
    """How many lines are kept."""
