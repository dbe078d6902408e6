"""The scheduler without its network side: wires store, group commit, dispatcher, timers and housekeeping."""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from local.scheduler.dispatch.dispatcher import LEASE_CHECK_SECONDS, Dispatcher
from local.scheduler.errors import HubNotFound, SchedulerError, StoreDamaged, StoreFull
from local.scheduler.failpoints import Failpoints
from local.scheduler.operations import instances, timers
from local.scheduler.operations.completion import remove_instance
from local.scheduler.operations.context import Limits, OperationContext
from local.scheduler.store.database import Database
from local.scheduler.store.group_commit import GroupCommit, GroupRolledBack, translate
from local.scheduler.store.interface import Reader
from local.scheduler.store.sqlite import SqliteReader, SqliteStore
from runtime.files import close_to_others

T = TypeVar("T")
CLOCK_CHECK_SECONDS = 5.0
"""How often timers look at the clock: it may be set meanwhile, and a machine that sleeps is late."""
log = logging.getLogger("casewright.scheduler")

DAY = 86_400 * 1_000_000
FULL_DISK_RETRIES = 5
FULL_DISK_PAUSE_S = 1.0
"""Between two attempts: a disk tells nobody that there is room again."""
ROLLBACK_RETRIES = 3
PURGE_PART = 100


class Options(NamedTuple):
    """How a scheduler runs. Times in seconds, sizes in bytes."""

    data: Path
    durable: bool = True
    grace: float = 30.0
    ping_seconds: float = 30.0
    max_deliveries: int = 10
    retain_days: float | None = None
    auto_hubs: bool = True
    message_limit: int = 4 * 1024 * 1024
    payload_limit: int = 1024 * 1024
    failpoint: str | None = None


def utc_micros() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


class Engine:
    """One scheduler. Create, `await start()`, use from the same event loop, `await stop()`."""

    def __init__(self, options: Options, clock: Callable[[], int] = utc_micros) -> None:
        """Opens the data folder; raises CannotOpen."""
        self.options = options
        self.clock = clock
        self._limits = Limits(options.message_limit, options.payload_limit)
        self.database = Database(options.data)
        self._store = SqliteStore(self.database.connection, self.database.first_key)
        failpoints = Failpoints(options.failpoint)
        self._failpoints = failpoints
        self.group_commit = GroupCommit(
            self.database, flush=options.durable, failpoints=failpoints, on_rollback=self._on_rollback
        )
        self.dispatcher = Dispatcher(
            self.group_commit, self.new_context, grace=options.grace, ping_seconds=options.ping_seconds,
            max_deliveries=options.max_deliveries, failpoints=failpoints, on_due=self._on_due,
        )  # fmt: skip
        self._hubs: dict[str, int] = {}
        self._reader_thread = ThreadPoolExecutor(1, thread_name_prefix="scheduler-reader")
        self._read_connection = self.database.reader()
        self._reader: Reader = SqliteReader(self._read_connection)
        self._due = asyncio.Event()
        self._next_due: int | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._rebuilding = False
        self._heartbeat = options.data / "heartbeat"

    def new_context(self) -> OperationContext:
        """The surroundings of one operation."""
        return OperationContext(self._store, self.clock(), self._limits)

    # -- operations -------------------------------------------------------------------------------------------------

    async def perform(self, operation: Callable[[OperationContext], T]) -> T:
        """Runs an operation and returns when it is durable; raises SchedulerError."""
        for attempt in range(ROLLBACK_RETRIES + 1):
            result = self.dispatcher.perform(operation)
            try:
                await self.group_commit.durable()
            except GroupRolledBack as rolled_back:
                if attempt == ROLLBACK_RETRIES or isinstance(rolled_back.cause, (StoreFull, StoreDamaged)):
                    raise
            else:
                return result
        raise AssertionError("unreachable")

    async def persist(self, operation: Callable[[OperationContext], bool], token: str) -> None:
        """Stores a worker's result. A worker reports only once, so a full disk is waited out for a while."""
        for attempt in range(FULL_DISK_RETRIES + 1):
            try:
                self.dispatcher.perform(operation)
                self.dispatcher.complete(token)
                await self.group_commit.durable()
            except (StoreFull, GroupRolledBack):
                if attempt == FULL_DISK_RETRIES:
                    self.dispatcher.abandon(token)
                    raise
                await asyncio.sleep(FULL_DISK_PAUSE_S)
            except Exception:
                self.dispatcher.abandon(token)
                raise
            else:
                return

    async def lookup(self, look: Callable[[OperationContext], T]) -> T:
        """Reads something; what is returned is durable. Raises SchedulerError."""
        with _translated():
            result = look(self.new_context())
        await self.group_commit.durable()
        return result

    async def read(self, query: Callable[[Reader], T]) -> T:
        """Runs a long read beside the writer; sees everything that was answered before. Raises SchedulerError."""
        await self.group_commit.durable()
        with _translated():
            result = await asyncio.get_running_loop().run_in_executor(self._reader_thread, query, self._reader)
        await self.group_commit.durable()
        return result

    # -- task hubs --------------------------------------------------------------------------------------------------

    async def hub(self, name: str) -> int:
        """The key of a task hub, created on first use if that is allowed; raises HubNotFound."""
        key = self._hubs.get(name)
        if key is not None:
            return key
        if not self.options.auto_hubs:
            raise HubNotFound(name)
        return await self.create_hub(name)

    async def create_hub(self, name: str) -> int:
        """Creates a task hub, unless it exists."""
        if name not in self._hubs:
            key = self.dispatcher.perform(lambda context: context.store.insert_hub(name, context.now))
            self._hubs[name] = key
            try:
                await self.group_commit.durable()
            except SchedulerError:
                self._hubs.pop(name, None)
                raise
        return self._hubs[name]

    async def delete_hub(self, name: str) -> None:
        """Deletes a task hub with everything in it; raises HubNotFound."""
        key = self._hubs.pop(name, None)
        if key is None:
            raise HubNotFound(name)
        while await self.perform(lambda context: _delete_part(context, key)):
            pass

    # -- running ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Picks up where the last run stopped."""
        self._hubs = self._store.hubs()
        try:
            alive_until = self._heartbeat.stat().st_mtime
        except OSError:
            alive_until = time.time()
        self.dispatcher.rebuild(alive_until=alive_until)
        await self.group_commit.durable()
        self._heartbeat.touch()
        close_to_others([self._heartbeat])
        self._next_due = self._store.next_due()
        for work in (self._run_timers(), self._run_lease_expiry(), self._run_heartbeat(), self._run_retention()):
            self._tasks.append(asyncio.create_task(work))

    async def stop(self) -> None:
        """Makes everything durable and closes the files."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.group_commit.close()
        self._reader_thread.shutdown()
        self._read_connection.close()
        self.database.close()

    def _on_rollback(self) -> None:
        if self._rebuilding:
            return
        self._rebuilding = True
        try:
            self.dispatcher.rebuild()
        except Exception:
            log.exception("Queues could not be rebuilt; trying again.")
            asyncio.get_running_loop().call_later(1.0, self._on_rollback)
        finally:
            self._rebuilding = False

    def _on_due(self, at: int) -> None:
        if self._next_due is None or at < self._next_due:
            self._next_due = at
            self._due.set()

    async def _run_timers(self) -> None:
        while True:
            self._due.clear()
            delay = None if self._next_due is None else max(0.0, (self._next_due - self.clock()) / 1_000_000)
            try:
                async with asyncio.timeout(min(delay, CLOCK_CHECK_SECONDS) if delay is not None else None):
                    await self._due.wait()
                    continue
            except TimeoutError:
                if self._next_due is not None and self._next_due <= self.clock():
                    await self._guarded(self._fire_timers)

    async def _fire_timers(self) -> None:
        self._failpoints.hit("before-timers")
        while self.dispatcher.perform(timers.fire) >= timers.BATCH:
            await self.group_commit.durable()
        self._next_due = self._store.next_due()
        await self.group_commit.durable()
        self._failpoints.hit("after-timers")

    async def _run_lease_expiry(self) -> None:
        await self._every(LEASE_CHECK_SECONDS, self._expire_leases)

    async def _expire_leases(self) -> None:
        self.dispatcher.expire_leases()

    async def _run_heartbeat(self) -> None:
        await self._every(0.5, self._beat)

    async def _beat(self) -> None:
        os.utime(self._heartbeat)

    async def _run_retention(self) -> None:
        if self.options.retain_days is not None:
            await self._every(60.0, self._purge_expired)

    async def _purge_expired(self) -> None:
        before = self.clock() - int((self.options.retain_days or 0) * DAY)
        while keys := await self.read(lambda reader: reader.expired_instances(before, PURGE_PART)):
            await self.purge_keys(keys, recursive=False)

    async def purge_keys(self, keys: list[int], *, recursive: bool) -> int:
        """Deletes these instances as far as they have ended; returns how many were deleted."""

        def purge(context: OperationContext) -> int:
            count = 0
            for key in keys:
                row = context.store.instance(key)
                if row is not None:
                    count += instances.purge(context, row, recursive=recursive)
            return count

        return await self.perform(purge)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._guarded(work)
            await asyncio.sleep(seconds)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Housekeeping goes on, whatever one round of it runs into."""
        try:
            await work()
        except Exception:
            log.exception("Housekeeping ran into a problem and will try again.")
            await asyncio.sleep(1.0)


@contextmanager
def _translated() -> Generator[None]:
    """A damaged or unreadable file is the store's trouble, not a mistake in the scheduler."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error) from error


def _delete_part(context: OperationContext, hub: int) -> bool:
    """Deletes some of a hub; false when it is empty and gone."""
    instance_keys, entity_keys = context.store.hub_part(hub, PURGE_PART)
    for key in instance_keys:
        row = context.store.instance(key)
        if row is not None:
            remove_instance(context, row)
    for key in entity_keys:
        context.store.delete_entity(key)
    if instance_keys or entity_keys:
        return True
    context.store.delete_hub(hub)
    return False
