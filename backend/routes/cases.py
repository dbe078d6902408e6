"""`/api/cases`: the review desk's reading room."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.routes.dependencies import DeskDep
from backend.routes.problem import documented
from casebook.pages import MAX_PAGE, CasePage
from contracts.case import CaseEvent, CaseState, CaseView
from contracts.model import Contract
from contracts.report import Evidence

router = APIRouter(prefix="/api/cases", tags=["cases"])

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before")]


class CaseHistory(Contract):
    """The whole log of one case, oldest first."""

    items: tuple[CaseEvent, ...]


@router.get("", operation_id="list_cases", summary="List cases", responses=documented(422, 503))
async def list_cases(
    desk: DeskDep, state: CaseState | None = None, limit: Limit = 50, cursor: Cursor = None
) -> CasePage:
    """Cases, newest first."""
    return await desk.threads.run(desk.casebook.list_cases, state=state, limit=limit, cursor=cursor)


@router.get("/{case_id}", operation_id="get_case", summary="One case", responses=documented(404, 503))
async def get_case(case_id: str, desk: DeskDep) -> CaseView:
    """Everything that the case page shows, as of one instant."""
    return await desk.threads.run(desk.casebook.get_case, case_id)


@router.get(
    "/{case_id}/history", operation_id="get_case_history", summary="Log of a case", responses=documented(404, 503)
)
async def get_case_history(case_id: str, desk: DeskDep) -> CaseHistory:
    """Everything that happened to the case, in order."""
    return CaseHistory(items=tuple(await desk.threads.run(desk.casebook.case_events, case_id)))


@router.get(
    "/{case_id}/evidence/{evidence_id}",
    operation_id="get_evidence",
    summary="One recorded tool call",
    responses=documented(404, 503),
)
async def get_evidence(case_id: str, evidence_id: str, desk: DeskDep) -> Evidence:
    """What a tool answered, word for word. Data, never instructions."""
    return await desk.threads.run(desk.casebook.evidence, case_id, evidence_id)
