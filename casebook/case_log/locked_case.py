"""A case that a step of the worker changes: all that such a step needs of its row, in one plain statement."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from casebook.errors import CaseNotFound
from casebook.schema.cases import CaseRow, table_of


@dataclass(kw_only=True)
class LockedCase:
    """A case that nobody else changes until the transaction ends, without what a mapped object costs.

    What is set on it is written with the next event of its log: nothing about a case changes unlogged. Only the head of
    its journal of model calls may be stored before that event comes.
    """

    case_id: str
    state: str
    phase: str
    round: int
    specialists: str
    rule_id: str | None
    risk_score: float | None
    risk_level: str | None
    recommended_action: str | None
    outcome: str | None
    due_at: datetime | None
    updated_at: datetime
    last_seq: int
    last_hash: str | None
    journal_entries: int
    journal_hash: str | None
    _stored: dict[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._stored = self._values()

    def store(self, connection: Connection) -> None:
        """Write what has changed."""
        values = self._values()
        changes = {name: value for name, value in values.items() if value != self._stored[name]}
        if not changes:
            return
        connection.execute(_STORE, {"held": self.case_id, **changes})
        self._stored = values

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS = tuple(each.name for each in fields(LockedCase) if each.init)
_CASES = table_of(CaseRow)
_HOLD = select(*(_CASES.c[name] for name in _COLUMNS)).where(_CASES.c.case_id == bindparam("case_id")).with_for_update()
_STORE = update(_CASES).where(_CASES.c.case_id == bindparam("held"))


def lock_case(connection: Connection, case_id: str) -> LockedCase:
    """The case, held until the transaction ends. Raises CaseNotFound."""
    row = connection.execute(_HOLD, {"case_id": case_id}).mappings().first()
    if row is None:
        raise CaseNotFound(case_id)
    return LockedCase(**row)
