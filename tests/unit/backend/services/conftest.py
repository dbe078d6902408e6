import pytest

from backend.services.outbox_relay import OutboxRelay
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import Clock, async_relay


@pytest.fixture
def relay(book: CaseBook, scheduler: FakeScheduler) -> OutboxRelay:
    return OutboxRelay(async_relay(book), scheduler)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed_relay(book: CaseBook, scheduler: FakeScheduler, clock: Clock) -> OutboxRelay:
    return OutboxRelay(async_relay(book), scheduler, clock)
