"""Why nobody is known to be asking.

AuthError
├── NotSignedIn      401
├── SessionInvalid   401
├── SessionEnded     401
│   ├── SessionExpired
│   └── SessionIdle
├── SessionNotFound  404
└── UnknownPersona   422
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar


class AuthError(Exception):
    """Base: an `id`, the HTTP `status` that fits, and one exact sentence."""

    id: ClassVar[str] = "not-signed-in"
    status: ClassVar[int] = 401
    subject: str | None = None
    """Whose session it was, where that is known."""


class NotSignedIn(AuthError):
    """The request carries no session."""

    id = "not-signed-in"

    def __init__(self) -> None:
        super().__init__("Nobody is signed in: sign in on the page, or send a bearer token.")


class SessionInvalid(AuthError):
    """What was shown opens no session that this installation remembers."""

    id = "session-invalid"

    def __init__(self) -> None:
        super().__init__("This session was not given out by this installation, or is long over: sign in again.")


class SessionEnded(AuthError):
    """The session was genuine, and somebody ended it."""

    id = "session-ended"

    def __init__(self, ended_at: datetime, subject: str) -> None:
        super().__init__(f"This session was ended at {ended_at:%Y-%m-%d %H:%M} UTC: sign in again.")
        self.subject = subject


class SessionExpired(SessionEnded):
    """The session has lived its whole life."""

    id = "session-expired"

    def __init__(self, ended_at: datetime, subject: str) -> None:
        AuthError.__init__(self, f"This session expired at {ended_at:%Y-%m-%d %H:%M} UTC: sign in again.")
        self.subject = subject


class SessionIdle(SessionEnded):
    """Nobody used the session for too long."""

    id = "session-idle"

    def __init__(self, ended_at: datetime, subject: str) -> None:
        AuthError.__init__(
            self, f"This session was not used and ended at {ended_at:%Y-%m-%d %H:%M} UTC: sign in again."
        )
        self.subject = subject


class SessionNotFound(AuthError):
    """There is no such open session, or it is somebody else's."""

    id = "session-not-found"
    status = 404

    def __init__(self) -> None:
        super().__init__("No session of yours that is open has this id: it may be over already.")


class UnknownPersona(AuthError):
    """No persona has this name."""

    id = "unknown-persona"
    status = 422

    def __init__(self, subject: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no persona '{subject}': choose one of {', '.join(known)}.")
