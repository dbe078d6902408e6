"""Charges are scored alike however they are delivered, and whoever goes on; what they teach is taught once."""

import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from backend.detection import Detector
from backend.ingest.pipeline import Pipeline, SavedStates
from backend.ingest.score_feed import ScoreFeed
from backend.scoring.learner import read_lessons
from backend.scoring.partition import PartitionScorer
from backend.scoring.scorer import Lesson
from casebook.async_api import AsyncDetectorStates
from casebook.commands.detector_states import PartitionKey
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.detector_states_api import DetectorStatesApi
from casebook.errors import CasebookUnavailable
from casebook.risk_score_api import RiskScoreApi
from contracts.risk_score import ScoreLabel, StoredModel
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.detection.events import signals_of
from tests.unit.backend.ingest.lines import FakeTime
from tests.unit.backend.ingest.test_pipeline import LATENESS, Arrival, Clock, Threads
from tests.unit.backend.scoring.score_world import RULES, charges, labels, models

pytestmark = pytest.mark.anyio

OF = PartitionKey("scored telemetry", "0")
Found = tuple[str, str]


class World:
    """A record whose labels and models are known from the beginning: they take effect at their time."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        events = charges(random)
        self._labels = labels(random, events)
        self._models = tuple(
            StoredModel(origin=each.origin, document=b"" if each.card is None else _document(each.card.to_json()))
            for each in models()
        )
        self.arrivals: list[Arrival] = sorted(
            (
                (event, event.occurred_at + random.random() * LATENESS)
                for event in events
                for _ in range(random.choice((1, 1, 2)))
            ),
            key=lambda arrival: arrival[1],
        )

    async def state(self) -> tuple[int, int]:
        return self._labels[-1].seq, self._models[-1].origin.number

    async def labels_after(self, seq: int) -> tuple[tuple[ScoreLabel, ...], int]:
        some = tuple(each for each in self._labels if each.seq > seq)[:7]
        return some, some[-1].seq if some else seq

    async def models_since(self, number: int, most: int) -> tuple[StoredModel, ...]:
        return tuple(each for each in self._models if each.origin.number >= number)[-most:]


class Process:
    """One process that scores the partition."""

    def __init__(self, world: World, store: AsyncDetectorStates | None, owner: str, save_every: int = 20) -> None:
        self.found: list[Found] = []
        self._feed = ScoreFeed(world)
        self.scorer = PartitionScorer(teaches=store is not None)
        states = None if store is None else SavedStates(store, OF, owner)
        detector = Detector(RULES, is_saved=store is not None, scoring=self.scorer)
        self.pipeline = Pipeline(
            detector, self.judge, LATENESS, states, scorer=self.scorer, now=Clock(), save_every=save_every
        )

    async def judge(self, event: TelemetryEvent, detector: Detector) -> None:
        self.found += [(each.fate, each.alert.alert_id) for each in signals_of(detector, event)]

    async def open(self) -> None:
        await self.pipeline.open()
        await self._feed.begin(self.scorer, is_recorded=False)


@pytest.fixture
def transactions(tmp_path: Path) -> Iterator[Transactions]:
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    yield Transactions(engine)
    engine.dispose()


@pytest.fixture
def store(transactions: Transactions) -> AsyncDetectorStates:
    return AsyncDetectorStates(DetectorStatesApi(transactions), Threads())


async def scored_at_once(world: World) -> list[Found]:
    process = Process(world, None, "alone")
    await process.open()
    await process.pipeline.take(world.arrivals)
    await process.pipeline.finish()
    return process.found


def taught(transactions: Transactions) -> list[Lesson]:
    return [lesson for each in RiskScoreApi(transactions).lessons(10_000) for lesson in read_lessons(each.body)]


@pytest.mark.parametrize("seed", range(6))
async def test_killed_processes_score_as_one_that_was_not(
    store: AsyncDetectorStates, transactions: Transactions, tmp_path: Path, seed: int
) -> None:
    world, random = World(seed), Random(seed)
    arrivals = world.arrivals
    found: set[Found] = set()
    position = 0
    for number in range(300):
        process = Process(world, store, f"process {number}", save_every=random.choice((1, 20, 60)))
        await process.open()
        saved = process.pipeline.saved_position
        position = 0 if saved is None else saved + 1
        for _ in range(random.randrange(20)):
            batch = arrivals[position : position + random.randrange(1, 12)]
            position += len(batch)
            await process.pipeline.take(batch, position - 1)
        if position >= len(arrivals):
            await process.pipeline.finish()
            await process.pipeline.save()
        found |= set(process.found)
        if position >= len(arrivals):
            break
    assert position >= len(arrivals)
    assert found == set(await scored_at_once(world))

    engine = open_engine(f"sqlite:///{tmp_path / 'straight.db'}")
    upgrade(engine)
    straight = Transactions(engine)
    process = Process(world, AsyncDetectorStates(DetectorStatesApi(straight), Threads()), "straight", 10_000)
    await process.open()
    await process.pipeline.take(arrivals, len(arrivals) - 1)
    await process.pipeline.finish()
    await process.pipeline.save()
    assert taught(transactions) == taught(straight)
    assert len(taught(straight)) > 50
    engine.dispose()


async def test_other_order_within_the_lateness_gives_the_same_scores() -> None:
    world = World(3)
    expected = await scored_at_once(world)
    random = Random(1)
    world.arrivals = sorted(
        ((event, event.occurred_at + random.random() * LATENESS) for event, _ in world.arrivals),
        key=lambda arrival: arrival[1],
    )
    assert await scored_at_once(world) == expected
    assert {"raised", "shadow"} <= {fate for fate, _ in expected}


async def test_scorer_waits_for_the_casebook_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    class Away(World):
        async def state(self) -> tuple[int, int]:
            if not time.slept:
                raise CasebookUnavailable("The casebook is away.")
            return await super().state()

    time = FakeTime()
    scorer = PartitionScorer()
    await ScoreFeed(Away(0), time.sleep).begin(scorer, is_recorded=False)
    assert scorer.known_model == 4
    assert "Telemetry waits for the model that it is scored by: The casebook is away." in caplog.text


async def test_recording_is_scored_by_the_version_of_now() -> None:
    world = World(0)
    version_2 = models()[1].origin.effective_at
    scorer = PartitionScorer()
    feed = ScoreFeed(world, now=lambda: version_2 + timedelta(days=1))
    await feed.begin(scorer, is_recorded=True)
    assert (scorer.model, scorer.read_to) == (2, 0)


def _document(text: str) -> bytes:
    return zlib.compress(text.encode())
