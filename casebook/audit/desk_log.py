"""Verifies the desk log: its chain from the first line on, and what is there now against what it says last."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Connection, select

from casebook.case_log.desk_chain import Values, change_hash
from casebook.case_log.hash_chain import BrokenLink
from casebook.queries.assignments import SETTING, setting_values
from casebook.queries.desk_log import change_in
from casebook.queries.saved_views import view_values
from casebook.schema.assignments import AssignmentSettingRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.desk_log import DeskChangeRow, DeskLogHead
from casebook.schema.workspace import SavedViewRow
from contracts.desk_log import DeskChange
from contracts.hashing import canonical_json, content_hash

FETCHED = 1_000
ROW = "desk_change"

Key: TypeAlias = tuple[str | None, str]
"""Whose it is, and what it is called."""

_CHANGES, _HEAD, _VIEWS = table_of(DeskChangeRow), table_of(DeskLogHead), table_of(SavedViewRow)
_ALL = select(_CHANGES).order_by(_CHANGES.c.number).execution_options(yield_per=FETCHED)
_END = select(_HEAD).where(_HEAD.c.id == 1)
_SETTING = select(table_of(AssignmentSettingRow))
_EACH_VIEW = select(_VIEWS).order_by(_VIEWS.c.subject, _VIEWS.c.name)


@dataclass
class DeskAudit:
    """What was verified of the desk log."""

    lines: int = 0
    last_hash: str | None = None
    broken: BrokenLink | None = None
    """The first invalid line or row; the number of a line stands for the `seq`."""
    digests: dict[int, str] = field(default_factory=dict[int, str])
    """For the last line, and for each that was asked for: its hash, which covers all lines before it."""


def verify_desk_log(connection: Connection, anchored: Iterable[int] = ()) -> DeskAudit:
    """Follow the chain from the first line to the recorded end, and compare what there is with what it says last."""
    audit, wanted = DeskAudit(), frozenset(anchored)
    said: dict[Key, tuple[int, str | None]] = {}
    with connection.execute(_ALL) as rows:
        for row in rows:
            change, reason = _next_in(row, audit)
            if change is None:
                audit.broken = BrokenLink("", row.number, reason, f"{ROW} '{row.number}'")
                return audit
            audit.lines, audit.last_hash = change.number, change.hash
            said[change.owner, change.name] = (change.number, _digest(change.after))
            if change.number in wanted:
                audit.digests[change.number] = change.hash
    if audit.last_hash is not None:
        audit.digests[audit.lines] = audit.last_hash
    audit.broken = _broken_end(connection, audit) or next(_other_than_said(connection, said), None)
    return audit


def _next_in(row: PlainRow, audit: DeskAudit) -> tuple[DeskChange | None, str]:
    """The line, or why it is not the next one."""
    if row.number != audit.lines + 1:
        return None, f"line {audit.lines + 1} is missing before it"
    try:
        change = change_in(row)
    except (ValueError, TypeError):
        return None, "it cannot be read"
    written = (row.before, row.after) == tuple(_written(values) for values in (change.before, change.after))
    if not written or row.hash != change_hash(audit.last_hash, change):
        return None, "its content is not what was linked to the line before it"
    return change, ""


def _broken_end(connection: Connection, audit: DeskAudit) -> BrokenLink | None:
    head = connection.execute(_END).one_or_none()
    if head is not None and (head.last_number, head.last_hash) == (audit.lines, audit.last_hash):
        return None
    end = "no end" if head is None else f"line {head.last_number} as its last"
    return BrokenLink("", audit.lines, f"the desk log ends with line {audit.lines}, but {end} is on record", ROW)


def _other_than_said(connection: Connection, said: dict[Key, tuple[int, str | None]]) -> Iterator[BrokenLink]:
    """What is not as the log says last. Of what it never speaks of, older releases made it."""
    there = dict(_what_is_there(connection))
    for key, (number, digest) in said.items():
        if there.get(key) != digest:
            yield BrokenLink("", number, f"what is there now is not what line {number} says", _place(key))


def _what_is_there(connection: Connection) -> Iterator[tuple[Key, str | None]]:
    for row in connection.execute(_EACH_VIEW):
        yield (row.subject, row.name), _digest_of(row, view_values)
    for row in connection.execute(_SETTING):
        yield (None, SETTING), _digest_of(row, setting_values)


def _digest_of(row: PlainRow, values_of: Callable[[PlainRow], Values]) -> str | None:
    try:
        return _digest(values_of(row))
    except (ValueError, TypeError):
        return "unreadable"


def _place(key: Key) -> str:
    owner, name = key
    return f"{name}_setting" if owner is None else f"saved_view '{name}' of {owner}"


def _digest(values: Values) -> str | None:
    return None if values is None else content_hash(dict(values))


def _written(values: Values) -> str | None:
    return None if values is None else canonical_json(dict(values))
