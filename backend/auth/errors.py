"""Why nobody is known to be asking.

AuthError
├── NotSignedIn      401
├── SessionInvalid   401
├── SessionEnded     401
│   ├── SessionExpired
│   └── SessionIdle
├── ScopeMissing     403
├── SessionNotFound  404
├── WrongSignIn      409
└── UnknownPersona   422
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from contracts.sessions import Scope


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


class ScopeMissing(AuthError):
    """A program asks for what its token is not for, or somebody without a token for what only programs do."""

    id = "scope-missing"
    status = 403

    def __init__(self, scopes: Iterable[Scope]) -> None:
        needed = " or ".join(f"'{scope}'" for scope in scopes)
        super().__init__(
            f"This needs a token of a service with the scope {needed}."
            if needed
            else "This is for people: no token of a service opens it."
        )


class SessionNotFound(AuthError):
    """There is no such open session, or it is somebody else's."""

    id = "session-not-found"
    status = 404

    def __init__(self) -> None:
        super().__init__("No session of yours that is open has this id: it may be over already.")


class WrongSignIn(AuthError):
    """People sign in differently at this desk."""

    id = "wrong-sign-in"
    status = 409

    def __init__(self, *, at_provider: bool) -> None:
        super().__init__(
            "People sign in at the provider of this desk: go to /api/session/sign-in, or send a token of the provider."
            if at_provider
            else "This desk has no sign-in provider: choose a persona with POST /api/session."
        )


class UnknownPersona(AuthError):
    """No persona has this name."""

    id = "unknown-persona"
    status = 422

    def __init__(self, subject: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no persona '{subject}': choose one of {', '.join(known)}.")
