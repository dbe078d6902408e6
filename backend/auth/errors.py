"""Why nobody is known to be asking.

AuthError
├── NotSignedIn      401
├── SessionInvalid   401
├── SessionExpired   401
└── UnknownPersona   422
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar


class AuthError(Exception):
    """Base: an `id`, the HTTP `status` that fits, and one exact sentence."""

    id: ClassVar[str] = "not-signed-in"
    status: ClassVar[int] = 401


class NotSignedIn(AuthError):
    """The request carries no session."""

    id = "not-signed-in"

    def __init__(self) -> None:
        super().__init__("Nobody is signed in: sign in on the page, or send a bearer token.")


class SessionInvalid(AuthError):
    """The session was changed, or signed with a key other than this installation's, or names an unknown person."""

    id = "session-invalid"

    def __init__(self) -> None:
        super().__init__("This session was not issued by this installation: sign in again.")


class SessionExpired(AuthError):
    """The session was genuine, and is over."""

    id = "session-expired"

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(f"This session ended at {expired_at:%Y-%m-%d %H:%M} UTC: sign in again.")


class UnknownPersona(AuthError):
    """No persona has this name."""

    id = "unknown-persona"
    status = 422

    def __init__(self, subject: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no persona '{subject}': choose one of {', '.join(known)}.")
