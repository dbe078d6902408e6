"""`/api/cases`: claims, assignment, and the next case."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Response

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.text_fields import ReasonText
from backend.http.problem import documented
from casebook.queries.filters import QueueCounts
from contracts.base import Contract
from contracts.case import CaseSummary
from contracts.claim import Claim
from contracts.ids import CaseId

router = APIRouter(prefix="/api/cases", tags=["claims"])

Reason = Annotated[ReasonText | None, Query(description="Why a manager ends another person's claim")]

Kept = Annotated[
    tuple[CaseId, ...],
    Query(max_length=50, description="Cases that you have begun to work on, though you have sent nothing: they stay"),
]


class TakeOver(Contract):
    """Why another person's claim ends."""

    reason: ReasonText


@router.post(
    "/next",
    operation_id="next_case",
    summary="Get the next case",
    responses={
        200: {"model": CaseSummary, "description": "Claimed for you"},
        204: {"description": "No case waits for you"},
        **documented(403, 422, 503),
    },
    response_model=None,
)
async def next_case(services: ServicesDep, identity: CurrentIdentity, keep: Kept = ()) -> CaseSummary | Response:
    """Claims the most urgent case that waits for a person and that nobody works on, and hands it to you alone.

    What was due first comes first, then the more severe, then the older. Managers get escalated cases too. The case
    that you were handed before goes back to the others, unless you did something with it; it is handed to you again
    after all others. A claim that you made yourself stays. Takes no body.
    """
    is_manager = identity.may_act_as("manager")
    case = await services.workspace.next_case(identity.subject, as_manager=is_manager, keep=keep)
    if case is None:
        return Response(status_code=204)
    return case


@router.get("/next", include_in_schema=False)
async def refuse_to_read_next() -> None:
    """It changes what is claimed. Without this, `next` would be looked for among the cases."""
    raise HTTPException(405, headers={"Allow": "POST"})


@router.get("/counts", operation_id="count_cases", summary="Count cases", responses=documented(503))
async def count_cases(services: ServicesDep, identity: CurrentIdentity) -> QueueCounts:
    """How many cases are in each state, overdue, claimed by nobody, and claimed by you."""
    return await services.workspace.counts(identity.subject)


@router.post(
    "/{case_id}/claim",
    operation_id="claim_case",
    summary="Claim a case",
    responses=documented(403, 404, 409, 422, 503),
)
async def claim_case(case_id: str, services: ServicesDep, identity: CurrentIdentity) -> Claim:
    """Claim a case for yourself, or prolong your claim. 409 while somebody else's claim runs. Takes no body."""
    return await services.workspace.claim(case_id, identity.subject)


@router.post(
    "/{case_id}/claim/take-over",
    operation_id="take_over_case",
    summary="Take over a claim",
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(TakeOver))],
)
async def take_over_case(case_id: str, order: TakeOver, services: ServicesDep, identity: CurrentIdentity) -> Claim:
    """Make another person's claim yours. Managers only; the reason is recorded."""
    return await services.workspace.take_over(case_id, identity.subject, order.reason)


@router.delete(
    "/{case_id}/claim",
    operation_id="release_case",
    summary="Release a claim",
    status_code=204,
    responses=documented(403, 404, 409, 422, 503),
)
async def release_case(case_id: str, services: ServicesDep, identity: CurrentIdentity, reason: Reason = None) -> None:
    """Give up your claim. A manager who gives a reason ends another person's as well."""
    anybodys = reason is not None and identity.may_act_as("manager")
    await services.workspace.release(case_id, identity.subject, anybodys=anybodys, reason=reason)
