"""`/api/cases/{case_id}/accesses` and `/api/accesses`: who saw what. Managers only."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import CurrentIdentity, ServicesDep
from backend.http.problem import documented
from contracts.accesses import AccessPage

router = APIRouter(tags=["accesses"])

Subject = Annotated[
    str | None, Query(min_length=1, max_length=200, description="Only what this person saw, by subject id")
]


@router.get(
    "/api/cases/{case_id}/accesses",
    operation_id="list_case_accesses",
    summary="Who saw a case",
    responses=documented(403, 404, 422, 503),
)
async def list_case_accesses(
    case_id: str, services: ServicesDep, identity: CurrentIdentity, limit: Limit = 50, cursor: Cursor = None
) -> AccessPage:
    """The newest views and exports of the case, oldest first; `next_cursor` leads to those before them."""
    page = await services.access_record.of_case(case_id, limit=limit, cursor=cursor)
    await services.accesses.saw(identity.subject, "accesses_read", case_id)
    return page


@router.get(
    "/api/accesses",
    operation_id="list_accesses",
    summary="Who saw what",
    responses=documented(403, 422, 503),
)
async def list_accesses(
    services: ServicesDep,
    identity: CurrentIdentity,
    subject: Subject = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AccessPage:
    """The newest views and exports of all cases, or of one person, those of many cases at once included."""
    page = await services.access_record.list(subject, limit=limit, cursor=cursor)
    await services.accesses.saw(identity.subject, "accesses_read", None, subject)
    return page
