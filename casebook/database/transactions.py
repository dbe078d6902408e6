"""Transactions on the casebook, shared by all facades."""

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from casebook.database.driver_errors import translate_driver_errors
from casebook.database.engine import for_reading, for_writing
from casebook.database.group_commit import MAX_MEMBERS, GroupCommit
from casebook.database.health import CasebookHealth, probe
from casebook.database.time_limits import ending_after
from casebook.errors import CasebookCorrupt, CasebookUnavailable

log = logging.getLogger("casewright.casebook")

WAL_TRIES = 100
"""To empty SQLite's write-ahead log between the reads of others."""
WAL_PAUSE_S = 0.05


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


class Transactions:
    """Opens reading and writing transactions on one engine, from any thread.

    One per engine and process: on SQLite, writers that come at the same time share a commit.
    """

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime] = utc_now, read_limit_s: float | None = None
    ) -> None:
        """`read_limit_s`: how long a statement of a read may take, where people wait for it; None: for ever."""
        self._engine = engine
        self._read_limit_s = read_limit_s
        self._writing = for_writing(engine)
        self._reading = for_reading(engine)
        self.holds_erased = False
        """Whether SQLite's write-ahead log holds what was erased."""
        self.now = clock
        """The time that goes into the record."""
        self.health = CasebookHealth()
        """Whether the last writes succeeded."""
        self._hooks: list[Callable[[], object]] = []
        self._group = GroupCommit(self._writing) if engine.dialect.name == "sqlite" else None

    @contextmanager
    def write(self) -> Generator[Connection]:
        """All or nothing, on disk at the end. Raises CasebookUnavailable when the database fails."""
        with self._written() as connection:
            yield connection
        self.health.clear()
        for hook in tuple(self._hooks):
            try:
                hook()
            except Exception:
                # What was written is on disk: the writer must not hear of a failure.
                log.exception("A hook failed after a commit.")

    @contextmanager
    def write_apart(self) -> Generator[Connection]:
        """The same for what is no part of any case: nobody who follows the log hears of it."""
        with self._written() as connection:
            yield connection
        self.health.clear()

    @contextmanager
    def on_commit(self, hook: Callable[[], object]) -> Generator[None]:
        """Inside, `hook` is called after every transaction of this process that wrote and is on disk.

        On the thread that wrote, which waits for it: a hook only passes the word on, as `call_soon_threadsafe` does.
        Writes of other processes do not call it.
        """
        self._hooks.append(hook)
        try:
            yield
        finally:
            self._hooks.remove(hook)

    def empty_wal(self) -> bool:
        """Write the write-ahead log back and empty it: it holds no earlier state of what was erased any more.

        False where a reader, such as a long export, still needs it after `WAL_TRIES`: nobody who writes is kept waiting
        for its end, and `holds_erased` says so, until the log has been emptied. PostgreSQL looks after its own.
        """
        for _ in range(WAL_TRIES):
            self.holds_erased = not self._try_to_empty_wal()
            if not self.holds_erased:
                return True
            time.sleep(WAL_PAUSE_S)
        log.warning("The write-ahead log is in use: what was erased is gone from it later.")
        return False

    def _try_to_empty_wal(self) -> bool:
        if self._group is None:
            return True
        with translate_driver_errors(self._engine), self._engine.connect() as connection:
            (patience,) = connection.exec_driver_sql("PRAGMA busy_timeout").one()
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
            try:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(patience)}")
        return not busy

    def probe(self) -> None:
        """Write next to nothing, to learn whether it can be done. Raises CasebookUnavailable."""
        with self._written() as connection:
            probe(connection)
        self.health.clear_by_probe()

    @contextmanager
    def _written(self) -> Generator[Connection]:
        transaction = self._writing.begin() if self._group is None else self._group.transaction()
        try:
            with translate_driver_errors(self._engine), transaction as connection:
                yield connection
        except CasebookUnavailable as fault:
            self.health.note(fault)
            raise

    @contextmanager
    def read(self) -> Generator[Connection]:
        """One snapshot, however many statements. Raises CasebookUnavailable when the database fails, CasebookTooSlow
        when it takes longer than a read may."""
        try:
            with (
                translate_driver_errors(self._engine),
                self._reading.begin() as connection,
                ending_after(connection, self._read_limit_s),
            ):
                yield connection
        except CasebookCorrupt as fault:
            self.health.note(fault)
            raise

    @property
    def callers_at_once(self) -> int:
        """How many threads are of use at a time: writers of SQLite share a commit, a server has a connection each."""
        return 8 if self._group is None else MAX_MEMBERS

    @property
    def queued_writers(self) -> int:
        """How many of this process's writers wait for their turn; 0 on databases that have many writers."""
        return 0 if self._group is None else self._group.queued
