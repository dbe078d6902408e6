"""Heartbeats are sent whatever the work does."""

import logging
from threading import Semaphore

import pytest

from worker.liveness import shown_alive

WAIT_S = 60.0
"""A guard, far above what any machine needs."""


def test_signs_are_given_again_and_again_until_the_end() -> None:
    given = Semaphore(0)

    def sign() -> None:
        given.release()

    with shown_alive(sign, every_s=0.001):
        for _ in range(5):
            assert given.acquire(timeout=WAIT_S)
    while given.acquire(blocking=False):
        pass
    assert not given.acquire(timeout=0.05)


def test_a_sign_that_fails_is_followed_by_the_next(caplog: pytest.LogCaptureFixture) -> None:
    tried = Semaphore(0)

    def sign() -> None:
        tried.release()
        raise OSError("no disk")

    with caplog.at_level(logging.ERROR), shown_alive(sign, every_s=0.001):
        for _ in range(3):
            assert tried.acquire(timeout=WAIT_S)
    assert "could not show that it is alive" in caplog.text
