"""Requests and approves reversals of effects."""

import logging

from backend.auth.identity import Identity
from backend.services.outbox_relay import OutboxRelay
from casebook.async_api import AsyncWorkspace
from contracts.reversal import Reversal
from contracts.review import Verdict

log = logging.getLogger("casewright.reversals")


class ReversalService:
    """Takes requests and the decisions on them; the relay starts the orchestration of an approved one."""

    def __init__(self, workspace: AsyncWorkspace, relay: OutboxRelay) -> None:
        self._workspace = workspace
        self._relay = relay

    async def request(self, case_id: str, undoes: str, reason: str, identity: Identity) -> Reversal:
        """Ask for an effect to be reversed. Raises what `WorkspaceApi.request_reversal` raises."""
        asked = await self._workspace.request_reversal(
            case_id, undoes, reason, subject=identity.subject, roles=identity.roles
        )
        log.info("%s: requested by %s", asked.reversal_id, identity.subject)
        return asked

    async def decide(
        self, case_id: str, number: int, verdict: Verdict, comment: str | None, identity: Identity
    ) -> Reversal:
        """Approve or refuse a request. Raises what `WorkspaceApi.decide_reversal` raises."""
        decided = await self._workspace.decide_reversal(
            case_id,
            number,
            verdict,
            comment,
            subject=identity.subject,
            roles=identity.roles,
        )
        log.info("%s: %s by %s", decided.reversal_id, decided.status, identity.subject)
        self._relay.wake()
        return decided
