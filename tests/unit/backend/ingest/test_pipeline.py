"""A pipeline judges in order, saves what it knows with the place it reached, and goes on elsewhere as if it had not
stopped."""

import asyncio
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import ParamSpec, TypeVar

import pytest
from anyio import to_thread

from backend.detection import Detector
from backend.ingest.pipeline import SAVE_AFTER, Pipeline, SavedStates, StateStore
from casebook.async_api import AsyncDetectorStates
from casebook.commands.detector_states import PartitionKey, Progress
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.detector_states_api import DetectorStatesApi
from casebook.errors import CasebookUnavailable, PartitionTaken
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import at, charge, failure
from tests.unit.backend.detection.random_life import random_life

pytestmark = pytest.mark.anyio

OF = PartitionKey("telemetry of a test", "0")
LATENESS = timedelta(minutes=5)
Arrival = tuple[TelemetryEvent, datetime]
P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """Runs calls off the loop."""

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(partial(call, *args, **kwargs))


class FailingStore:
    """A casebook that can fail to save."""

    def __init__(self, store: AsyncDetectorStates) -> None:
        self.is_full = True
        self.take_partition = store.take_partition
        self.read_states = store.read_states
        self._save = store.save_progress

    async def save_progress(self, of: PartitionKey, owner: str, progress: Progress) -> None:
        if self.is_full:
            raise CasebookUnavailable("The disk of the casebook is full.")
        await self._save(of, owner, progress)


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = at()

    def __call__(self) -> datetime:
        return self.now


class Ingest:
    """One process that judges the partition."""

    def __init__(self, store: StateStore | None, owner: str, clock: Clock | None = None, save_every: int = 50) -> None:
        self.found: list[str] = []
        self.pipeline = Pipeline(
            Detector(is_saved=True),
            self.judge,
            LATENESS,
            None if store is None else SavedStates(store, OF, owner),
            now=clock or Clock(),
            save_every=save_every,
        )

    async def judge(self, event: TelemetryEvent, detector: Detector) -> None:
        self.found += [alert.alert_id for alert in detector.alerts(event)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def transactions(tmp_path: Path) -> Iterator[Transactions]:
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    yield Transactions(engine)
    engine.dispose()


@pytest.fixture
def store(transactions: Transactions) -> AsyncDetectorStates:
    return AsyncDetectorStates(DetectorStatesApi(transactions), Threads())


def arrivals_of(random: Random) -> list[Arrival]:
    """Of a random life, each event up to the lateness late, some twice."""
    arrivals = list[Arrival]()
    for event in random_life(random):
        for _ in range(random.choice((1, 1, 1, 2))):
            arrivals.append((event, event.occurred_at + random.random() * LATENESS))
    return sorted(arrivals, key=lambda arrival: arrival[1])


async def judged_at_once(arrivals: list[Arrival]) -> list[str]:
    ingest = Ingest(None, "alone")
    await ingest.pipeline.take(arrivals)
    await ingest.pipeline.finish()
    return ingest.found


@pytest.mark.parametrize("seed", range(8))
async def test_killed_processes_lose_and_repeat_nothing(store: AsyncDetectorStates, seed: int) -> None:
    """Each reads on behind what is saved, wherever it was killed; what it finds again has the same ids."""
    random = Random(seed)
    arrivals = arrivals_of(random)
    found: set[str] = set()
    position = 0
    for process in range(200):
        ingest = Ingest(store, f"process {process}")
        await ingest.pipeline.open()
        position = 0 if ingest.pipeline.saved_position is None else ingest.pipeline.saved_position + 1
        for _ in range(random.randrange(30)):
            batch = arrivals[position : position + random.randrange(1, 12)]
            position += len(batch)
            await ingest.pipeline.take(batch, position - 1)
        if position >= len(arrivals):
            await ingest.pipeline.finish()
        found |= set(ingest.found)
        if position >= len(arrivals):
            break
    assert position >= len(arrivals)
    assert found == set(await judged_at_once(arrivals))


@pytest.mark.parametrize("seed", range(3))
async def test_handing_over_in_order_finds_each_alert_once(store: AsyncDetectorStates, seed: int) -> None:
    arrivals = arrivals_of(Random(seed))
    found: list[str] = []
    for first in range(0, len(arrivals), 40):
        ingest = Ingest(store, f"from {first}", save_every=10_000)
        await ingest.pipeline.open()
        assert ingest.pipeline.saved_position == (first - 1 if first else None)
        await ingest.pipeline.take(arrivals[first : first + 40], min(first + 40, len(arrivals)) - 1)
        if first + 40 >= len(arrivals):
            await ingest.pipeline.finish()
        await ingest.pipeline.close()
        found += ingest.found
    assert found == await judged_at_once(arrivals)


async def test_process_that_lost_the_partition_saves_nothing(store: AsyncDetectorStates) -> None:
    old, new = Ingest(store, "old"), Ingest(store, "new")
    await old.pipeline.open()
    await old.pipeline.take([(failure(at(0)), at(0))], 7)
    await new.pipeline.open()
    with pytest.raises(PartitionTaken):
        await old.pipeline.save()
    await old.pipeline.close()
    third = Ingest(store, "third")
    await third.pipeline.open()
    assert third.pipeline.saved_position is None


async def test_judging_that_was_broken_off_is_not_saved(store: AsyncDetectorStates) -> None:
    class Broken(Ingest):
        async def judge(self, event: TelemetryEvent, detector: Detector) -> None:
            await super().judge(event, detector)
            raise asyncio.CancelledError

    ingest = Broken(store, "one")
    await ingest.pipeline.open()
    with pytest.raises(asyncio.CancelledError):
        await ingest.pipeline.take([(failure(at(0)), at(0)), (failure(at(10)), at(10))], 3)
    await ingest.pipeline.close()
    assert ingest.pipeline.saved_position is None


async def test_casebook_that_does_not_answer_stops_no_judging(
    store: AsyncDetectorStates, caplog: pytest.LogCaptureFixture
) -> None:
    failing = FailingStore(store)
    ingest = Ingest(failing, "one", save_every=1)
    await ingest.pipeline.open()
    await ingest.pipeline.take([(charge(at(0), "20"), at(0)), (charge(at(10), "20"), at(10))], 1)
    assert ingest.pipeline.saved_position is None
    assert "The disk of the casebook is full." in caplog.text
    failing.is_full = False
    await ingest.pipeline.take([(charge(at(20), "20"), at(20))], 2)
    assert ingest.pipeline.saved_position == 2
    assert len(await store.read_states(OF, ["customer:7"])) == 1


async def test_state_of_another_release_is_left_out(
    store: AsyncDetectorStates, caplog: pytest.LogCaptureFixture
) -> None:
    await store.take_partition(OF, "later release")
    state = zlib.compress(json.dumps([99, "what it knew"]).encode())
    await store.save_progress(OF, "later release", Progress(5, b"", {"customer:7": state}))
    ingest = Ingest(store, "this release")
    await ingest.pipeline.open()
    attack = [(failure(at(number / 60)), at(number / 60)) for number in range(7)]
    await ingest.pipeline.take([*attack, (failure(at(20)), at(20))], 13)
    assert len(ingest.found) == 1
    assert "customer:7 is not used: its version is 99, and this release reads 1." in caplog.text


async def test_held_events_are_judged_when_their_time_comes(store: AsyncDetectorStates) -> None:
    clock, waits = Clock(), asyncio.Queue[float]()
    ingest = Ingest(store, "one", clock)
    await ingest.pipeline.open()

    async def sleep(seconds: float) -> None:
        await waits.put(seconds)
        clock.now += timedelta(seconds=seconds)

    attack = [(failure(at(number / 60)), at(number / 60)) for number in range(7)]
    running = asyncio.create_task(ingest.pipeline.run_clock(sleep))
    await ingest.pipeline.take(attack, 6)
    assert ingest.found == []
    while not ingest.found:
        await waits.get()
    while ingest.pipeline.saved_position is None:
        await waits.get()
    running.cancel()
    assert clock.now <= at() + LATENESS + SAVE_AFTER + timedelta(seconds=60)
    assert clock.now.tzinfo == UTC
