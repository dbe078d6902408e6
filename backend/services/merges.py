"""Merges cases of one customer, and detaches alerts."""

import logging

from backend.auth.identity import Identity
from backend.services.errors import SchedulerUnavailable
from backend.services.outbox_relay import OutboxRelay
from backend.services.scheduler import InstanceUnknown, Scheduler
from casebook.async_api import AsyncWorkspace
from casebook.commands.merges import MovedAlerts
from contracts.case import CaseSummary

log = logging.getLogger("casewright.cases")


class MergeService:
    """Moves alerts between cases, and lets both orchestrations hear of it."""

    def __init__(self, workspace: AsyncWorkspace, scheduler: Scheduler, relay: OutboxRelay) -> None:
        self._workspace = workspace
        self._scheduler = scheduler
        self._relay = relay

    async def merge(self, source: str, target: str, reason: str, identity: Identity) -> CaseSummary:
        """The case that `source` is a part of now. Raises what `WorkspaceApi.merge_cases` raises."""
        moved = await self._workspace.merge_cases(source, target, identity.subject, reason)
        log.info("%s: merged into %s by %s", source, target, identity.subject)
        return await self._told(moved)

    async def detach(self, case: str, alert_id: str, reason: str, identity: Identity) -> CaseSummary:
        """The case of the alert now. Raises what `WorkspaceApi.detach_alert` raises."""
        moved = await self._workspace.detach_alert(case, alert_id, identity.subject, reason)
        log.info("%s: %s detached into %s by %s", case, alert_id, moved.target, identity.subject)
        return await self._told(moved)

    async def _told(self, moved: MovedAlerts) -> CaseSummary:
        self._relay.wake()
        try:
            await self._scheduler.wake(moved.source, moved.source_round)
        except (SchedulerUnavailable, InstanceUnknown):
            # It hears of it at its next look at the record, a day later at most; nothing waits for it.
            log.info("%s: its orchestration could not be told", moved.source)
        return (await self._workspace.summaries([moved.target]))[moved.target]
