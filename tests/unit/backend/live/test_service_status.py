"""The service status: whether scheduler and workers are running."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx
import pytest

from backend.live.broadcast import Broadcast
from backend.live.service_status import NOT_BEGUN_AFTER, SILENT_AFTER, ServiceMonitor, ServiceStatus
from backend.services.scheduler import open_scheduler
from backend.wiring import Wiring, wire
from casebook.database.transactions import utc_now
from casebook.errors import CasebookFull
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG, SIGN_IN, answering
from tests.unit.casebook.builders import NOON, begin, open_case

pytestmark = pytest.mark.anyio


@pytest.fixture
def only_tests_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look of the job that began before the test changed something would end after it."""

    async def rest(_: ServiceMonitor) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(ServiceMonitor, "run", rest)


@pytest.mark.usefixtures("only_tests_look")
async def test_scheduler_outage_is_reported_since_when(
    client: httpx.AsyncClient, wiring: Wiring, scheduler: FakeScheduler
) -> None:
    watch = wiring.services.monitor
    await watch.look()
    assert (await client.get("/api/service")).json()["scheduler_away_since"] is None
    scheduler.reachable = False
    await watch.look()
    since = (await client.get("/api/service")).json()["scheduler_away_since"]
    assert since is not None
    await watch.look()
    assert (await client.get("/api/service")).json()["scheduler_away_since"] == since
    scheduler.reachable = True
    await watch.look()
    assert (await client.get("/api/service")).json()["scheduler_away_since"] is None
    assert watch.number == 2


async def test_another_casebooks_hub_is_not_called_away(hub: str, book: CaseBook) -> None:
    async with open_scheduler(hub, "desk", "casebook-a") as first, open_scheduler(hub, "desk", "casebook-b") as second:
        await first.probe()
        wiring = wire(book, second, SIGN_IN, Broadcast(), CONFIG)
        await wiring.services.monitor.look()
        since = wiring.services.monitor.status.hub_taken_since
        await wiring.services.monitor.look()
        async with answering(wiring) as client:
            found = ServiceStatus.model_validate_json((await client.get("/api/service")).content)
            ready = (await client.get("/ready")).json()["parts"]["scheduler"]
    assert since is not None
    assert (found.scheduler_away_since, found.hub_taken_since) == (None, since)
    assert "holds the work of another casebook (casebook-a)" in ready


async def test_scheduler_fault_is_followed_as_it_changes(wiring: Wiring, scheduler: FakeScheduler) -> None:
    watch = wiring.services.monitor
    scheduler.hub_owner = "casebook-a"
    await watch.look()
    assert (watch.status.scheduler_away_since, watch.status.hub_taken_since is None) == (None, False)
    scheduler.reachable = False
    await watch.look()
    assert (watch.status.scheduler_away_since is None, watch.status.hub_taken_since) == (False, None)
    scheduler.reachable, scheduler.hub_owner = True, None
    await watch.look()
    assert (watch.status.scheduler_away_since, watch.status.hub_taken_since) == (None, None)
    assert watch.number == 3


def test_a_case_that_no_worker_has_begun_is_counted(book: CaseBook) -> None:
    waiting, begun, _unscheduled = (open_case(book, number) for number in (1, 2, 3))
    book.confirm(scheduled=[waiting, begun])
    begin(book, begun)
    now = utc_now()
    assert book.not_begun(now - NOT_BEGUN_AFTER) == (0, None)
    count, since = book.not_begun(now + timedelta(minutes=1))
    assert count == 1
    assert since is not None
    assert since <= now


LATE = SILENT_AFTER + timedelta(seconds=1)


class Shift:
    """Workers that give signs or do not, and the clock by which they are looked at."""

    def __init__(self) -> None:
        self.now = NOON
        self.signs: dict[str, datetime] = {}
        self.is_readable = True
        self.watch = ServiceMonitor(self._fault, self._not_begun, self._read, Broadcast(), lambda: self.now)

    async def after(self, passed: timedelta) -> datetime | None:
        """What a look after so long finds."""
        self.now += passed
        await self.watch.look()
        return self.watch.status.worker_away_since

    async def _fault(self) -> None:
        return None

    async def _not_begun(self, before: datetime) -> tuple[int, None]:
        return 0, None

    async def _read(self) -> Mapping[str, datetime]:
        if not self.is_readable:
            raise CasebookFull("casebook.db", "no bytes left")
        return dict(self.signs)


async def test_silent_worker_is_reported_until_one_returns() -> None:
    shift = Shift()
    last = NOON - timedelta(seconds=2)
    shift.signs["one"] = last
    assert await shift.after(timedelta()) is None
    assert await shift.after(SILENT_AFTER) is None
    assert await shift.after(timedelta(seconds=1)) == last
    assert await shift.after(LATE) == last
    shift.signs["two"] = shift.now
    assert await shift.after(timedelta(seconds=5)) is None


async def test_one_of_two_workers_is_enough() -> None:
    shift = Shift()
    shift.signs |= {"one": NOON, "two": NOON}
    assert await shift.after(timedelta()) is None
    shift.signs["two"] = NOON + LATE
    assert await shift.after(LATE) is None


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
async def test_clocks_that_differ_hide_no_worker(ahead: timedelta) -> None:
    shift = Shift()
    for _ in range(3):
        shift.signs["one"] = shift.now + ahead
        assert await shift.after(LATE) is None
    since = await shift.after(LATE)
    assert since is not None
    assert since <= shift.now


async def test_workers_without_any_sign_are_not_reported() -> None:
    assert await Shift().after(LATE) is None


async def test_workers_get_time_once_the_casebook_is_back() -> None:
    shift = Shift()
    shift.signs["one"] = NOON
    await shift.after(timedelta())
    shift.is_readable = False
    assert await shift.after(LATE) is None
    shift.is_readable = True
    assert await shift.after(timedelta(seconds=5)) is None
    assert await shift.after(LATE) == NOON


async def test_a_silent_worker_is_answered_by_the_service_route(
    client: httpx.AsyncClient, wiring: Wiring, book: CaseBook
) -> None:
    book.sign("one")
    await wiring.services.monitor.look()
    assert (await client.get("/api/service")).json()["worker_away_since"] is None
