"""In no minute more calls begin than may, evenly, whenever they come."""

import math
import random

import pytest

from worker.domain.token_bucket import TokenBucket

RATES = [1, 2, 6, 10, 59, 60, 119, 120, 600, 3_000]


def starts(per_minute: int, arrivals: list[float]) -> list[float]:
    """When calls begin that come at these times, each after the one before."""
    bucket, now, begun = TokenBucket.full(per_minute, 0.0), 0.0, list[float]()
    for arrival in arrivals:
        now = max(now, arrival)
        now += bucket.wait_s(now)
        bucket = bucket.taken(now)
        begun.append(now)
    return begun


def most_in(window_s: float, times: list[float]) -> int:
    most = first = 0
    for last, time in enumerate(times):
        while times[first] <= time - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("per_minute", RATES)
def test_no_minute_sees_more_than_the_limit(per_minute: int) -> None:
    begun = starts(per_minute, [0.0] * (per_minute * 3))
    assert most_in(60.0, begun) <= per_minute
    # Azure looks at ten seconds.
    assert most_in(10.0, begun) <= math.ceil(per_minute / 6)


@pytest.mark.parametrize("per_minute", RATES)
def test_whoever_keeps_asking_gets_nearly_the_limit(per_minute: int) -> None:
    begun = starts(per_minute, [0.0] * (per_minute * 10))
    assert (len(begun) - 1) / begun[-1] * 60 >= per_minute * 0.95


@pytest.mark.parametrize("seed", range(20))
def test_calls_that_come_anyhow_stay_within_the_limit(seed: int) -> None:
    draw = random.Random(seed)
    per_minute = draw.randint(1, 300)
    arrivals, now = list[float](), 0.0
    for _ in range(400):
        now += draw.expovariate(per_minute / 40) if draw.random() < 0.7 else draw.random() * 30
        arrivals.append(now)
    begun = starts(per_minute, arrivals)
    assert most_in(60.0, begun) <= per_minute
    assert all(begun[number] >= arrival for number, arrival in enumerate(arrivals))


def test_those_ahead_are_counted() -> None:
    bucket = TokenBucket.full(60, 0.0)
    assert [round(bucket.wait_s(0.0, ahead), 2) for ahead in range(4)] == [0, 1.02, 2.03, 3.05]


def test_without_a_limit_nothing_waits() -> None:
    bucket = TokenBucket.full(None, 0.0)
    assert [bucket.taken(0.0).wait_s(0.0, ahead) for ahead in (0, 1_000)] == [0, 0]
    assert bucket.closed(0.0, 5.0).wait_s(2.0) == 3.0


def test_closed_bucket_opens_again() -> None:
    bucket = TokenBucket.full(60, 0.0).closed(0.0, 10.0).closed(0.0, 4.0)
    assert (bucket.wait_s(4.0), bucket.wait_s(10.0)) == (6.0, 0.0)


def test_new_rate_gives_no_tokens_away() -> None:
    bucket = TokenBucket.full(600, 0.0).at_rate(60, 0.0)
    assert bucket.wait_s(0.0) == 0
    assert bucket.taken(0.0).wait_s(0.0) == pytest.approx(61 / 60)
    assert TokenBucket.full(60, 0.0).taken(0.0).at_rate(600, 0.0).wait_s(0.0) == pytest.approx(61 / 600)
    assert TokenBucket.full(None, 0.0).at_rate(60, 5.0).wait_s(5.0) == pytest.approx(61 / 60)


def test_clock_that_goes_back_takes_nothing_away() -> None:
    bucket = TokenBucket.full(60, 100.0)
    assert bucket.wait_s(50.0) == 0
