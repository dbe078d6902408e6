"""A case that a command changes: SELECT … FOR UPDATE; its changes are written with the next event."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from casebook.errors import CaseClosed, CaseMerged, CaseNotFound, IllegalMove, OtherKind
from casebook.policy.lifecycle import MOVES
from casebook.projection.case_head import CHANGING, CaseHead
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from contracts.case import CaseState
from contracts.kinds import kind_of
from contracts.kinds.kind import KindSpec

_FIXED = ("case_id", "customer_id", "alert_type", "rule_id", "opened_seq")
_LOG = ("updated_at", "last_seq", "last_hash", "journal_entries", "journal_hash")


@dataclass(kw_only=True)
class LockedCase(CaseHead):
    """A case that nobody else changes until the transaction ends.

    What is set on it is written with the next event of its log: nothing about a case changes unlogged. Only the head of
    its journal of model calls, and how long a claim lasts, may be stored before that event comes.
    """

    case_id: str
    customer_id: int | None = None
    alert_type: str = ""
    rule_id: str | None = None
    opened_seq: int = 0
    updated_at: datetime | None = None
    last_seq: int = 0
    last_hash: str | None = None
    journal_entries: int = 0
    journal_hash: str | None = None
    _stored: dict[str, Any] | None = field(default=None, init=False, repr=False, compare=False)

    def loaded(self) -> "LockedCase":
        """The case, whose row holds what it says now."""
        self._stored = self._values()
        return self

    def store(self, connection: Connection) -> None:
        """Write what has changed; all of it for a case that has no row yet."""
        values, stored = self._values(), self._stored
        if stored is None:
            connection.execute(_OPEN, {"case_id": self.case_id, **(self.opened or {}), **_as_row(values)})
        else:
            changes = {name: value for name, value in values.items() if value != stored[name]}
            if not changes:
                return
            connection.execute(_STORE, {"of_case": self.case_id, **_as_row(changes)})
        self._stored = values

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _STORED}


_STORED = (*CHANGING, *_LOG)
_CASES = table_of(CaseRow)
_LOCK = (
    select(*(_CASES.c[name] for name in (*_FIXED, *_STORED)))
    .where(_CASES.c.case_id == bindparam("case_id"))
    .with_for_update()
)
_OPEN = insert(_CASES)
_STORE = update(_CASES).where(_CASES.c.case_id == bindparam("of_case"))


def lock_case(connection: Connection, case_id: str) -> LockedCase:
    """The case, locked until the transaction ends. Raises CaseNotFound."""
    row = connection.execute(_LOCK, {"case_id": case_id}).first()
    if row is None:
        raise CaseNotFound(case_id)
    return locked_in(row)


def locked_in(row: PlainRow) -> LockedCase:
    """The case in a row of its table that the caller has locked."""
    columns = {name: getattr(row, name) for name in (*_FIXED, *_STORED)}
    return LockedCase(**{**columns, "specialists": json.loads(row.specialists)}).loaded()


def refuse_other_kind(case_id: str, wanted: KindSpec) -> None:
    """Raises OtherKind for a case of another kind."""
    if kind_of(case_id) is not wanted:
        raise OtherKind(case_id, wanted.name)


def refuse_closed(case: LockedCase) -> None:
    """Raises CaseClosed when nothing about the case may change any more."""
    if case.outcome == "merged":
        raise CaseMerged(case.merged_into)
    if case.state == "closed":
        raise CaseClosed(case.outcome)


def refuse_move(case: LockedCase, target: CaseState) -> None:
    """Raises CaseClosed or IllegalMove when the lifecycle forbids the case to go to `target`."""
    refuse_closed(case)
    if target not in MOVES[_state(case)]:
        raise IllegalMove(case.case_id, case.state, target)


def _state(case: LockedCase) -> CaseState:
    state: Any = case.state
    return state


def _as_row(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"specialists": json.dumps(values["specialists"])} if "specialists" in values else values
