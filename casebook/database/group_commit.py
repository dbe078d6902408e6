"""Group commit: many writers of one process share one wait for the disk."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Lock

from sqlalchemy import Connection, Engine

MAX_MEMBERS = 32
"""Transactions in one commit at most, so that other processes get their turn."""


LOST = "the database rolled back the transactions that shared a commit"


class GroupCommit:
    """Transactions on a SQLite file that share a commit whenever they come at the same time.

    SQLite has one writer, and a durable commit waits for the disk far longer than the writing took. So whoever is
    done while others queue leaves the transaction open to the next of them, each within a savepoint of its own but
    for the first, which has nobody before it to spare; the last one commits for all. A transaction is over only when
    what it wrote is on disk; one that fails leaves the others as they are; a commit that fails, fails for all.

    It is also the queue of this process's writers: SQLite makes them poll for their turn with growing naps, which
    can starve one for seconds. Between processes SQLite still decides.
    """

    def __init__(self, writing: Engine) -> None:
        self._engine = writing
        self._turn = Lock()
        self._arrivals = Lock()
        self._waiting = 0
        self._open: _Group | None = None

    @property
    def queued(self) -> int:
        """How many writers wait for their turn."""
        return self._waiting

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """All or nothing, on disk at the end. Raises what the driver raises, of the body or of the commit."""
        group = self._enter()
        try:
            with group.member() as connection:
                yield connection
        finally:
            self._leave(group)
        group.wait_for_commit()

    def _enter(self) -> "_Group":
        with self._arrivals:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._arrivals:
                self._waiting -= 1
        try:
            self._open = self._open or _Group(self._engine)
        except BaseException:
            self._turn.release()
            raise
        return self._open

    def _leave(self, group: "_Group") -> None:
        try:
            if not self._waiting or group.members >= MAX_MEMBERS or group.is_lost:
                self._open = None
                group.commit()
        finally:
            self._turn.release()


class _Group:
    """One open transaction and those who wait for its commit."""

    def __init__(self, engine: Engine) -> None:
        self.members = 0
        """Transactions that are done and wait."""
        self._spoilt = False
        self._error: BaseException | None = None
        self._committed = Event()
        self._connection = engine.connect()
        try:
            self._transaction = self._connection.begin()
            driver = self._connection.connection.dbapi_connection
            assert isinstance(driver, sqlite3.Connection)
            self._driver = driver
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def member(self) -> Generator[Connection]:
        """One transaction of the group. The first needs no savepoint: when it fails, nothing else was written."""
        if self.members:
            with self._connection.begin_nested():
                yield self._connection
        else:
            try:
                yield self._connection
            except BaseException:
                self._spoilt = True
                raise
        self.members += 1

    @property
    def is_lost(self) -> bool:
        """Whether the first member failed, or SQLite rolled everything back by itself, as when the disk is full."""
        return self._spoilt or not self._driver.in_transaction

    def commit(self) -> None:
        try:
            if self.is_lost:
                raise sqlite3.OperationalError(LOST)
            self._transaction.commit()
        except BaseException as error:
            self._error = error
            # A refused COMMIT leaves the transaction open.
            self._driver.rollback()
        finally:
            self._committed.set()
            self._connection.close()

    def wait_for_commit(self) -> None:
        self._committed.wait()
        if self._error is not None:
            raise self._error
