"""Group commit: what is promised when it goes well, and when it does not."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from local.scheduler.errors import BadRequest, SchedulerError
from local.scheduler.failpoints import Failpoints
from local.scheduler.store.database import Database
from local.scheduler.store.group_commit import GroupCommit, GroupRolledBack


class Bench:
    """A group commit whose flush waits until the test lets it go."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)
        self.rollbacks = 0
        self.group_commit = GroupCommit(
            self.database, flush=True, failpoints=Failpoints(None), on_rollback=self._on_rollback
        )

    def _on_rollback(self) -> None:
        self.rollbacks += 1

    def add(self, name: str) -> None:
        self.database.connection.execute("INSERT INTO meta VALUES (?, 1)", (name,))

    def names(self) -> set[str]:
        rows = self.database.connection.execute("SELECT name FROM meta").fetchall()
        return {row[0] for row in rows} - {"starts"}


def run(folder: Path, scenario: Callable[[Bench], Awaitable[None]]) -> None:
    async def body() -> None:
        bench = Bench(folder)
        try:
            await scenario(bench)
        finally:
            await bench.group_commit.close()
            bench.database.close()

    asyncio.run(body())


def test_operations_that_come_together_share_a_commit(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        for number in range(20):
            bench.group_commit.apply(lambda n=number: bench.add(f"n{n}"))
        await bench.group_commit.durable()
        assert bench.group_commit.commits == 1
        assert len(bench.names()) == 20

    run(tmp_path, scenario)


def test_a_refused_operation_rolls_nothing_back(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.group_commit.apply(lambda: bench.add("kept"))
        with pytest.raises(BadRequest):
            bench.group_commit.apply(lambda: _refuse())
        await bench.group_commit.durable()
        assert bench.names() == {"kept"}
        assert bench.rollbacks == 0

    run(tmp_path, scenario)


def _refuse() -> None:
    raise BadRequest("no")


def test_a_failed_operation_rolls_back_its_group(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        called: list[str] = []

        def first() -> None:
            bench.add("first")
            bench.group_commit.on_durable(lambda: called.append("first"))

        def broken() -> None:
            bench.add("half")
            raise ZeroDivisionError

        bench.group_commit.apply(first)
        waiting = asyncio.ensure_future(bench.group_commit.durable())
        await asyncio.sleep(0)
        with pytest.raises(ZeroDivisionError):
            bench.group_commit.apply(broken)
        with pytest.raises(GroupRolledBack):
            await waiting
        assert bench.names() == set()
        assert bench.rollbacks == 1
        bench.group_commit.apply(lambda: bench.add("later"))
        await bench.group_commit.durable()
        assert bench.names() == {"later"}
        assert called == []

    run(tmp_path, scenario)


def test_a_database_error_is_the_schedulers_own_kind(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(SchedulerError, match="could not store"):
            bench.group_commit.apply(lambda: bench.database.connection.execute("INSERT INTO nowhere VALUES (1)"))

    run(tmp_path, scenario)


def test_callbacks_run_only_when_the_group_is_on_disk(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        order: list[str] = []
        flush = bench.database.flush

        def watched() -> None:
            flush()
            order.append("flushed")

        bench.database.flush = watched  # type: ignore[method-assign]

        def operation() -> None:
            bench.add("one")
            bench.group_commit.on_durable(lambda: order.append("callback"))

        bench.group_commit.apply(operation)
        await bench.group_commit.durable()
        order.append("answered")
        await asyncio.sleep(0)
        assert order[0] == "flushed"
        assert set(order) == {"flushed", "callback", "answered"}

    run(tmp_path, scenario)


def test_row_keys_are_never_used_twice(tmp_path: Path) -> None:
    first = Database(tmp_path)
    low = first.first_key
    first.close()
    second = Database(tmp_path)
    assert second.first_key >= low + 2**36
    second.close()


def test_an_unknown_failpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="names no failpoint"):
        Failpoints("nowhere:1")
