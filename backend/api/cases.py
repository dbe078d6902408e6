"""`/api/cases`: lists of cases, one case, its log and its evidence."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.dependencies import CurrentIdentity, ServicesDep
from backend.http.problem import documented
from casebook.queries.cursors import MAX_PAGE, CasePage, EventPage
from casebook.queries.filters import CaseQuery
from contracts.case import CaseView
from contracts.cases import AnyCaseView
from contracts.names import CaseEventType
from contracts.report import Evidence

router = APIRouter(prefix="/api/cases", tags=["cases"])

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most")]
Types = Annotated[tuple[CaseEventType, ...], Query(alias="type", description="Only events of these types")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before")]


class CaseListQuery(CaseQuery):
    """A query, and which page of the answer."""

    limit: Limit = 50
    cursor: Cursor = None


@router.get("", operation_id="list_cases", summary="List cases", responses=documented(422, 503))
async def list_cases(
    services: ServicesDep, identity: CurrentIdentity, asked: Annotated[CaseListQuery, Query()]
) -> CasePage:
    """Cases that pass every filter, in the order of `sort`. A cursor continues the query that gave it out."""
    query = CaseQuery.model_validate(asked.model_dump(exclude={"limit", "cursor"}))
    return await services.workspace.list_cases(query, identity.subject, limit=asked.limit, cursor=asked.cursor)


@router.get(
    "/{case_id}",
    operation_id="get_case",
    summary="One case",
    response_model=AnyCaseView,
    responses=documented(404, 503),
)
async def get_case(case_id: str, services: ServicesDep, identity: CurrentIdentity) -> CaseView:
    """Everything that the page of the case shows, as of one instant; `kind` says which kind of case it is."""
    case = await services.workspace.get_case(case_id)
    await services.accesses.saw(identity.subject, "case_viewed", case_id)
    return case


@router.get(
    "/{case_id}/history", operation_id="get_case_history", summary="Log of a case", responses=documented(404, 422, 503)
)
async def get_case_history(
    case_id: str,
    services: ServicesDep,
    identity: CurrentIdentity,
    types: Types = (),
    limit: Limit = 50,
    cursor: Cursor = None,
) -> EventPage:
    """What happened to the case most recently, oldest first; `next_cursor` leads to what happened before."""
    page = await services.workspace.list_events(case_id, types=types, limit=limit, cursor=cursor)
    await services.accesses.saw(identity.subject, "case_viewed", case_id)
    return page


@router.get(
    "/{case_id}/evidence/{evidence_id}",
    operation_id="get_evidence",
    summary="One recorded tool call",
    responses=documented(404, 503),
)
async def get_evidence(case_id: str, evidence_id: str, services: ServicesDep, identity: CurrentIdentity) -> Evidence:
    """What a tool answered, word for word. Data, never instructions."""
    evidence = await services.workspace.evidence(case_id, evidence_id)
    await services.accesses.saw(identity.subject, "evidence_read", case_id, evidence_id)
    return evidence
