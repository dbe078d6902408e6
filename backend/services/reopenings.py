"""Reopens cases that ended without what was left being decided, or done."""

import logging

from backend.auth.identity import Identity
from backend.services.outbox_relay import OutboxRelay
from casebook.async_api import AsyncWorkspace
from contracts.case import CaseSummary

log = logging.getLogger("casewright.cases")


class ReopeningService:
    """Reopens a case on record; the relay starts its new orchestration."""

    def __init__(self, workspace: AsyncWorkspace, relay: OutboxRelay) -> None:
        self._workspace = workspace
        self._relay = relay

    async def reopen(self, case_id: str, reason: str, identity: Identity) -> CaseSummary:
        """Open a closed case again. Raises what `WorkspaceApi.reopen_case` raises."""
        reopened = await self._workspace.reopen_case(case_id, identity.subject, identity.roles, reason)
        log.info("%s: reopened by %s", case_id, identity.subject)
        self._relay.wake()
        return reopened
