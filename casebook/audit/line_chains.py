"""Follows the chain of lines that belong to no case, from the first one to the recorded end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Select

from casebook.case_log.hash_chain import BrokenLink
from casebook.schema.base import PlainRow

FETCHED = 1_000
WRONG = "its content is not what was linked to the line before it"
UNREADABLE = "it cannot be read"


@dataclass
class LineAudit:
    """What was verified of one chain."""

    lines: int = 0
    """The number of the last line, which counts those that are no longer kept."""
    purged: int = 0
    """The number of the last line that is no longer kept."""
    broken: BrokenLink | None = None
    """The first invalid line, or row that a line speaks of; the number of a line stands for the `seq`."""
    digests: dict[int, str] = field(default_factory=dict[int, str])
    """For the last line, and for each that was asked for: its hash, which covers all lines before it."""


def follow_lines(
    connection: Connection,
    lines: "Select[*tuple[object, ...]]",
    end: "Select[*tuple[object, ...]]",
    why_invalid: Callable[[PlainRow, str | None], str | None],
    *,
    table: str,
    record: str,
    anchored: Iterable[int],
    case_of: Callable[[PlainRow], str] = lambda _: "",
    purged: tuple[int, str | None] = (0, None),
) -> LineAudit:
    """Verify a chain, with only a few lines in memory at a time; `record` is what people call it.

    `why_invalid`: why a row is not what follows the line with that hash; None when it is, and it may keep what it says.
    `purged`: the number and hash of the last line that is no longer kept.
    """
    audit, wanted = LineAudit(lines=purged[0], purged=purged[0]), frozenset(anchored)
    previous = purged[1]
    with connection.execute(lines) as rows:
        for row in rows:
            is_next = row.number == audit.lines + 1
            reason = why_invalid(row, previous) if is_next else f"line {audit.lines + 1} is missing before it"
            if reason is not None:
                audit.broken = broken_line(row, reason, table, case_of(row))
                return audit
            audit.lines, previous = row.number, row.hash
            if row.number in wanted:
                audit.digests[row.number] = row.hash
    if previous is not None:
        audit.digests[audit.lines] = previous
    head = connection.execute(end).one_or_none()
    if head is None or (head.last_number, head.last_hash) != (audit.lines, previous):
        known = "no end" if head is None else f"line {head.last_number} as its last"
        reason = f"the {record} ends with line {audit.lines}, but {known} is on record"
        audit.broken = BrokenLink("", audit.lines, reason, table)
    return audit


def broken_line(row: PlainRow, reason: str, table: str, case_id: str = "") -> BrokenLink:
    """The link that a line breaks."""
    return BrokenLink(case_id, row.number, reason, f"{table} '{row.number}'")
