"""`/api/cases/{case_id}/legal-hold`: lets nothing of a case be purged or erased, and lifts that."""

from fastapi import APIRouter, Depends

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.text_fields import ReasonText
from backend.http.problem import documented
from contracts.base import Contract
from contracts.legal_hold import LegalHold

router = APIRouter(prefix="/api/cases/{case_id}/legal-hold", tags=["cases"])


class LegalHoldOrder(Contract):
    """Why nothing of a case may be purged or erased."""

    reason: ReasonText


class LiftOrder(Contract):
    """Why it may be purged again."""

    reason: ReasonText


@router.put(
    "",
    operation_id="place_legal_hold",
    summary="Place a legal hold",
    responses=documented(403, 404, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(LegalHoldOrder))],
)
async def place_legal_hold(
    case_id: str, order: LegalHoldOrder, services: ServicesDep, identity: CurrentIdentity
) -> LegalHold:
    """Let nothing of a case, open or closed, be purged or erased until somebody lifts that. Managers only.

    A legal hold that is in force already stays as it is, and is the answer.
    """
    return await services.workspace.place_legal_hold(case_id, identity.subject, order.reason)


@router.post(
    "/lift",
    operation_id="lift_legal_hold",
    summary="Lift a legal hold",
    status_code=204,
    responses=documented(403, 404, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(LiftOrder))],
)
async def lift_legal_hold(case_id: str, order: LiftOrder, services: ServicesDep, identity: CurrentIdentity) -> None:
    """Let the case be purged again, once it has been kept for its full time from now on. Managers only.

    Nothing happens where there is no legal hold.
    """
    await services.workspace.lift_legal_hold(case_id, identity.subject, order.reason)
