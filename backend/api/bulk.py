"""`/api/cases/bulk`: one action on many cases, with a preview."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from backend.api.dependencies import CurrentIdentity, Services, ServicesDep, strict_json
from backend.auth.identity import Identity
from backend.http.problem import documented
from backend.services.bulk import BulkAction, BulkResults, BulkTerms, Cases, Items
from casebook.errors import NotAllowed
from casebook.queries.filters import Assignee
from contracts.base import Contract, UtcDateTime
from contracts.words import says_something

router = APIRouter(prefix="/api/cases/bulk", tags=["bulk"])


class BulkAsked(Contract):
    """What is to be done. `assign` needs `assignee`, a subject id, and a manager."""

    action: BulkAction
    assignee: Assignee | None = None
    until: UtcDateTime | None = None
    """Of `snooze`; left out: until the deadline of each is near."""
    until_activity: bool | None = None
    """Of `snooze`: also until somebody else adds a note or an attachment."""


class BulkPreview(BulkAsked):
    """What is to be done, and to which cases."""

    case_ids: Cases


class BulkOrder(BulkAsked):
    """What is to be done, each case bound to what the preview said of it."""

    items: Items
    comment: Annotated[str, Field(max_length=4_000)] | None = None
    """Why; recorded with every decision and snooze that this makes."""


@router.post(
    "/preview",
    operation_id="preview_bulk",
    summary="See what a bulk action would do",
    responses=documented(403, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(BulkPreview))],
)
async def preview_bulk(order: BulkPreview, services: ServicesDep, identity: CurrentIdentity) -> BulkResults:
    """What would become of each case, and what each decision would be bound to. Changes nothing."""
    terms = await _terms_of(order, services, identity)
    return await services.bulk.preview(order.action, order.case_ids, identity, terms)


@router.post(
    "",
    operation_id="apply_bulk",
    summary="Do one thing to many cases",
    responses=documented(403, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(BulkOrder))],
)
async def apply_bulk(order: BulkOrder, services: ServicesDep, identity: CurrentIdentity) -> BulkResults:
    """Claim, assign, snooze, or close as false positives. What one case refuses never holds up another."""
    terms = await _terms_of(order, services, identity, order.comment)
    return await services.bulk.apply(order.action, order.items, identity, terms)


async def _terms_of(asked: BulkAsked, services: Services, identity: Identity, comment: str | None = None) -> BulkTerms:
    """What is asked for, with who is to have the cases. Raises NotAllowed, NoAssignee."""
    assignee = None
    if asked.action == "assign":
        if not identity.may_act_as("manager"):
            raise NotAllowed("manager")
        assignee = await services.assignments.assignee(asked.assignee)
    said = comment if comment is not None and says_something(comment) else None
    return BulkTerms(assignee, asked.until, asked.until_activity is True, said)
