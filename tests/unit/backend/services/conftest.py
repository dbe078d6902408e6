import pytest

from backend.executor import Threads
from backend.services.outbox_relay import Relay
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import Clock, FakeScheduler


@pytest.fixture
def relay(book: CaseBook, scheduler: FakeScheduler) -> Relay:
    return Relay(book, scheduler, Threads())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed_relay(book: CaseBook, scheduler: FakeScheduler, clock: Clock) -> Relay:
    return Relay(book, scheduler, Threads(), clock)
