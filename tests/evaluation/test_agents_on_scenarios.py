"""The rules model on every scenario, through the worker's own activities, over HTTP. See docs/evaluation.md."""

import os

import pytest

from tests.evaluation.outcome import Run
from tests.evaluation.run import Endpoint, evaluate
from tests.evaluation.scenario import read_scenarios
from tests.evaluation.score import ACTIONS, Score

# One run serves all tests, so that they belong to one process; it takes 53 s of processor time.
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("evaluation"), pytest.mark.timeout(1200)]

LEAST_INNOCENTS_AUTO_CLEARED = 0.8
LEAST_EVIDENCE_RECALL = 0.95
LEAST_ACTION_PRECISION = 0.8
LEAST_REFUND_PRECISION = 0.9


@pytest.fixture(scope="module")
def run() -> Run:
    return evaluate(read_scenarios(), Endpoint(), parallel=2 * (os.cpu_count() or 1))


@pytest.fixture(scope="module")
def score(run: Run) -> Score:
    return Score(run.outcomes)


def test_all_three_specialists_reported_on_every_scenario(run: Run) -> None:
    assert len(run.outcomes) == len(read_scenarios()) >= 60
    assert {(each.scenario, each.model_calls, len(each.heard)) for each in run.outcomes} == {
        (scenario.id, 7, 3) for scenario in read_scenarios()
    }
    assert [heard.status for each in run.outcomes for heard in each.heard if heard.status != "ok"] == []


def test_no_fraud_is_auto_cleared(score: Score) -> None:
    assert score.frauds_auto_cleared == ()


def test_nothing_that_needs_a_person_is_auto_cleared(run: Run) -> None:
    assert [each.scenario for each in run.outcomes if each.auto_cleared and not each.may_auto_clear] == []


def test_most_innocent_look_alikes_are_auto_cleared(score: Score) -> None:
    assert (score.innocents_auto_cleared.value or 0.0) >= LEAST_INNOCENTS_AUTO_CLEARED


def test_what_must_be_cited_is_cited(score: Score) -> None:
    assert (score.evidence_recall.value or 0.0) >= LEAST_EVIDENCE_RECALL
    assert score.unsupported.count == 0


def test_honest_reasoning_is_no_opinion(run: Run) -> None:
    assert [(each.scenario, each.opinion) for each in run.outcomes if each.opinion is not None] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_recommended_actions_are_the_right_ones(score: Score, action: str) -> None:
    precision = next(score.action(each).precision for each in ACTIONS if each == action)
    assert (precision.value or 0.0) >= LEAST_ACTION_PRECISION, precision


def test_the_right_charges_would_be_refunded(score: Score) -> None:
    assert (score.refunds.precision.value or 0.0) >= LEAST_REFUND_PRECISION
    assert score.refunds.recall.value == 1.0
