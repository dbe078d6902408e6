import pytest

from backend.services.relay import Relay
from backend.threads import Threads
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
