"""`/api/cases/{case_id}/snooze`: snoozes a case, and ends that."""

from fastapi import APIRouter, Depends

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.text_fields import ReasonText
from backend.http.problem import documented
from contracts.base import Contract, UtcDateTime
from contracts.snooze import Snooze

router = APIRouter(prefix="/api/cases/{case_id}/snooze", tags=["claims"])


class SnoozeOrder(Contract):
    """Until when a case is left out of the queue."""

    until: UtcDateTime | None = None
    """Left out: until its deadline is near, which is when people are reminded."""
    until_activity: bool = False
    """Also until somebody else adds a note or an attachment."""
    reason: ReasonText | None = None


@router.put(
    "",
    operation_id="snooze_case",
    summary="Snooze a case",
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(SnoozeOrder))],
)
async def snooze_case(case_id: str, order: SnoozeOrder, services: ServicesDep, identity: CurrentIdentity) -> Snooze:
    """Leave a waiting case out of the queue for a while, and release it. Replaces an earlier snooze.

    For its assignee; while nobody is, for those who may decide it. Not beyond the reminder, nor after that beyond the
    deadline. A claim, a decision, an escalation and a new question end it early.
    """
    return await services.workspace.snooze(
        case_id,
        identity.subject,
        identity.roles,
        order.until,
        until_activity=order.until_activity,
        reason=order.reason,
    )


@router.delete(
    "",
    operation_id="end_snooze",
    summary="End a snooze",
    status_code=204,
    responses=documented(403, 404, 409, 503),
)
async def end_snooze(case_id: str, services: ServicesDep, identity: CurrentIdentity) -> None:
    """Let a snoozed case into the queue again: one that you snoozed, or that you may decide."""
    await services.workspace.end_snooze(case_id, identity.subject, identity.roles)
