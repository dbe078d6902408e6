"""Signs people in at the provider, keeps asking it about them, and lets programs in by its tokens."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn

from backend.auth.credentials import Caller
from backend.auth.errors import SessionEnded
from backend.auth.identity import Identity
from backend.auth.oidc.attempts import Attempt, begin_attempt
from backend.auth.oidc.code_flow import NO_ID_TOKEN, CodeFlow, Tokens, shown_code
from backend.auth.oidc.errors import (
    LogoutRefused,
    NoRole,
    ProviderUnavailable,
    SignInDeclined,
    SignInLost,
    TokenRefused,
)
from backend.auth.oidc.options import OidcOptions
from backend.auth.oidc.people import delegated_person_in, person_in, service_in, subject_in
from backend.auth.oidc.provider import Provider
from backend.auth.oidc.sealing import seal, unseal
from backend.auth.oidc.tokens import LEEWAY, Claims, Verifier, issued_at
from backend.auth.sessions import IssuedSession, Sessions, hash_of
from casebook.async_api import AsyncSessions
from casebook.commands.sessions import AtProvider
from casebook.errors import CasebookUnavailable
from contracts.sessions import SessionEnd, SessionRecord

log = logging.getLogger("casewright.sign_in")

RECHECK_LEASE = timedelta(minutes=1)
"""How long one replica has for asking the provider; after that it, or another, asks again."""
UNASKED_FOR = timedelta(hours=1)
"""How long a session lives whose provider gave no refresh token, and cannot be asked about it."""
RECHECK_WITHIN_S = 40.0
"""It is given up before the lease is."""
_NO_LONGER = frozenset(
    {NO_ID_TOKEN, "invalid_grant", "interaction_required", "login_required", "consent_required", "access_denied"}
)
"""What a provider says to a refresh of somebody who has no session there any more, or that says nothing of them."""


@dataclass(frozen=True)
class ProviderAnswer:
    """What a browser brings back from the provider."""

    code: str | None = field(repr=False)
    error: str | None
    issuer: str | None
    """RFC 9207: who says that they answer."""


class ProviderSignIn:
    """The only way into a desk with `AUTH_MODE=oidc`."""

    def __init__(
        self,
        options: OidcOptions,
        provider: Provider,
        flow: CodeFlow,
        verifier: Verifier,
        sessions: Sessions,
        record: AsyncSessions,
    ) -> None:
        self._options = options
        self._provider = provider
        self._flow = flow
        self._verifier = verifier
        self._sessions = sessions
        self._record = record
        self._revoking: set[asyncio.Task[None]] = set()

    async def begin(self, return_to: str, before: str | None, *, anew: bool = False) -> tuple[str, Attempt]:
        """Where to send the browser, and what it keeps meanwhile. `before`: the secret of the session that it has.

        `anew`: the provider asks who it is even if it knows. Raises ProviderUnavailable.
        """
        attempt = begin_attempt(return_to, "" if before is None else hash_of(before))
        return await self._flow.authorization_url(attempt, anew=anew), attempt

    async def finish(self, answer: ProviderAnswer, attempt: Attempt | None, caller: Caller) -> IssuedSession:
        """A new session. The session that this browser had ends. `attempt`: what it set out with; None: it did not.

        Raises SignInLost, SignInDeclined, TokenRefused, NoRole, ProviderUnavailable.
        """
        if attempt is None:
            raise SignInLost
        await self._check_issuer(answer)
        if answer.error is not None or answer.code is None:
            raise SignInDeclined(shown_code(answer.error))
        tokens = await self._flow.redeem(answer.code, attempt)
        try:
            return await self._begin(tokens, attempt, caller)
        except Exception:
            # Before the person tries again: some providers take the tokens of that sign-in away as well.
            await self._revoke(tokens.refresh)
            raise

    async def _begin(self, tokens: Tokens, attempt: Attempt, caller: Caller) -> IssuedSession:
        claims = await self._verifier.identity(tokens.identity, attempt.nonce)
        identity = person_in(claims, self._options)

        def kept(secret: str, session_id: str) -> AtProvider:
            return self._kept(tokens, claims, secret, session_id, self._options.recheck_after)

        before = await self._sessions.find_hashed(attempt.replaces) if attempt.replaces else None
        replaces = None if before is None else before.session_id
        at_most = None if tokens.refresh is not None else UNASKED_FOR
        return await self._sessions.begin(identity, "browser", caller, replaces, kept, at_most)

    def forget(self, sealed_token: str | None, secret: str | None, session_id: str) -> None:
        """Have the provider forget the refresh token of a session whose holder has signed out. Nobody waits for that.

        `sealed_token`: what was kept of it, which only the session's secret opens.
        """
        if sealed_token is not None and secret is not None:
            revoking = asyncio.create_task(self._revoke(unseal(sealed_token, secret, session_id)))
            self._revoking.add(revoking)
            revoking.add_done_callback(self._revoking.discard)

    async def end_session_url(self) -> str | None:
        """Where to send a browser that signs out, so that the provider's own session ends; None: nowhere."""
        try:
            return await self._flow.end_session_url(self._options.public_origin + "/")
        except ProviderUnavailable as error:
            log.warning("%s Somebody signed out here, and not there.", error)
            return None

    async def find(self, token: str, caller: Caller) -> SessionRecord:
        """Whose token of the provider it is. Raises TokenRefused, NoRole, SessionEnded, ProviderUnavailable."""
        claims = await self._verifier.access(token)
        identity = service_in(claims, self._options)
        if identity is None:
            known = await self._record.find_person(subject_in(claims, self._options))
            identity = delegated_person_in(claims, self._options, known)
        return await self._sessions.of_token(token, identity, self._verifier.ends_at(claims), caller)

    async def recheck(self, session: SessionRecord, secret: str) -> None:
        """Ask the provider whether somebody still is who they were, and has their roles; if not, the session ends.

        A provider that does not answer changes nothing, and neither does a casebook that takes nothing: it is asked
        again. Raises SessionEnded.
        """
        try:
            sealed = await self._record.take_recheck(session.session_id, RECHECK_LEASE)
            self._sessions.forget()
            refresh_token = None if sealed is None else unseal(sealed, secret, session.session_id)
            if refresh_token is not None:
                async with asyncio.timeout(RECHECK_WITHIN_S):
                    await self._recheck(session, secret, refresh_token)
        except (ProviderUnavailable, TokenRefused, CasebookUnavailable, TimeoutError) as error:
            log.warning("A session lives on without being asked about: %s", error or "the provider is slow.")

    async def log_out(self, token: str, caller: Caller) -> int:
        """End the sessions that a logout token is about, and return how many. Raises LogoutRefused.

        Those that began after the token was issued are others: so a copy of it ends nothing later.
        """
        try:
            claims = await self._verifier.logout(token)
        except TokenRefused as error:
            raise LogoutRefused(str(error)) from None
        sid, subject = claims.get("sid"), claims.get(self._options.subject_claim)
        if not isinstance(sid, str) and not isinstance(subject, str):
            raise LogoutRefused("The token is not accepted: it does not say whose session ends.")
        ended = await self._record.end_of_provider(
            sid if isinstance(sid, str) else None,
            subject if isinstance(subject, str) else None,
            issued_at(claims) + LEEWAY,
            caller.address,
        )
        self._sessions.forget()
        return len(ended)

    async def _recheck(self, session: SessionRecord, secret: str, refresh_token: str) -> None:
        """Raises SessionEnded, ProviderUnavailable, TokenRefused, CasebookUnavailable."""
        try:
            tokens = await self._flow.refresh(refresh_token)
        except SignInDeclined as error:
            if error.code in _NO_LONGER:
                await self._end(session, "ended_by_provider")
            raise ProviderUnavailable(f"it declined: {error.code}") from None
        # First of all: the token that it was asked with is spent. Judged is nothing yet, so it is asked again soon.
        await self._keep(session, tokens, secret, RECHECK_LEASE)
        claims = await self._verifier.identity(tokens.identity, None)
        now = self._identity_in(claims, session)
        if now.subject != session.subject:
            await self._end(session, "ended_by_provider", tokens.refresh)
        if (now.name, now.roles) != (session.name, session.roles):
            await self._record.remember_person(session.subject, now.name, now.roles)
        if now.roles != session.roles:
            await self._end(session, "roles_changed", tokens.refresh)
        await self._keep(session, tokens, secret, self._options.recheck_after)

    async def _revoke(self, refresh_token: str | None) -> None:
        """Have the provider forget what no session keeps any more; a provider that does not is named in the log."""
        try:
            if refresh_token is not None:
                await self._flow.revoke(refresh_token)
        except ProviderUnavailable as error:
            log.warning("%s A refresh token that nobody uses any more lives on there.", error)

    def _identity_in(self, claims: Claims, session: SessionRecord) -> Identity:
        try:
            return person_in(claims, self._options)
        except NoRole as error:
            return Identity(subject=error.subject or session.subject, name=session.name, roles=())

    async def _end(self, session: SessionRecord, why: SessionEnd, refresh_token: str | None = None) -> NoReturn:
        caller = Caller(session.address, session.client)
        await self._sessions.end(session.session_id, why, caller)
        await self._revoke(refresh_token)
        raise SessionEnded(self._verifier.now(), session.subject)

    async def _keep(self, session: SessionRecord, tokens: Tokens, secret: str, after: timedelta) -> None:
        await self._record.keep_rechecked(session.session_id, self._kept(tokens, {}, secret, session.session_id, after))

    def _kept(self, tokens: Tokens, claims: Claims, secret: str, session_id: str, after: timedelta) -> AtProvider:
        sid = claims.get("sid")
        token = None if tokens.refresh is None else seal(tokens.refresh, secret, session_id)
        return AtProvider(sid if isinstance(sid, str) else None, token, None if token is None else after)

    async def _check_issuer(self, answer: ProviderAnswer) -> None:
        promised = (await self._provider.metadata()).authorization_response_iss_parameter_supported
        if answer.issuer != self._options.issuer and (promised or answer.issuer is not None):
            raise SignInLost
