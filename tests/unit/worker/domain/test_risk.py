"""Levels and usable scores."""

import math

import pytest

from contracts.assessment import RiskLevel
from worker.domain.risk import is_usable, level_of
from worker.domain.sampling import is_sampled


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0.0, "low"),
        (0.299, "low"),
        (0.3, "medium"),
        (0.599, "medium"),
        (0.6, "high"),
        (0.849, "high"),
        (0.85, "critical"),
        (1.0, "critical"),
        (None, None),
        (math.nan, None),
        (9.0, None),
    ],
)
def test_each_usable_score_has_one_level(score: float | None, level: RiskLevel | None) -> None:
    assert level_of(score) == level


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -math.inf, -0.0001, 1.0001, 9.0])
def test_scores_outside_0_to_1_are_unusable(score: float | None) -> None:
    assert not is_usable(score)


def test_quality_sample_is_replayable_and_about_its_share() -> None:
    cases = [f"case-{number}" for number in range(4_000)]
    drawn = [case for case in cases if is_sampled(case, 0.05)]

    assert drawn == [case for case in cases if is_sampled(case, 0.05)]
    assert 140 <= len(drawn) <= 260


def test_share_of_0_draws_none_of_1_all() -> None:
    cases = [f"case-{number}" for number in range(200)]

    assert not any(is_sampled(case, 0.0) for case in cases)
    assert all(is_sampled(case, 1.0) for case in cases)
