"""Many cases as text: CSV for spreadsheets, JSON Lines for programs."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.case import CaseSummary

TableFormat = Literal["csv", "jsonl"]
Cell = str | int | float | datetime | None

CSV_COLUMNS: Mapping[str, Callable[[CaseSummary], Cell]] = {
    "case_id": lambda case: case.case_id,
    "alert_id": lambda case: case.alert_id,
    "customer_id": lambda case: case.customer_id,
    "alert_type": lambda case: case.alert_type,
    "rule_id": lambda case: case.rule_id,
    "severity": lambda case: case.severity,
    "description": lambda case: case.description,
    "source": lambda case: case.source,
    "state": lambda case: case.state,
    "round": lambda case: case.round,
    "risk_score": lambda case: case.risk_score,
    "risk_level": lambda case: case.risk_level,
    "recommended_action": lambda case: case.recommendation,
    "outcome": lambda case: case.outcome,
    "disposition": lambda case: case.disposition,
    "reversed": lambda case: " ".join(case.reversed),
    "opened_at": lambda case: case.opened_at,
    "updated_at": lambda case: case.updated_at,
    "due_at": lambda case: case.due_at,
    "required_role": lambda case: None if case.review is None else case.review.required_role,
    "assignee": lambda case: None if case.claim is None else case.claim.assignee,
    "proposed_action": lambda case: None if case.proposal is None else case.proposal.action,
    "proposed_by": lambda case: None if case.proposal is None else case.proposal.approvals[0].approved_by,
    "last_seq": lambda case: case.last_seq,
    "alert_count": lambda case: case.alert_count,
    "assigned_to": lambda case: None if case.assignment is None else case.assignment.assigned_to,
    "kind": lambda case: case.kind,
}
"""Only ever added to, at the end: who reads by position reads the same for ever."""

_SEPARATORS = ",;|\"'\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029"
"""What may begin a new cell, for a reader that takes another separator, or no quotes."""
_BLANKS = " \\u00a0\\u1680\\u2000-\\u200d\\u202f\\u205f\\u2060\\u3000\\ufeff"
_FORMULA = "=+\\-@\\uff1d\\uff0b\\uff0d\\uff20\\x00-\\x1f"
"""What makes a spreadsheet calculate: also in their full widths, and as tab and carriage return."""
_BEGINS_FORMULA = re.compile(f"(?:^|(?<=[{_SEPARATORS}]))(?=[{_BLANKS}]*[{_FORMULA}])")


def defused(text: str) -> str:
    """The text with an apostrophe wherever a cell that begins there would be a formula. Source: OWASP, CSV injection.

    A cell begins at the start of the text, and for readers that split otherwise than this file is written, after any
    separator, quote or control character.
    """
    return _BEGINS_FORMULA.sub("'", text)


@dataclass(frozen=True)
class TableWriter:
    """Writes cases in one format."""

    media_type: str
    header: bytes
    """What the file begins with."""
    write: Callable[[Iterable[CaseSummary]], bytes]


def _csv_lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """RFC 4180: every cell in quotes, quotes doubled, lines ended by CR LF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([_said(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _said(cell: Cell) -> str | int | float | None:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%dT%H:%M:%S.%fZ}"
    return defused(cell) if isinstance(cell, str) else cell


def _csv_cases(cases: Iterable[CaseSummary]) -> bytes:
    return _csv_lines([read(case) for read in CSV_COLUMNS.values()] for case in cases)


def _json_lines(cases: Iterable[CaseSummary]) -> bytes:
    return b"".join(case.model_dump_json().encode() + b"\n" for case in cases)


WRITERS: Mapping[TableFormat, TableWriter] = {
    # With a byte order mark: without one, Excel does not take the file for UTF-8.
    "csv": TableWriter(
        "text/csv; charset=utf-8; header=present", b"\xef\xbb\xbf" + _csv_lines([CSV_COLUMNS]), _csv_cases
    ),
    "jsonl": TableWriter("application/jsonl; charset=utf-8", b"", _json_lines),
}
