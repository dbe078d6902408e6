"""Says whose request it is, by whatever it shows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import HTTPConnection

from backend.auth.cookies import Cookies
from backend.auth.credentials import Caller, bearer_of
from backend.auth.errors import NotSignedIn
from backend.auth.oidc.sign_in import ProviderSignIn
from backend.auth.sessions import Sessions, is_own_secret
from contracts.sessions import SessionRecord


@dataclass(frozen=True)
class Shown:
    """What a request shows to say whose it is."""

    secret: str | None = field(repr=False)
    as_bearer: bool


def shown_by(connection: HTTPConnection, cookies: Cookies) -> Shown:
    """What this request shows. A program that names itself means it, whatever a browser's jar holds."""
    bearer = bearer_of(connection.headers)
    return Shown(bearer or cookies.session_secret(connection), bearer is not None)


class Callers:
    """Sessions of this desk; where people sign in at a provider, its tokens too."""

    def __init__(self, sessions: Sessions, provider: ProviderSignIn | None, now: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._provider = provider
        self._now = now

    async def find(self, shown: Shown, caller: Caller) -> SessionRecord:
        """The open session of what was shown, or of a token of the provider.

        Raises NotSignedIn, SessionInvalid, SessionEnded; of tokens TokenRefused, NoRole, ProviderUnavailable.
        """
        if shown.secret is None:
            raise NotSignedIn
        if self._provider is None:
            return await self._sessions.find(shown.secret)
        if shown.as_bearer and not is_own_secret(shown.secret):
            return await self._provider.find(shown.secret, caller)
        known = await self._sessions.find_known(shown.secret)
        if known.recheck_at is not None and known.recheck_at <= self._now():
            await self._provider.recheck(known.record, shown.secret)
        return known.record
