"""`/api/cases/{case_id}/reopen`: opens a closed case again."""

from fastapi import APIRouter, Depends

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.text_fields import ReasonText
from backend.http.problem import documented
from contracts.base import Contract
from contracts.case import CaseSummary

router = APIRouter(prefix="/api/cases/{case_id}/reopen", tags=["workflow"])


class ReopeningOrder(Contract):
    """Why a closed case is opened again."""

    reason: ReasonText


@router.post(
    "",
    operation_id="reopen_case",
    summary="Reopen a case",
    status_code=202,
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(ReopeningOrder))],
)
async def reopen_case(
    case_id: str, order: ReopeningOrder, services: ServicesDep, identity: CurrentIdentity
) -> CaseSummary:
    """Open a case again that ended as failed or unresolved. Managers only; the reason is recorded.

    A person is asked about what is left, in a new round. Nothing that is done is repeated.
    """
    return await services.reopenings.reopen(case_id, order.reason, identity)
