"""What a page of a query costs, counted in instructions of SQLite's virtual machine."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.scheduler.operations.completion import finish
from local.scheduler.operations.context import Limits, OperationContext
from local.scheduler.store.database import Database
from local.scheduler.store.interface import InstanceFilter
from local.scheduler.store.rows import Status
from local.scheduler.store.sqlite import COMMON, SqliteReader, SqliteStore

PAGE = 20
SMALL, LARGE = 2 * COMMON, 6 * COMMON
HUB = 1


class Filled:
    """A store with finished instances, one failed, and steps counted while reading."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self._database = Database(folder)
        connection = self._database.connection
        store = SqliteStore(connection, self._database.first_key)
        connection.execute("BEGIN")
        for number in range(count):
            context = OperationContext(store, 1_000_000 + number, Limits(4096))
            row = context.create_instance(hub=HUB, instance_id=f"i-{number:06d}", name="a", version=None, input="1")
            status = Status.FAILED if number == 7 else Status.COMPLETED
            store.save_instance(finish(context, row, status, "2", None))
        connection.execute("COMMIT")
        self._reading = self._database.reader()
        self.reader = SqliteReader(self._reading)

    def page(self, where: InstanceFilter, *, from_middle: bool = False) -> tuple[list[str], int]:
        """(ids of a page, steps)."""
        after = None
        if from_middle:
            after = self._reading.execute(
                "SELECT created_at, key FROM instance ORDER BY created_at LIMIT 1 OFFSET ?", (self.count // 2,)
            ).fetchone()
        with self._counting() as steps:
            found = self.reader.query_instances(where, after, PAGE, payloads=True)
        return [row.id for row, _ in found.items], len(steps)

    @contextmanager
    def _counting(self) -> Generator[list[None]]:
        steps: list[None] = []
        self._reading.set_progress_handler(lambda: steps.append(None), 1)
        yield steps
        self._reading.set_progress_handler(None, 1)

    def ended(self) -> tuple[list[str], int]:
        """(ids of a page in the middle of those that ended, steps)."""
        after = self._reading.execute(
            "SELECT completed_at, key FROM instance ORDER BY completed_at LIMIT 1 OFFSET ?", (self.count // 2,)
        ).fetchone()
        with self._counting() as steps:
            page = self.reader.ended_instances(HUB, (), 1_000_000, None, after, PAGE)
        return page.ids, len(steps)

    def close(self) -> None:
        self._reading.close()
        self._database.close()


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Filled, Filled]]:
    made = tuple(Filled(tmp_path_factory.mktemp(f"of-{count}"), count) for count in (SMALL, LARGE))
    yield made[0], made[1]
    for store in made:
        store.close()


@pytest.mark.parametrize("from_middle", [False, True])
@pytest.mark.parametrize(
    "where",
    [
        InstanceFilter(HUB),
        InstanceFilter(HUB, (Status.COMPLETED,)),
        InstanceFilter(HUB, (Status.COMPLETED, Status.RUNNING)),
        InstanceFilter(HUB, (), 1_000_000, 9_000_000),
        InstanceFilter(HUB, (), None, None, "i-"),
        InstanceFilter(HUB, (), None, None, "i-00000"),
        InstanceFilter(HUB, (Status.RUNNING,)),
    ],
)
def test_a_page_costs_the_same_at_any_size(
    stores: tuple[Filled, Filled], where: InstanceFilter, from_middle: bool
) -> None:
    (_, few), (_, many) = (store.page(where, from_middle=from_middle) for store in stores)
    assert few > 0
    assert many <= few * 1.05


def test_a_page_of_ended_instances_costs_the_same(stores: tuple[Filled, Filled]) -> None:
    for store in stores:
        ids, steps = store.ended()
        assert ids[0] == f"i-{store.count // 2 + 1:06d}"
        assert steps < 1000


def test_a_rare_status_is_found_by_index(stores: tuple[Filled, Filled]) -> None:
    for store in stores:
        ids, steps = store.page(InstanceFilter(HUB, (Status.FAILED,)))
        assert ids == ["i-000007"]
        assert steps < 200


def test_common_and_rare_prefixes_give_the_same_order(stores: tuple[Filled, Filled]) -> None:
    ids, _ = stores[1].page(InstanceFilter(HUB, (), None, None, "i-"))
    assert ids == [f"i-{number:06d}" for number in range(PAGE)]
    ids, _ = stores[1].page(InstanceFilter(HUB, (), None, None, "i-00000"))
    assert ids == [f"i-{number:06d}" for number in range(10)]
