"""Opens cases, or lets alerts join those that are open."""

import logging
from typing import Literal

from backend.services.errors import AlertIdTaken, SchedulerUnavailable
from backend.services.outbox_relay import OutboxRelay
from backend.services.scheduler import Scheduler
from casebook.async_api import AsyncRelay, AsyncWorkspace
from casebook.queries.cursors import OpenedCase
from contracts.alert import Alert
from contracts.base import Contract
from contracts.ids import AlertId, CaseId
from contracts.sizes import fit_alert

log = logging.getLogger("casewright.cases")

StartStatus = Literal["pending", "scheduled"]


class StartedCase(Contract):
    """The case that an alert opened or joined.

    `pending` means: kept, and started when it is its turn and the scheduler answers.
    """

    case_id: CaseId
    alert_id: AlertId
    status: StartStatus
    created: bool
    joined: bool = False
    """Whether the alert has just joined the customer's open case."""
    trimmed: str | None = None
    """What of the alert was left out because it was too large."""


class CaseRecorder:
    """Puts alerts on record and no more: a backend of the same casebook has their cases investigated, in their turn."""

    def __init__(self, workspace: AsyncWorkspace) -> None:
        self._workspace = workspace

    async def open_alert(self, alert: Alert) -> bool:
        """Whether the case of `alert` was opened by this very call. Raises AlertIdTaken, CasebookUnavailable."""
        alert = fit_alert(alert)
        opened = await self._workspace.open_case(alert)
        if opened.created or opened.joined:
            done = "opened" if opened.created else "takes one more alert"
            log.info("%s %s: %s of customer %d", opened.case_id, done, alert.alert_type, alert.customer_id)
            return opened.created
        known = (await self._workspace.get_fraud_case(opened.case_id)).alert
        if known.customer_id != alert.customer_id:
            raise AlertIdTaken(alert.alert_id, known.customer_id)
        return False


class CaseService:
    """Puts alerts on record and has their cases investigated, in this order: what is accepted is never lost."""

    def __init__(
        self,
        workspace: AsyncWorkspace,
        record: AsyncRelay,
        scheduler: Scheduler,
        relay: OutboxRelay,
    ) -> None:
        self._workspace = workspace
        self._record = record
        self._scheduler = scheduler
        self._relay = relay

    async def open_alert(self, alert: Alert) -> bool:
        """Whether the case of `alert` was opened by this very call. Raises as `start` does."""
        return (await self.start(alert)).created

    async def start(self, alert: Alert, opened_by: str | None = None) -> StartedCase:
        """The case of `alert`, opened now or earlier. Raises AlertIdTaken for another customer's alert id.

        `opened_by` is the person who asks for it; None: the product itself.

        Of an alert that is too large, as much is kept as fits: see `contracts.sizes`.
        """
        alert = fit_alert(alert)
        opened = await self._workspace.open_case(alert, opened_by)
        if opened.joined:
            return await self._joined(alert, opened, opened_by)
        if not opened.created:
            return await self._existing(alert, opened)
        log.info(
            "%s opened: %s of customer %d, by %s",
            opened.case_id,
            alert.alert_type,
            alert.customer_id,
            opened_by or "the rules",
        )
        return self._answer(alert, opened, await self._schedule(opened.case_id))

    async def _joined(self, alert: Alert, opened: OpenedCase, raised_by: str | None) -> StartedCase:
        log.info(
            "%s takes one more alert: %s of customer %d, by %s",
            opened.case_id,
            alert.alert_type,
            alert.customer_id,
            raised_by or "the rules",
        )
        if opened.overtaken_round is not None:
            self._relay.wake()
        return self._answer(alert, opened, await self._status(opened.case_id))

    async def _existing(self, alert: Alert, opened: OpenedCase) -> StartedCase:
        view = await self._workspace.get_fraud_case(opened.case_id)
        if view.alert.customer_id != alert.customer_id:
            raise AlertIdTaken(alert.alert_id, view.alert.customer_id)
        return self._answer(alert, opened, await self._status(opened.case_id))

    async def _status(self, case_id: str) -> StartStatus:
        scheduled = case_id in self._relay.acks or await self._record.is_scheduled(case_id)
        return "scheduled" if scheduled else "pending"

    async def _schedule(self, case_id: str) -> StartStatus:
        if not self._relay.try_acquire():
            return "pending"
        try:
            await self._scheduler.start_investigation(case_id)
        except SchedulerUnavailable as error:
            log.warning("%s waits to be started: %s", case_id, error)
            self._relay.wake()
            return "pending"
        self._relay.acknowledge_start(case_id)
        return "scheduled"

    @staticmethod
    def _answer(alert: Alert, opened: OpenedCase, status: StartStatus) -> StartedCase:
        return StartedCase(
            case_id=opened.case_id,
            alert_id=alert.alert_id,
            status=status,
            created=opened.created,
            joined=opened.joined,
            trimmed=alert.trimmed,
        )
