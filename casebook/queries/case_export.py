"""Exports of many cases: a page per transaction, in the order in which the cases were opened.

That order never changes, so each case comes once, whatever happens while an export is written; and nobody who reads
slowly keeps a transaction open.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.append import last_seq
from casebook.errors import CaseNotFound
from casebook.queries.case_list import ORDERS, PageQuery
from casebook.queries.case_summary import summarise
from casebook.queries.cursors import page_length
from casebook.queries.filters import CaseQuery
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from contracts.case import CaseSummary

_CASES = table_of(CaseRow).c
_OPENED = select(_CASES.opened_seq).where(_CASES.case_id == bindparam("case_id"))


@dataclass(frozen=True)
class ExportPosition:
    """How far an export has come, and where it ends."""

    began_at: datetime
    """Filters that are relative to the current time count from here."""
    after: int
    """`opened_seq` of the last case that was read; 0 before the first."""
    until: int
    """The newest event when the export began: later cases are not part of it."""


@dataclass(frozen=True)
class ExportPage:
    """Some cases of an export, as they were when they were read; `next` is None after the last."""

    items: Sequence[CaseSummary]
    next: ExportPosition | None


def begin_export(connection: Connection, after: str | None, now: datetime) -> ExportPosition:
    """Where an export begins: at the first case, or after the case `after`. Raises CaseNotFound."""
    begin = 0
    if after is not None:
        opened = connection.execute(_OPENED, {"case_id": after}).scalar()
        if opened is None:
            raise CaseNotFound(after)
        begin = opened
    return ExportPosition(now, begin, last_seq(connection))


def read_export(
    connection: Connection, query: CaseQuery, subject: str, position: ExportPosition, now: datetime, limit: int
) -> ExportPage:
    """The next cases of an export, at most `limit`. The order of `query` does not matter."""
    length = page_length(limit)
    in_order = query.model_copy(update={"sort": "opened"})
    pages = PageQuery(connection, in_order, ORDERS["opened"], subject, position.began_at)
    found = pages.rows((position.after,), length)
    rows = [row for row in found if row.opened_seq <= position.until]
    is_last = len(rows) < length
    return ExportPage(
        items=summarise(connection, rows, now),
        next=None if is_last else replace(position, after=rows[-1].opened_seq),
    )
