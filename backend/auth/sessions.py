"""Sessions: opened at sign-in by a secret, kept in the casebook, and over for all replicas when they end."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from backend.auth.credentials import Caller
from backend.auth.errors import (
    NotSignedIn,
    SessionEnded,
    SessionExpired,
    SessionIdle,
    SessionInvalid,
    UnknownPersona,
)
from backend.auth.identity import Identity
from casebook.async_api import AsyncSessions
from casebook.commands.sessions import AtProvider, NewSession
from casebook.errors import CasebookUnavailable
from casebook.policy import actors
from casebook.queries.sessions import KnownSession
from contracts.sessions import SessionEnd, SessionKind, SessionRecord

CHANNEL = Identity(subject=actors.CHANNEL, name="Channel", roles=())
"""Passes customers' messages on, and may do nothing else."""
SECRET_PREFIX = "cwt_"  # noqa: S105 - it is what all secrets begin with
"""So that a scanner of secrets knows one that was put where it does not belong."""
_SECRET = re.compile(rf"{SECRET_PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)

CACHED_FOR = timedelta(seconds=2)
"""How long a session may still be taken for open that another replica has ended."""
USE_NOTED_EVERY = timedelta(minutes=1)
"""How often the use of a session is written down."""
MAX_CACHED = 10_000


@dataclass(frozen=True)
class SignIn:
    """Who can sign in, and how long that lasts."""

    people: tuple[Identity, ...]
    """The personas that whoever reaches the desk can be; none where people sign in at a provider."""
    lifetime: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=1)
    issuer: str = "local"
    """Who says who somebody is: the provider's issuer, or the mode in which personas are chosen. What another one said
    opens nothing."""


@dataclass(frozen=True)
class IssuedSession:
    """A session that has just begun, with the secret that opens it: shown once, and kept nowhere."""

    record: SessionRecord
    secret: str = field(repr=False)


@dataclass(frozen=True)
class _Read:
    known: KnownSession
    at: datetime


class Sessions:
    """Gives out sessions, and says whose one is."""

    def __init__(
        self,
        record: AsyncSessions,
        sign_in: SignIn,
        now: Callable[[], datetime],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._record = record
        self._sign_in = sign_in
        self._by_subject = {persona.subject: persona for persona in sign_in.people}
        self._now = now
        self._on_end = on_end
        self._read: dict[str, _Read] = {}
        self._looks: dict[str, asyncio.Task[KnownSession | None]] = {}
        """Those under way: a page that asks for twenty things at once costs one."""

    @property
    def people(self) -> tuple[Identity, ...]:
        """Everybody who can sign in."""
        return self._sign_in.people

    @property
    def channel(self) -> Identity | None:
        """Who passes a message on without a session, where everybody may be anybody; else None."""
        return CHANNEL if self._sign_in.people else None

    async def sign_in(
        self, subject: str, kind: SessionKind, caller: Caller, replaces: str | None = None
    ) -> IssuedSession:
        """A new session of a persona. `replaces`: the id of the session that the same browser had, which ends.

        Raises UnknownPersona.
        """
        identity = self._by_subject.get(subject)
        if identity is None:
            raise UnknownPersona(subject, self._by_subject)
        return await self.begin(identity, kind, caller, replaces)

    async def begin(
        self,
        identity: Identity,
        kind: SessionKind,
        caller: Caller,
        replaces: str | None = None,
        at_provider: Callable[[str, str], AtProvider] | None = None,
        at_most: timedelta | None = None,
    ) -> IssuedSession:
        """A new session of somebody who is known to be who they are.

        `at_provider`: what is kept of their sign-in there, by the secret and the id of the session. `at_most`: how long
        it lives, if that is shorter than others do.
        """
        session_id, secret = _new_session_id(), SECRET_PREFIX + secrets.token_urlsafe(32)
        new = NewSession(
            session_id=session_id,
            secret_hash=hash_of(secret),
            subject=identity.subject,
            name=identity.name,
            roles=identity.roles,
            kind=kind,
            address=caller.address,
            client=caller.client,
            idle=self._sign_in.idle,
            lifetime=min(self._sign_in.lifetime, at_most or self._sign_in.lifetime),
            issuer=self._sign_in.issuer,
            provider=None if at_provider is None else at_provider(secret, session_id),
        )
        record = await self._record.begin(new, replaces)
        self.forget()
        return IssuedSession(record, secret)

    async def of_token(self, token: str, identity: Identity, ends_at: datetime, caller: Caller) -> SessionRecord:
        """The session of a token that the provider gave out, which begins when the token is first shown.

        So a token is listed, ended and seen in the security log like all else that lets somebody in. A casebook that
        takes nothing, because its disk is full, can still be read: then the session is in no list. Raises SessionEnded.
        """
        known, now = await self._known(hash_of(token)), self._now()
        if known is None:
            new = NewSession(
                session_id=_new_session_id(),
                secret_hash=hash_of(token),
                subject=identity.subject,
                name=identity.name,
                roles=identity.roles,
                scopes=identity.scopes,
                kind="provider_token",
                address=caller.address,
                client=caller.client,
                idle=ends_at - now,
                lifetime=ends_at - now,
                issuer=self._sign_in.issuer,
            )
            try:
                known = await self._record.begin_once(new)
            except CasebookUnavailable:
                return _unwritten(new, now)
            self.forget()
        return _open(known, now)

    async def find_hashed(self, secret_hash: str) -> SessionRecord | None:
        """The open session whose secret has this hash; None: there is none."""
        known = await self._known(secret_hash)
        is_open = known is not None and _why_over(known, self._now()) is None
        return known.record if known is not None and is_open else None

    async def find(self, secret: str | None) -> SessionRecord:
        """The open session of this secret. Raises NotSignedIn for None, SessionInvalid, SessionEnded."""
        return (await self.find_known(secret)).record

    async def find_known(self, secret: str | None) -> KnownSession:
        """Likewise, with what is known of it besides."""
        if secret is None:
            raise NotSignedIn
        if not is_own_secret(secret):
            raise SessionInvalid
        known = await self._known(hash_of(secret))
        if known is None or known.issuer != self._sign_in.issuer:
            raise SessionInvalid
        _open(known, self._now())
        return known

    async def use(self, session: SessionRecord) -> None:
        """Let a session live on whose holder is at work; written down once a minute."""
        if self._now() - session.last_used_at >= USE_NOTED_EVERY:
            # A casebook that takes nothing, because its disk is full, can still be read.
            with suppress(CasebookUnavailable):
                await self._record.use(session.session_id, self._sign_in.idle)
                self._read.clear()

    async def end(
        self, session_id: str, end: SessionEnd, caller: Caller, by: str | None = None
    ) -> SessionRecord | None:
        """End an open session, which is returned; None: there is none. `by`: who ended it, if not its holder."""
        ended = await self._record.end(session_id, end, caller.address, by)
        self.forget()
        return ended

    async def sign_out(self, session_id: str, caller: Caller) -> str | None:
        """End an open session whose holder signs out. The sealed token that was kept of it is returned, if any was."""
        sealed_token = await self._record.sign_out(session_id, caller.address)
        self.forget()
        return sealed_token

    def forget(self) -> None:
        """A session began, ended or changed here: look anew, and let those who watch do so."""
        self._read.clear()
        self._looks = {}
        self._on_end()

    async def _known(self, secret_hash: str) -> KnownSession | None:
        now, read = self._now(), self._read.get(secret_hash)
        if read is not None and now - read.at < CACHED_FOR:
            return read.known
        look = self._looks.get(secret_hash)
        if look is None:
            look = self._looks[secret_hash] = asyncio.create_task(self._look(secret_hash))
            look.add_done_callback(_hear_failure)
        # Whoever else waits for it goes on waiting when this request is broken off.
        return await asyncio.shield(look)

    async def _look(self, secret_hash: str) -> KnownSession | None:
        looks, now = self._looks, self._now()
        try:
            known = await self._record.find(secret_hash)
        finally:
            looks.pop(secret_hash, None)
        if len(self._read) >= MAX_CACHED:
            self._read.clear()
        # What was read while a session ended may be of before.
        if known is not None and looks is self._looks:
            self._read[secret_hash] = _Read(known, now)
        return known


def _hear_failure(look: asyncio.Task[KnownSession | None]) -> None:
    """Whoever waited was told; when all of them have gone, nobody needs to be."""
    if not look.cancelled():
        look.exception()


def is_own_secret(secret: str) -> bool:
    """Whether this desk could have given it out."""
    return _SECRET.fullmatch(secret) is not None


def _new_session_id() -> str:
    return f"session-{uuid4().hex}"


def hash_of(secret: str) -> str:
    """What is kept of a secret. It holds 256 random bits, so that a plain digest of it cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _unwritten(new: NewSession, now: datetime) -> SessionRecord:
    """What the session would be, if it could be written."""
    return SessionRecord(
        session_id=new.session_id,
        subject=new.subject,
        name=new.name,
        roles=new.roles,
        scopes=new.scopes,
        kind=new.kind,
        began_at=now,
        last_used_at=now,
        idle_ends_at=now + new.idle,
        ends_at=now + new.lifetime,
        address=new.address,
        client=new.client,
    )


def _open(known: KnownSession, now: datetime) -> SessionRecord:
    """The session, if it is open. Raises SessionEnded."""
    if (error := _why_over(known, now)) is not None:
        raise error
    return known.record


def _why_over(known: KnownSession, now: datetime) -> SessionEnded | None:
    record = known.record
    if known.end == "idle" or (known.ended_at is None and record.idle_ends_at <= now < record.ends_at):
        return SessionIdle(record.idle_ends_at, record.subject)
    if known.end == "expired" or (known.ended_at is None and record.ends_at <= now):
        return SessionExpired(record.ends_at, record.subject)
    return None if known.ended_at is None else SessionEnded(known.ended_at, record.subject)
