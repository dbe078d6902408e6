"""The door of those who follow the log: what is new, and how the cases stand that it is about."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine, select

from casebook import log, reading, summaries
from casebook.tables import CaseRow
from casebook.transactions import Transactions
from contracts.case import CaseEvent, CaseProgress, CaseSummary


@dataclass(frozen=True)
class News:
    """One line of the log, and its case as it was when the line was read."""

    event: CaseEvent
    case: CaseSummary
    progress: CaseProgress


class Sign(Protocol):
    """Tells whether somebody has written, at next to no cost."""

    def changed(self) -> bool:
        """Whether anything may have been committed since the last time. Never waits: may be asked on an event loop."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Following:
    """Reads the log behind a `seq`, one snapshot per look. Every method raises CasebookUnavailable."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def last_seq(self) -> int:
        """The newest event's `seq`; 0 when nothing has happened yet. Costs one row."""
        with self._transactions.read() as session:
            return log.last_seq(session)

    def news_after(self, seq: int, limit: int) -> Sequence[News]:
        """At most `limit` events after `seq`, in order; four statements however many there are."""
        with self._transactions.read() as session:
            events = reading.events_after(session, seq, limit)
            if not events:
                return ()
            changed = {event.case_id for event in events}
            rows = session.scalars(select(CaseRow).where(CaseRow.case_id.in_(changed))).all()
            cases = summaries.summarise(session, rows, self._transactions.now())
            stands = {case.case_id: (case, reading.read_progress(session, case.case_id)) for case in cases}
            return [News(event, *stands[event.case_id]) for event in events]

    def standing(self, case_id: str) -> tuple[CaseSummary, CaseProgress]:
        """The case's row and its progress, as of one instant. Raises CaseNotFound."""
        with self._transactions.read() as session:
            summary = summaries.read_summary(session, case_id, self._transactions.now())
            return summary, reading.read_progress(session, case_id)

    def open_sign(self) -> Sign | None:
        """A sign of what is written, by whatever process; None where the database has none: then ask for `last_seq`."""
        with self._transactions.read() as session:
            engine = session.get_bind().engine
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
            # Locked for a moment, or broken: whoever reads the log now hears of it.
            return True
        before, self._version = self._version, version
        return version != before

    def close(self) -> None:
        self._driver.close()
