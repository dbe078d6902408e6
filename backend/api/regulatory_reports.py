"""`/api/cases/{case_id}/regulatory-report`: the form for authorities."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from backend.api.dependencies import CallerDep, CurrentIdentity, ServicesDep
from backend.auth.personal_data import FILE_MARK
from backend.http.problem import documented
from backend.http.report_html import report_html
from contracts.regulatory_report import RegulatoryReport

router = APIRouter(prefix="/api/cases/{case_id}/regulatory-report", tags=["exports"])

ReportFormat = Literal["json", "html"]


@router.get(
    "",
    operation_id="regulatory_report",
    summary="Report a case to an authority",
    response_model=RegulatoryReport,
    responses={
        200: {"description": "The form as JSON, or as a page to read and print", "content": {"text/html": {}}},
        **documented(403, 404, 409, 422, 503),
    },
)
async def regulatory_report(
    case_id: str,
    services: ServicesDep,
    identity: CurrentIdentity,
    caller: CallerDep,
    format: Annotated[ReportFormat, Query()] = "json",  # noqa: A002 as the export calls it
) -> Response:
    """Subject, activity, period, amounts, narrative, decision and actions, as the record has them.

    Each statement cites evidence, and what is not on record is named under `missing`. Of an open case it is a draft.
    """
    report = await services.workspace.regulatory_report(case_id, identity.subject)
    await services.accesses.took(identity.subject, "case_reported", case_id, format, {})
    await services.security.took("exported", identity.subject, caller.address, f"{case_id}, regulatory report")
    is_json = format == "json"
    return Response(
        report.model_dump_json(indent=1).encode() if is_json else report_html(report),
        media_type="application/json" if is_json else "text/html; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{report.case_id}-report-{FILE_MARK}.{format}"'},
    )
