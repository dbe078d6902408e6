"""`/api/cases/{case_id}/reversals`: requests to reverse an effect, and decisions on them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from backend.api.dependencies import CurrentIdentity, ServicesDep, strict_json
from backend.api.text_fields import ReasonText
from backend.http.problem import documented
from contracts.base import Contract
from contracts.reversal import Reversal
from contracts.review import Verdict

router = APIRouter(prefix="/api/cases/{case_id}/reversals", tags=["cases"])


class ReversalRequest(Contract):
    """Which effect is to be reversed, and why."""

    undoes: Annotated[str, Field(max_length=200)]
    """Key of the effect."""
    reason: ReasonText


class ReversalDecision(Contract):
    """The answer to a request."""

    verdict: Verdict
    comment: Annotated[str, Field(max_length=4_000)] | None = None


@router.post(
    "",
    operation_id="request_reversal",
    summary="Ask for an effect to be reversed",
    status_code=201,
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(ReversalRequest))],
)
async def request_reversal(
    case_id: str, order: ReversalRequest, services: ServicesDep, identity: CurrentIdentity
) -> Reversal:
    """Ask for an account to be unlocked or a refund to be reversed, on a closed case as well.

    Nothing happens before a manager who did not ask approves it. An effect has one request at a time.
    """
    return await services.reversals.request(case_id, order.undoes, order.reason, identity)


@router.post(
    "/{number}/decision",
    operation_id="decide_reversal",
    summary="Decide on a reversal",
    status_code=202,
    responses=documented(403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(ReversalDecision))],
)
async def decide_reversal(
    case_id: str,
    number: Annotated[int, Path(ge=1, description="The last part of the `reversal_id`")],
    order: ReversalDecision,
    services: ServicesDep,
    identity: CurrentIdentity,
) -> Reversal:
    """Approve or refuse, as a manager who did not ask. Who asked may reject, too: that withdraws the request."""
    return await services.reversals.decide(case_id, number, order.verdict, order.comment, identity)
