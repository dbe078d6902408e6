"""`/api/cases/{case_id}/audit` and `/export`: verifies the record of a case, and exports it."""

from collections.abc import Mapping
from functools import partial
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import CallerDep, CurrentIdentity, MayReveal, ServicesDep
from backend.auth.personal_data import FILE_MARK
from backend.http.case_html import write_html
from backend.http.problem import documented
from casebook.audit.export import write_json
from contracts.base import Contract
from contracts.case import CaseEvent, RefusedTransition
from contracts.ids import Hash

router = APIRouter(prefix="/api/cases/{case_id}", tags=["cases"])

ExportFormat = Literal["json", "html"]

_MEDIA_TYPES: Mapping[ExportFormat, str] = {"json": "application/json", "html": "text/html; charset=utf-8"}


class BrokenRecord(Contract):
    """The first thing in the record of a case that is not as its log says."""

    seq: int
    """Of the invalid event, or of the event that made the invalid row; of a line of the access record its number."""
    row: str
    """`event`, or a table and a key."""
    reason: str


class CaseAudited(Contract):
    """Whether everything about a case is as its log says, and a page of the log."""

    events: tuple[CaseEvent, ...]
    """The newest, or those before another page; oldest first."""
    next_cursor: str | None
    """Leads to the events before these."""
    intact: bool
    broken: BrokenRecord | None
    head: Hash | None
    """Hash of the last event that follows from those before it."""
    refused: tuple[RefusedTransition, ...]
    """Steps that were refused because nothing on record justified them, so that nothing was done. One line
    per kind, and there are few kinds."""


@router.get(
    "/audit",
    operation_id="audit_case",
    summary="Verify a case",
    responses=documented(404, 422, 503),
    dependencies=[MayReveal],
)
async def audit_case(
    case_id: str, services: ServicesDep, identity: CurrentIdentity, limit: Limit = 50, cursor: Cursor = None
) -> CaseAudited:
    """Verify every event of the case against the one before it, and every row of it against the log.

    All of it is verified, whichever page of `events` is asked for.
    """
    audited = await services.workspace.audit_case(case_id, limit=limit, cursor=cursor)
    refused = await services.workspace.refusals(case_id)
    await services.accesses.saw(identity.subject, "case_viewed", case_id)
    found = audited.broken
    return CaseAudited(
        events=audited.events,
        next_cursor=audited.next_cursor,
        intact=found is None,
        broken=None if found is None else BrokenRecord(seq=found.seq, row=found.row, reason=found.reason),
        head=audited.head,
        refused=refused,
    )


@router.get(
    "/export",
    operation_id="export_case",
    summary="Export a case",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A file: JSON that `scripts/verify-case-log --export` verifies, or a page to read and print",
            "content": {"application/json": {}, "text/html": {}},
        },
        **documented(404, 422, 503),
    },
)
async def export_case(
    case_id: str,
    services: ServicesDep,
    identity: CurrentIdentity,
    caller: CallerDep,
    format: ExportFormat = "json",  # noqa: A002
) -> StreamingResponse:
    """Everything about the case in one file that needs neither this casebook nor the scheduler. Analysts and above.

    Its hashes are those of what is on record, so nothing in it is masked; the page says so, and who made it.
    """
    snapshot = await services.workspace.snapshot(case_id)
    await services.accesses.took(identity.subject, "case_exported", case_id, format, {})
    await services.security.took("exported", identity.subject, caller.address, f"{case_id}.{format}")
    read_file = partial(services.workspace.blocking.read_attachment, case_id)
    is_json = format == "json"
    name = f"{snapshot.case.case_id}-{FILE_MARK}.{format}"
    return StreamingResponse(
        write_json(snapshot, read_file) if is_json else write_html(snapshot, read_file, identity.subject),
        media_type=_MEDIA_TYPES[format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
