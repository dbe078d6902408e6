"""Appends to records of lines that belong to no case and are written once: the access record, the security log."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from contracts.accesses import Access
from contracts.hashing import canonical_json
from contracts.security import SecurityEvent


class Unwritten(Protocol):
    """A line that is yet to be written."""

    @property
    def once(self) -> str:
        """A line with the same value is the same line."""
        ...


UnwrittenT = TypeVar("UnwrittenT", bound=Unwritten)


class LineAppender(Generic[UnwrittenT]):
    """Writes to the table `lines`, whose end is in the one row of `head`; `chained` links a line to the one before."""

    def __init__(
        self,
        lines: Table[Any],
        head: Table[Any],
        chained: Callable[[str | None, int, UnwrittenT], Access | SecurityEvent],
    ) -> None:
        self._chained = chained
        self._lock = select(head.c.last_number, head.c.last_hash).where(head.c.id == 1).with_for_update()
        self._known = select(lines.c.once).where(lines.c.once.in_(bindparam("keys", expanding=True)))
        self._insert = insert(lines)
        self._advance = update(head).where(head.c.id == 1)

    def append(self, connection: Connection, given: Sequence[UnwrittenT]) -> int:
        """Append what is not on record yet, and return how many lines that were: four statements, however many."""
        if not given:
            return 0
        # Whoever appends waits here for the commit of the other: so the chain has one end.
        number, digest = connection.execute(self._lock).one()
        by_key = {each.once: each for each in given}
        for known in connection.scalars(self._known, {"keys": [*by_key]}):
            del by_key[known]
        if not by_key:
            return 0
        rows: list[dict[str, object]] = []
        for each in by_key.values():
            line = self._chained(digest, number + 1, each)
            number, digest = line.number, line.hash
            rows.append({**dict(line), "detail": canonical_json(line.detail)})
        connection.execute(self._insert, rows)
        connection.execute(self._advance.values(last_number=number, last_hash=digest))
        return len(rows)
