"""Verifies when each person was assigned a case last: by the events that did it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.hash_chain import BrokenLink
from casebook.projection.assignments import Assigned
from casebook.queries.tombstones import PURGED_EVENTS
from casebook.schema.assignments import AssignmentTurnRow
from casebook.schema.base import table_of
from contracts.case import CaseEvent

_TURNS = table_of(AssignmentTurnRow)
_PURGED = select(PURGED_EVENTS.c.seq).where(PURGED_EVENTS.c.seq.in_(bindparam("numbers", expanding=True)))
_ALL = select(_TURNS).order_by(_TURNS.c.subject)


@dataclass
class TurnCheck:
    """Hears of each event, in any order, and compares what it heard with the rows."""

    said: dict[str, int] = field(default_factory=dict[str, int])
    """`seq` of the last assignment to each person, by the log."""

    def hear(self, event: CaseEvent) -> None:
        """Note an assignment."""
        subject = event.data.get("assigned_to") if event.type == Assigned.type else None
        if isinstance(subject, str):
            self.said[subject] = max(event.seq, self.said.get(subject, 0))

    def broken(self, connection: Connection) -> BrokenLink | None:
        """The first row that says something else than the log; None without one."""
        return next(self._faults(connection), None)

    def _faults(self, connection: Connection) -> Iterator[BrokenLink]:
        there = {row.subject: row.last_seq for row in connection.execute(_ALL)}
        purged = {*connection.execute(_PURGED, {"numbers": [*there.values()]}).scalars()}
        for subject in sorted({*there, *self.said}):
            last, said = there.get(subject), self.said.get(subject)
            # Of an event that was purged since, nobody knows any more what it said.
            if last in purged and (said or 0) < (last or 0):
                continue
            if last != said:
                reason = f"it says event {last}, but by the log {subject} was assigned a case last by event {said}"
                yield BrokenLink("", said or last or 0, reason, f"assignment_turn '{subject}'")
