"""Reads new events of the log with their cases: once per process, for all watchers."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Engine, bindparam, select

from casebook.case_log import append
from casebook.database.transactions import Transactions
from casebook.errors import CaseNotFound
from casebook.queries import case_summary, case_view
from casebook.queries.tombstones import refuse_purged
from casebook.schema.base import table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from contracts.case import CaseEvent, CaseProgress, CaseSummary

_EVENT, _CASE = table_of(CaseEventRow).c, table_of(CaseRow).c
_TAIL = (
    select(*(_EVENT[name] for name in CaseEvent.model_fields))
    .where(_EVENT.seq > bindparam("seq"))
    .order_by(_EVENT.seq)
    .limit(bindparam("most"))
)
_PROGRESS = ("phase", "round", "specialists", "risk_score", "outcome")
_CASES = select(*(_CASE[name] for name in dict.fromkeys((*case_summary.SUMMARISED, *_PROGRESS)))).where(
    _CASE.case_id.in_(bindparam("cases", expanding=True))
)


@dataclass(frozen=True)
class LogChange:
    """One line of the log, and its case as it was when the line was read."""

    event: CaseEvent
    case: CaseSummary
    progress: CaseProgress


class ChangeDetector(Protocol):
    """Tells whether somebody has written, at next to no cost."""

    def changed(self) -> bool:
        """Whether anything may have been committed since the last time. Never waits: may be asked on an event loop."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class LogReader:
    """Reads the log behind a `seq`, one snapshot per look. Every method raises CasebookUnavailable."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def last_seq(self) -> int:
        """The newest event's `seq`; 0 when nothing has happened yet. Costs one row."""
        with self._transactions.read() as connection:
            return append.last_seq(connection)

    def changes_after(self, seq: int, limit: int) -> Sequence[LogChange]:
        """At most `limit` events after `seq`, in order; five statements however many there are."""
        with self._transactions.read() as connection:
            events = [append.read_event(row) for row in connection.execute(_TAIL, {"seq": seq, "most": limit})]
            if not events:
                return ()
            states = self._states(connection, {event.case_id for event in events})
            return [LogChange(event, *states[event.case_id]) for event in events]

    def case_state(self, case_id: str) -> tuple[CaseSummary, CaseProgress]:
        """The case's row and its progress, as of one instant. Raises CaseNotFound, CasePurged."""
        with self._transactions.read() as connection:
            states = self._states(connection, {case_id})
            if not states:
                refuse_purged(connection, case_id)
                raise CaseNotFound(case_id)
        return states[case_id]

    def _states(self, connection: Connection, cases: Collection[str]) -> Mapping[str, tuple[CaseSummary, CaseProgress]]:
        rows = connection.execute(_CASES, {"cases": sorted(cases)}).all()
        summarised = case_summary.summarise(connection, rows, self._transactions.now())
        return {row.case_id: (case, case_view.progress_of(row)) for row, case in zip(rows, summarised, strict=True)}

    def open_change_detector(self) -> ChangeDetector | None:
        """Tells what is written, by whatever process; None where the database cannot: then ask for `last_seq`."""
        with self._transactions.read() as connection:
            engine = connection.engine
            return _DataVersion(engine) if engine.dialect.name == "sqlite" else None


class _DataVersion:
    """SQLite's own: a number that changes, for one connection, when any other has committed. It reads no page."""

    def __init__(self, engine: Engine) -> None:
        pooled = engine.raw_connection()
        driver = pooled.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        # Its own from here on: it does not wait, as others of the pool do.
        pooled.detach()
        driver.execute("PRAGMA busy_timeout = 0")
        self._driver = driver
        self._version: object = None

    def changed(self) -> bool:
        try:
            version = self._driver.execute("PRAGMA data_version").fetchall()
        except sqlite3.DatabaseError:
            # Locked for a moment, or damaged: reading the log raises the error.
            return True
        before, self._version = self._version, version
        return version != before

    def close(self) -> None:
        self._driver.close()
