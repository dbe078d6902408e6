"""`/api/cases/{case_id}/preview`: what an approval would do now."""

from fastapi import APIRouter, Depends

from backend.api.dependencies import ServicesDep, strict_json
from backend.http.problem import documented
from contracts.actions import RecommendedAction
from contracts.base import Contract
from contracts.preview import EffectPreview, preview_sentence
from contracts.refunds import ChosenRefunds

router = APIRouter(tags=["workflow"])


class PreviewRequest(Contract):
    """An action that could be approved; `refunds` as in a decision."""

    action: RecommendedAction
    refunds: ChosenRefunds | None = None


class PreviewResponse(Contract):
    """What the customer store would do now. It is no promise: the store is asked again when an approval is carried out.

    Charges that are `left_out` cannot be refunded as they are to be: an approval that names one of them does nothing,
    and is asked again.
    """

    sentence: str
    preview: EffectPreview
    approvals_required: int | None
    """How many people must approve it, with these refunds; null: nobody is being asked."""


@router.post(
    "/api/cases/{case_id}/preview",
    operation_id="preview_action",
    summary="See what an approval would do now",
    responses=documented(403, 404, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(PreviewRequest))],
)
async def preview_action(case_id: str, order: PreviewRequest, services: ServicesDep) -> PreviewResponse:
    """A dry run: asks the customer store what it would do, and changes nothing."""
    needed = await services.previews.approvals_required(case_id, order.action, order.refunds)
    found = await services.previews.preview(case_id, order.action, order.refunds)
    return PreviewResponse(sentence=preview_sentence(found), preview=found, approvals_required=needed)
