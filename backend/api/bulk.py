"""`/api/cases/bulk`: one action on many cases, with a preview."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from backend.api.dependencies import CurrentIdentity, Services, ServicesDep, strict_json
from backend.auth.identity import Identity
from backend.http.problem import documented
from backend.services.bulk import BulkAction, BulkResults, Cases, Items
from backend.services.errors import NoAssignee
from casebook.errors import NotAllowed
from casebook.queries.filters import Assignee
from contracts.base import Contract

router = APIRouter(prefix="/api/cases/bulk", tags=["bulk"])


class BulkPreview(Contract):
    """What is to be done, and to which cases. `assign` needs `assignee`, a subject id, and a manager."""

    action: BulkAction
    case_ids: Cases
    assignee: Assignee | None = None


class BulkOrder(Contract):
    """What is to be done, each case bound to what the preview said of it."""

    action: BulkAction
    items: Items
    assignee: Assignee | None = None
    comment: Annotated[str, Field(max_length=4_000)] | None = None
    """Why; recorded with every decision that this makes."""


@router.post(
    "/preview",
    operation_id="preview_bulk",
    summary="See what a bulk action would do",
    responses=documented(403, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(BulkPreview))],
)
async def preview_bulk(order: BulkPreview, services: ServicesDep, identity: CurrentIdentity) -> BulkResults:
    """What would become of each case, and what each decision would be bound to. Changes nothing."""
    _require_assignment(order.action, order.assignee, services, identity)
    return await services.bulk.preview(order.action, order.case_ids, identity)


@router.post(
    "",
    operation_id="apply_bulk",
    summary="Do one thing to many cases",
    responses=documented(403, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(BulkOrder))],
)
async def apply_bulk(order: BulkOrder, services: ServicesDep, identity: CurrentIdentity) -> BulkResults:
    """Claim, assign, or close as false positives. What one case refuses never holds up another."""
    _require_assignment(order.action, order.assignee, services, identity)
    return await services.bulk.apply(
        order.action, order.items, identity, assignee=order.assignee, comment=order.comment
    )


def _require_assignment(action: BulkAction, assignee: str | None, services: Services, identity: Identity) -> None:
    if action != "assign":
        return
    if not identity.may_act_as("manager"):
        raise NotAllowed("manager")
    able = [person.subject for person in services.authenticator.personas if person.may_act_as("analyst")]
    if assignee not in able:
        raise NoAssignee(able)
