"""Sessions where `AUTH_MODE=local`: a person chooses a persona, and a signed token names it."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer
from pydantic import ValidationError

from backend.auth.errors import NotSignedIn, SessionExpired, SessionInvalid, UnknownPersona
from backend.auth.identity import Identity
from contracts.base import Contract, UtcDateTime

SESSION_COOKIE = "casewright_session"
# Keeps these tokens apart from anything else that the same secret may sign one day.
_PURPOSE = "casewright.session.v1"
CHANNEL = Identity(subject="channel", name="Channel", roles=())
"""Passes customers' messages on, and may do nothing else."""


class _Claims(Contract):
    subject: str
    expires_at: UtcDateTime


class Session(Contract):
    """Proof of who is asking. The same token serves as cookie and as bearer token."""

    identity: Identity
    token: str
    expires_at: UtcDateTime


class LocalAuthenticator:
    """Gives out sessions to the personas, and reads them. Keeps nothing: a session lives until it expires."""

    def __init__(
        self, key: str, lifetime: timedelta, personas: Sequence[Identity], clock: Callable[[], datetime]
    ) -> None:
        self.personas = tuple(personas)
        self._by_subject = {persona.subject: persona for persona in personas}
        self._lifetime = lifetime
        self._clock = clock
        self._signer = URLSafeSerializer(
            key, salt=_PURPOSE, signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    @property
    def channel(self) -> Identity:
        """Who passes a message on without a session: only this machine can connect."""
        return CHANNEL

    def sign_in(self, subject: str) -> Session:
        """A new session of a persona. Raises UnknownPersona."""
        identity = self._by_subject.get(subject)
        if identity is None:
            raise UnknownPersona(subject, self._by_subject)
        claims = _Claims(subject=subject, expires_at=self._clock() + self._lifetime)
        token = self._signer.dumps(claims.model_dump(mode="json"))
        return Session(identity=identity, token=token, expires_at=claims.expires_at)

    def identify(self, token: str | None) -> Identity:
        """Whose session this is. Raises NotSignedIn for None, SessionInvalid, SessionExpired."""
        return self.session(token).identity

    def seconds_left(self, session: Session) -> float:
        """How long the session still lives."""
        return (session.expires_at - self._clock()).total_seconds()

    def session(self, token: str | None) -> Session:
        """The session of this token. Raises what `identify` raises."""
        if not token:
            raise NotSignedIn
        try:
            claims = _Claims.model_validate(self._signer.loads(token))
        except (BadData, ValidationError) as error:
            raise SessionInvalid from error
        if claims.expires_at <= self._clock():
            raise SessionExpired(claims.expires_at)
        identity = self._by_subject.get(claims.subject)
        if identity is None:
            raise SessionInvalid
        return Session(identity=identity, token=token, expires_at=claims.expires_at)
