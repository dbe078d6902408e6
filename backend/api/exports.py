"""`/api/exports/cases`: many cases in one file."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import JsonValue

from backend.api.dependencies import CallerDep, CurrentIdentity, Services, ServicesDep
from backend.auth.personal_data import FILE_MARK
from backend.http.case_table import WRITERS, TableFormat, TableWriter
from backend.http.paged_download import PagedDownload
from backend.http.problem import documented
from casebook.queries.case_export import ExportPage
from casebook.queries.filters import CaseQuery
from contracts.ids import CaseId

router = APIRouter(prefix="/api/exports", tags=["exports"])


class CaseExportQuery(CaseQuery):
    """Which cases, and how they are written. Rows come in the order in which cases were opened, whatever `sort` is."""

    format: Annotated[TableFormat, Query(description="`csv` for spreadsheets, `jsonl` for programs")] = "csv"
    after: Annotated[CaseId | None, Query(description="Continue after this case, the last one of an earlier file")] = (
        None
    )


@router.get(
    "/cases",
    operation_id="export_cases",
    summary="Export many cases",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A file: CSV by RFC 4180 with formulas defused, or JSON Lines, each a `CaseSummary`",
            "content": {"text/csv": {}, "application/jsonl": {}},
        },
        **documented(403, 404, 422, 503),
    },
)
async def export_cases(
    services: ServicesDep, identity: CurrentIdentity, caller: CallerDep, asked: Annotated[CaseExportQuery, Query()]
) -> StreamingResponse:
    """All cases that pass every filter of the case list, however many, oldest first. Analysts and above.

    Each case comes once, as it is when it is read. Cases that are opened after the export began are not part of it.
    A file that was cut off is continued by `after`: the rows that follow, without the header, so that both parts
    make one file. The access record has each export, with its query and the number of rows.
    """
    query = CaseQuery.model_validate(asked.model_dump(exclude={"format", "after"}))
    begin = await services.workspace.begin_export(asked.after)
    # What is wrong from the start is answered as an error, and not within a file.
    first = await services.workspace.export_page(query, identity.subject, begin)
    detail: dict[str, JsonValue] = {"query": query.model_dump(mode="json", exclude_defaults=True), "after": asked.after}
    await services.accesses.took(identity.subject, "cases_export_began", None, asked.format, detail)
    await services.security.took("exported", identity.subject, caller.address, f"cases.{asked.format}")
    writer, sent = WRITERS[asked.format], _Sent()
    pages = _pages(services, query, identity.subject, first, writer, sent, with_header=asked.after is None)

    def ended() -> None:
        told = {**detail, "rows": sent.rows, "whole": sent.is_whole}
        services.accesses.ended(identity.subject, "cases_exported", asked.format, told)

    name = f"cases-{begin.began_at:%Y%m%dT%H%M%SZ}-{FILE_MARK}.{asked.format}"
    return PagedDownload(pages, name, writer.media_type, ended)


@dataclass
class _Sent:
    """How far a file has come."""

    rows: int = 0
    """Of pages that were sent, or begun to be."""
    is_whole: bool = False


async def _pages(
    services: Services,
    query: CaseQuery,
    subject: str,
    first: ExportPage,
    writer: TableWriter,
    sent: _Sent,
    *,
    with_header: bool,
) -> AsyncGenerator[bytes]:
    if with_header:
        yield writer.header
    page: ExportPage | None = first
    while page is not None:
        if page.items:
            sent.rows += len(page.items)
            yield writer.write(page.items)
        page = None if page.next is None else await services.workspace.export_page(query, subject, page.next)
    sent.is_whole = True
