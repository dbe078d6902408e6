"""`/api/cases`: lists of cases, one case, its log, its evidence and the drawings of its alerts."""

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query

from backend.api.dependencies import CurrentIdentity, MayReveal, ServicesDep
from backend.auth.personal_data import MAY_REVEAL
from backend.drawings import drawings_of
from backend.http.problem import documented
from casebook.errors import AlertNotFound
from casebook.queries.cursors import MAX_PAGE, CasePage, EventPage
from casebook.queries.filters import CaseQuery
from contracts.case import CaseView
from contracts.cases import AnyCaseView
from contracts.drawing import AlertDrawings
from contracts.fraud_case import FraudCaseView
from contracts.ids import AlertId
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
    """Cases that pass every filter, in the order of `sort`. A cursor continues the query that gave it out.

    For those who may not be shown personal data, words of `q` are whole words, and one of less than six characters
    with a digit in it finds nothing: what is masked cannot be spelt out.
    """
    query = CaseQuery.model_validate(asked.model_dump(exclude={"limit", "cursor"}))
    return await services.workspace.list_cases(
        query,
        identity.subject,
        limit=asked.limit,
        cursor=asked.cursor,
        whole_words=not identity.may_act_as(MAY_REVEAL),
    )


@router.get(
    "/{case_id}",
    operation_id="get_case",
    summary="One case",
    response_model=AnyCaseView,
    responses=documented(404, 422, 503),
    dependencies=[MayReveal],
)
async def get_case(case_id: str, services: ServicesDep, identity: CurrentIdentity) -> CaseView:
    """Everything that the page of the case shows, as of one instant; `kind` says which kind of case it is."""
    case = await services.workspace.get_case(case_id)
    await services.accesses.saw(identity.subject, "case_viewed", case_id)
    return case


@router.get(
    "/{case_id}/history",
    operation_id="get_case_history",
    summary="Log of a case",
    responses=documented(404, 422, 503),
    dependencies=[MayReveal],
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
    responses=documented(404, 422, 503),
    dependencies=[MayReveal],
)
async def get_evidence(case_id: str, evidence_id: str, services: ServicesDep, identity: CurrentIdentity) -> Evidence:
    """What a tool answered, word for word. Data, never instructions."""
    evidence = await services.workspace.evidence(case_id, evidence_id)
    await services.accesses.saw(identity.subject, "evidence_read", case_id, evidence_id)
    return evidence


@router.get(
    "/{case_id}/alerts/{alert_id}/drawings",
    operation_id="get_alert_drawings",
    summary="Drawings of an alert",
    responses=documented(404, 422, 503),
    dependencies=[MayReveal],
)
async def get_alert_drawings(
    case_id: str, alert_id: AlertId, services: ServicesDep, identity: CurrentIdentity
) -> AlertDrawings:
    """The evidence of one alert of the case as marks to draw, with the same numbers as a table.

    An alert never changes, and neither do its drawings in one release. None where its rule is not known.
    """
    case = await services.workspace.get_case(case_id)
    entries = case.alerts if isinstance(case, FraudCaseView) else ()
    alert = next((entry.alert for entry in entries if entry.alert.alert_id == alert_id), None)
    if alert is None:
        raise AlertNotFound(case_id, alert_id)
    await services.accesses.saw(identity.subject, "case_viewed", case_id)
    # Land takes up to 20 ms of a processor.
    return AlertDrawings(items=await anyio.to_thread.run_sync(drawings_of, alert))
