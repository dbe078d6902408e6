"""Group commit: operations run at once, and are answered when their group is on disk.

One event loop runs every operation on one connection, inside a transaction that stays open while the previous group
is being synced to disk. After that, the open transaction is committed and synced as the next group. With a slow
disk the flusher thread waits, and groups become larger; a fast disk takes less time than switching threads.

Guarantees:
- an operation that raises leaves nothing behind, neither rows nor callbacks;
- `durable()` returns only when everything applied before the call is on disk (`full`) or in the log (`normal`);
- when a group cannot be written, or an operation fails half-way, the whole group is rolled back, every `durable()` on
  it raises GroupRolledBack, and `on_rollback` is called so that whatever is derived from the rows can be built anew.
  An operation that raises before it has written anything (a refusal) disturbs nobody.
"""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from local.scheduler.errors import SchedulerError, StoreDamaged, StoreFailed, StoreFull
from local.scheduler.failpoints import Failpoints
from local.scheduler.store.database import Database

T = TypeVar("T")
log = logging.getLogger("casewright.scheduler.group_commit")

CHECKPOINT_BYTES = 4 * 1024 * 1024
CHECKPOINT_EVERY = 128  # commits
LOG_LIMIT_BYTES = 64 * 1024 * 1024


def translate(error: sqlite3.Error | OSError) -> SchedulerError:
    """The store's error as the scheduler's."""
    text = str(error)
    if "full" in text or (isinstance(error, OSError) and error.errno == 28):
        return StoreFull()
    if "malformed" in text or "not a database" in text:
        return StoreDamaged(text)
    return StoreFailed(text)


# Under load, commits wait this long (seconds) for company: fewer, larger groups cost less.
GATHER_SECONDS = 0.0015
GATHER_FROM = 3  # calls that waited for the group before
FAST_FLUSH_SECONDS = 0.0005


class GroupRolledBack(StoreFailed):
    """Another operation's failure, or the disk, undid the group: this operation may be run again."""

    def __init__(self, cause: SchedulerError) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.code = cause.code


class _Group:
    """Operations that become durable together."""

    __slots__ = ("callbacks", "operations", "waiters")

    def __init__(self) -> None:
        self.operations = 0
        self.callbacks: list[Callable[[], None]] = []
        self.waiters: list[asyncio.Future[None]] = []


class GroupCommit:
    """The only way to change the store. Use from one event loop."""

    def __init__(
        self, database: Database, *, flush: bool, failpoints: Failpoints, on_rollback: Callable[[], None]
    ) -> None:
        """`flush` false answers after the commit to the log, without forcing it to disk."""
        self._database = database
        self._connection = database.connection
        self._flush = flush
        self._failpoints = failpoints
        self._on_rollback = on_rollback
        self._open = _Group()
        self._flushing: _Group | None = None
        self._scheduled = False
        self._last_size = 0
        self._flush_seconds = 0.0
        self._flusher = ThreadPoolExecutor(1, thread_name_prefix="scheduler-flush")
        self._checkpointer = ThreadPoolExecutor(1, thread_name_prefix="scheduler-checkpoint")
        self._checkpoint_connection: sqlite3.Connection | None = None
        self._checkpointing = False
        self.commits = 0
        self.operations = 0

    def apply(self, operation: Callable[[], T]) -> T:
        """Runs an operation now. Raises what it raises, sqlite errors as SchedulerError, after undoing it."""
        connection = self._connection
        group = self._open
        callbacks = len(group.callbacks)
        before = connection.total_changes
        try:
            if not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
            result = operation()
        except BaseException as error:
            del group.callbacks[callbacks:]
            refusal = isinstance(error, SchedulerError) and connection.in_transaction
            failure = translate(error) if isinstance(error, sqlite3.Error) else error
            if not (refusal and connection.total_changes == before):
                self._roll_back(failure if isinstance(failure, SchedulerError) else StoreFailed(repr(error)))
            if failure is not error:
                raise failure from error
            raise
        group.operations += 1
        self.operations += 1
        self._failpoints.hit("after-apply")
        if self._flushing is None:
            self._schedule_commit()
        return result

    def _schedule_commit(self) -> None:
        if self._scheduled:
            return
        self._scheduled = True
        loop = asyncio.get_running_loop()
        if self._last_size >= GATHER_FROM:
            loop.call_later(GATHER_SECONDS, self._commit)
        else:
            # One turn of the loop later than soon: the leases of what was just scheduled still join this group.
            loop.call_soon(loop.call_soon, self._commit)

    def on_durable(self, callback: Callable[[], None]) -> None:
        """Calls `callback` once the operation now running is durable; never if it is rolled back."""
        self._open.callbacks.append(callback)

    async def durable(self) -> None:
        """Waits until everything applied so far is durable; raises GroupRolledBack if it was rolled back."""
        group = self._open if self._open.operations else self._flushing
        if group is None:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        group.waiters.append(waiter)
        await waiter

    def _commit(self) -> None:
        self._scheduled = False
        group = self._open
        if not group.operations:
            return
        self._failpoints.hit("before-commit")
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(translate(error))
            return
        self._failpoints.hit("after-commit")
        self.commits += 1
        self._last_size = len(group.waiters)
        self._open = _Group()
        if not self._flush:
            self._finish(group)
            self._maybe_checkpoint()
            return
        if self._flush_seconds < FAST_FLUSH_SECONDS:
            self._force()
            self._finish(group)
            self._maybe_checkpoint()
            return
        self._flushing = group
        loop = asyncio.get_running_loop()
        self._flusher.submit(self._force_for, loop, group)

    def _force_for(self, loop: asyncio.AbstractEventLoop, group: _Group) -> None:
        self._force()
        loop.call_soon_threadsafe(self._flushed, group)

    def _force(self) -> None:
        begin = time.perf_counter()
        self._failpoints.hit("before-flush")
        try:
            self._database.flush()
        except OSError as error:
            # After a failed fsync nobody knows what is on disk. A fresh start reads what really is.
            log.critical("The disk did not accept the log (%s): the scheduler stops, start it again.", error)
            os._exit(1)
        self._failpoints.hit("after-flush")
        self._flush_seconds += ((time.perf_counter() - begin) - self._flush_seconds) * 0.1

    def _flushed(self, group: _Group) -> None:
        self._flushing = None
        self._finish(group)
        # What the callbacks have caused joins the next group; so does what arrives in this turn of the loop.
        if self._open.operations:
            self._schedule_commit()
        self._maybe_checkpoint()

    def _finish(self, group: _Group) -> None:
        for waiter in group.waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._failpoints.hit("after-answer")
        for callback in group.callbacks:
            try:
                callback()
            except Exception:
                log.exception("An callback of a committed operation failed.")

    def _roll_back(self, error: SchedulerError) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        group, self._open = self._open, _Group()
        log.error("%d operations were rolled back: %s", group.operations, error)
        self._on_rollback()
        for waiter in group.waiters:
            if not waiter.done():
                waiter.set_exception(GroupRolledBack(error))

    def _maybe_checkpoint(self) -> None:
        if self._checkpointing or self.commits % CHECKPOINT_EVERY or self._database.log_bytes() < CHECKPOINT_BYTES:
            return
        if self._database.log_bytes() > LOG_LIMIT_BYTES and not self._connection.in_transaction:
            # Under constant load the log is never quite empty and would grow for ever: stop for a moment.
            self._database.shrink_log()
            return
        self._checkpointing = True
        loop = asyncio.get_running_loop()
        loop.run_in_executor(self._checkpointer, self._checkpoint).add_done_callback(self._checkpointed)

    def _checkpoint(self) -> None:
        if self._checkpoint_connection is None:
            self._checkpoint_connection = self._database.checkpointer()
        self._failpoints.hit("during-checkpoint")
        try:
            self._checkpoint_connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            log.warning("The log could not be moved into the database yet: %s", error)

    def _checkpointed(self, done: asyncio.Future[None]) -> None:
        self._checkpointing = False
        if not done.cancelled() and done.exception():
            log.error("The checkpoint failed: %s", done.exception())

    async def close(self) -> None:
        """Commits and flushes what is open, then stops."""
        while self._open.operations or self._flushing:
            await self.durable()
        await asyncio.get_running_loop().run_in_executor(None, self._stop_threads)

    def _stop_threads(self) -> None:
        self._flusher.shutdown()
        self._checkpointer.shutdown()
        if self._checkpoint_connection is not None:
            self._checkpoint_connection.close()
