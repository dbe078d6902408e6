"""`/api/cases/{case_id}`: merges a case into another one, and detaches an alert."""

from fastapi import APIRouter, Depends

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.text_fields import ReasonText
from backend.http.problem import documented
from contracts.base import Contract
from contracts.case import CaseSummary
from contracts.ids import AlertId, CaseId

router = APIRouter(prefix="/api/cases/{case_id}", tags=["workflow"])


class MergeOrder(Contract):
    """Into which case another one is merged, and why."""

    into: CaseId
    reason: ReasonText


class DetachOrder(Contract):
    """Why an alert is detached."""

    reason: ReasonText


@router.post(
    "/merge",
    operation_id="merge_case",
    summary="Merge a case into another one",
    status_code=202,
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(MergeOrder))],
)
async def merge_case(case_id: str, order: MergeOrder, services: ServicesDep, identity: CurrentIdentity) -> CaseSummary:
    """Make an open case part of another open case of the same customer, as long as neither is decided.

    Its alerts join that case, whose next round investigates them; it is closed as merged. Detaching the alert that
    opened it takes that back, until the other case is decided.
    """
    return await services.merges.merge(case_id, order.into, order.reason, identity)


@router.post(
    "/alerts/{alert_id}/detach",
    operation_id="detach_alert",
    summary="Detach an alert into a case of its own",
    status_code=202,
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(DetachOrder))],
)
async def detach_alert(
    case_id: str, alert_id: AlertId, order: DetachOrder, services: ServicesDep, identity: CurrentIdentity
) -> CaseSummary:
    """Take an alert out of an open case that is not decided: both are investigated apart from here on.

    Returns the case that the alert has now: the one that it opened once, or a new one.
    """
    return await services.merges.detach(case_id, alert_id, order.reason, identity)
