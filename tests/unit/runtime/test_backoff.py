"""Pauses grow, end at their longest, and are spread."""

import random

from runtime.backoff import JITTER, Backoff, Pauses, no_jitter


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 3.0, no_jitter)

    assert [backoff.delay_s(failures) for failures in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_only_shortens_and_follows_its_seed() -> None:
    pauses = [Backoff(1.0, 8.0, random.Random(7).random).delay_s(4) for _ in range(2)]
    spread = [Backoff(1.0, 8.0, random.Random(seed).random).delay_s(4) for seed in range(100)]

    assert pauses[0] == pauses[1]
    assert 8.0 * (1 - JITTER) < min(spread) < max(spread) <= 8.0
    assert len(set(spread)) == 100


def test_pause_after_a_million_failures_is_the_longest() -> None:
    assert Backoff(0.1, 10.0, no_jitter).delay_s(1_000_000) == 10.0


def test_success_starts_the_pauses_again() -> None:
    pauses = Pauses(Backoff(1.0, draw=no_jitter))

    assert [pauses.next_s(), pauses.next_s(), pauses.failures] == [1.0, 2.0, 2]
    pauses.reset()
    assert [pauses.failures, pauses.next_s()] == [0, 1.0]
