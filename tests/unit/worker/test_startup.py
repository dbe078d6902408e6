"""Waiting for dependencies, draining, and log lines."""

import logging
import threading

import pytest

from runtime.backoff import Backoff
from worker.shutdown import drain
from worker.startup import CannotStart, Dependency, StopRequested, wait_for


class FlakyService:
    """Up from the n-th time that it is asked; may call something each time."""

    def __init__(self, up_from: int, fault: Exception | None = None) -> None:
        self.asked = 0
        self._up_from = up_from
        self._fault = fault or ConnectionRefusedError("connection refused\nwith details")

    def probe(self) -> None:
        self.asked += 1
        if self.asked < self._up_from:
            raise self._fault


def a_dependency(service: FlakyService) -> Dependency:
    return Dependency("tool server", "http://127.0.0.1:8000/mcp", service.probe)


def test_what_is_up_is_not_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "worker.startup"):
        wait_for(a_dependency(FlakyService(1)), threading.Event())

    assert caplog.messages == []


def test_it_says_once_each_that_it_waits_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    service = FlakyService(5)

    with caplog.at_level(logging.INFO, "worker.startup"):
        wait_for(a_dependency(service), threading.Event(), backoff=Backoff(0.001))

    assert service.asked == 5
    assert caplog.messages == [
        "Waiting for the tool server at http://127.0.0.1:8000/mcp: connection refused",
        "The tool server at http://127.0.0.1:8000/mcp is up.",
    ]


def test_a_stop_ends_the_wait_at_once() -> None:
    stop = threading.Event()
    service = FlakyService(10**9)
    outcome: list[BaseException] = []

    def wait() -> None:
        try:
            wait_for(a_dependency(service), stop, backoff=Backoff(60))
        except StopRequested as stopped:
            outcome.append(stopped)

    waiting = threading.Thread(target=wait)
    waiting.start()
    stop.set()
    waiting.join(60)

    assert len(outcome) == 1


def test_what_waiting_cannot_mend_is_raised_at_once() -> None:
    service = FlakyService(2, CannotStart("The casebook is a database of another program."))

    with pytest.raises(CannotStart, match="another program"):
        wait_for(a_dependency(service), threading.Event())
    assert service.asked == 1


class HeldWorker:
    """A worker whose work ends when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.stopped = threading.Event()

    def stop(self) -> None:
        self.let.wait(60)
        self.stopped.set()


def test_draining_waits_for_running_work() -> None:
    worker = HeldWorker()
    threading.Timer(0.05, worker.let.set).start()

    assert drain(worker, 60)
    assert worker.stopped.is_set()


def test_draining_gives_up_after_its_limit() -> None:
    worker = HeldWorker()

    assert not drain(worker, 0.05)
    worker.let.set()
    assert worker.stopped.wait(60)
