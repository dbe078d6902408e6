"""Group commit: what is promised when it goes well, and when it does not."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from local.scheduler.errors import BadRequest, SchedulerError
from local.scheduler.faults import Faults
from local.scheduler.store.database import Database
from local.scheduler.store.journal import GroupLost, Journal


class Bench:
    """A journal whose flush waits until the test lets it go."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)
        self.lost = 0
        self.journal = Journal(self.database, flush=True, faults=Faults(None), on_lost=self._on_lost)

    def _on_lost(self) -> None:
        self.lost += 1

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
            await bench.journal.close()
            bench.database.close()

    asyncio.run(body())


def test_operations_that_come_together_share_a_commit(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        for number in range(20):
            bench.journal.apply(lambda n=number: bench.add(f"n{n}"))
        await bench.journal.durable()
        assert bench.journal.commits == 1
        assert len(bench.names()) == 20

    run(tmp_path, scenario)


def test_a_refusal_disturbs_nobody(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.journal.apply(lambda: bench.add("kept"))
        with pytest.raises(BadRequest):
            bench.journal.apply(lambda: _refuse())
        await bench.journal.durable()
        assert bench.names() == {"kept"}
        assert bench.lost == 0

    run(tmp_path, scenario)


def _refuse() -> None:
    raise BadRequest("no")


def test_an_operation_that_fails_half_way_undoes_its_group_and_everybody_hears_of_it(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        effects: list[str] = []

        def first() -> None:
            bench.add("first")
            bench.journal.when_durable(lambda: effects.append("first"))

        def broken() -> None:
            bench.add("half")
            raise ZeroDivisionError

        bench.journal.apply(first)
        waiting = asyncio.ensure_future(bench.journal.durable())
        await asyncio.sleep(0)
        with pytest.raises(ZeroDivisionError):
            bench.journal.apply(broken)
        with pytest.raises(GroupLost):
            await waiting
        assert bench.names() == set()
        assert bench.lost == 1
        bench.journal.apply(lambda: bench.add("later"))
        await bench.journal.durable()
        assert bench.names() == {"later"}
        assert effects == []

    run(tmp_path, scenario)


def test_a_database_error_is_the_schedulers_own_kind(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(SchedulerError, match="could not store"):
            bench.journal.apply(lambda: bench.database.connection.execute("INSERT INTO nowhere VALUES (1)"))

    run(tmp_path, scenario)


def test_effects_run_only_when_the_group_is_on_disk(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        order: list[str] = []
        flush = bench.database.flush

        def watched() -> None:
            flush()
            order.append("flushed")

        bench.database.flush = watched  # type: ignore[method-assign]

        def operation() -> None:
            bench.add("one")
            bench.journal.when_durable(lambda: order.append("effect"))

        bench.journal.apply(operation)
        await bench.journal.durable()
        order.append("answered")
        await asyncio.sleep(0)
        assert order[0] == "flushed"
        assert set(order) == {"flushed", "effect", "answered"}

    run(tmp_path, scenario)


def test_row_keys_are_never_used_twice(tmp_path: Path) -> None:
    first = Database(tmp_path)
    low = first.first_key
    first.close()
    second = Database(tmp_path)
    assert second.first_key >= low + 2**36
    second.close()


def test_an_unknown_fault_point_is_refused() -> None:
    with pytest.raises(ValueError, match="names no fault point"):
        Faults("nowhere:1")
