"""Processes learn by turns: each lesson once, whoever comes first, and versions are on record."""

import asyncio
import json
import zlib
from datetime import timedelta

import pytest

from backend.ingest.score_learning import MOST_LESSONS, ScoreLearning
from backend.scoring.learner import FIRST_FRAUDS, model_in
from casebook.async_api import AsyncRiskScore
from casebook.commands.detector_states import PartitionKey, Progress
from casebook.detector_states_api import DetectorStatesApi
from casebook.errors import CasebookUnavailable
from casebook.risk_score_api import RiskScoreApi
from contracts.risk_score import LearnerState, ModelRollBack
from tests.support.casebooks import CaseBook
from tests.unit.backend.ingest.lines import FakeTime
from tests.unit.backend.ingest.test_pipeline import Threads
from tests.unit.backend.scoring.test_learner import lessons

pytestmark = pytest.mark.anyio


@pytest.fixture
def score(book: CaseBook) -> RiskScoreApi:
    return RiskScoreApi(book.transactions)


def teach(book: CaseBook, bodies: list[bytes]) -> None:
    states, of = DetectorStatesApi(book.transactions), PartitionKey("a hub", "0")
    states.take_partition(of, "one")
    for position, body in enumerate(bodies):
        states.save_progress(of, "one", Progress(position, b"", {}, lessons=body))


async def test_what_is_taught_is_learned_and_makes_a_version(book: CaseBook, score: RiskScoreApi) -> None:
    teach(book, [lessons(1, 2)] * (MOST_LESSONS + 5))
    learning = ScoreLearning(AsyncRiskScore(score, Threads()))
    assert await learning.step()
    assert not await learning.step()
    assert score.lessons(1) == ()
    learner = score.learner()
    assert learner.document is not None
    assert model_in(learner.document).frauds == MOST_LESSONS + 5
    (first,) = score.newest_models()
    assert (first.origin.frauds, first.origin.line) == (FIRST_FRAUDS, 1)


async def test_processes_at_once_learn_each_lesson_once(book: CaseBook, score: RiskScoreApi) -> None:
    teach(book, [lessons(1)] * 60)
    processes = [ScoreLearning(AsyncRiskScore(score, Threads())) for _ in range(4)]

    async def learn_all(learning: ScoreLearning) -> None:
        while await learning.step():
            pass

    await asyncio.gather(*map(learn_all, processes))
    learner = score.learner()
    assert learner.document is not None
    assert model_in(learner.document).frauds == 60


async def test_nothing_to_learn_writes_nothing(score: RiskScoreApi) -> None:
    assert not await ScoreLearning(AsyncRiskScore(score, Threads())).step()
    assert score.learner().revision == 0


async def test_roll_back_has_learning_go_on_from_there(book: CaseBook, score: RiskScoreApi) -> None:
    teach(book, [lessons(FIRST_FRAUDS)])
    learning = ScoreLearning(AsyncRiskScore(score, Threads()), now=lambda: book.transactions.now() + timedelta(days=2))
    await learning.step()
    teach(book, [lessons(30)])
    await learning.step()
    assert [each.origin.frauds for each in score.newest_models()] == [20, 50]
    score.roll_back(ModelRollBack(number=1, current=2, reason="Why not."), "maria")
    teach(book, [lessons(1)])
    await learning.step()
    assert [(each.origin.frauds, each.origin.line) for each in score.newest_models()][2:] == [(20, 3), (21, 3)]


async def learn_while_it_raises(score: RiskScoreApi, fault: Exception) -> None:
    """The job, whose reading fails until it has paused three times; then it is cancelled."""
    record, time = AsyncRiskScore(score, Threads()), FakeTime()

    async def learner() -> LearnerState:
        if len(time.slept) < 3:
            raise fault
        raise asyncio.CancelledError

    record.learner = learner
    with pytest.raises(asyncio.CancelledError):
        await ScoreLearning(record, time.sleep).run()


async def test_fault_in_a_step_does_not_end_the_job(score: RiskScoreApi, caplog: pytest.LogCaptureFixture) -> None:
    await learn_while_it_raises(score, OverflowError("year out of range"))
    assert caplog.text.count("The risk score has learned nothing this time.") == 2


async def test_model_that_cannot_be_is_left_in_a_sentence(
    book: CaseBook, score: RiskScoreApi, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process, or a backup, has put it there."""
    teach(book, [lessons(FIRST_FRAUDS)])
    learning = ScoreLearning(AsyncRiskScore(score, Threads()))
    await learning.step()
    document = score.learner().document
    assert document is not None
    forged = json.loads(zlib.decompress(document)) | {"learned_until": 1e300}
    score.save_learner(score.learner().revision, 1, zlib.compress(json.dumps(forged).encode()), [], None)
    teach(book, [lessons(FIRST_FRAUDS)])
    await learning.step()
    assert "it begins anew in shadow: The model file cannot be read: learned_until: " in caplog.text
    assert [each.origin.line for each in score.newest_models()] == [1, 2]


async def test_casebook_that_is_away_is_asked_again(score: RiskScoreApi, caplog: pytest.LogCaptureFixture) -> None:
    await learn_while_it_raises(score, CasebookUnavailable("The casebook is away."))
    assert caplog.text.count("The risk score learns nothing until the casebook answers") == 1
