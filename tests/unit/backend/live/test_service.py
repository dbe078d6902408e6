"""What the desk knows of the parts behind it."""

from datetime import timedelta

import httpx
import pytest

from backend.live.service import NOT_BEGUN_AFTER
from backend.main import Parts
from casebook.outbox import Outbox
from casebook.repository import CaseBook
from casebook.transactions import utc_now
from tests.unit.backend.support import FakeScheduler
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio


async def test_a_scheduler_that_is_away_is_said_with_since_when(
    client: httpx.AsyncClient, parts: Parts, scheduler: FakeScheduler
) -> None:
    watch = parts.desk.service
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


def test_a_case_that_no_worker_has_begun_is_counted(book: CaseBook) -> None:
    waiting, begun, _unscheduled = (open_case(book, number) for number in (1, 2, 3))
    Outbox(book.transactions).confirm(scheduled=[waiting, begun])
    book.start_round(begun, 1)
    now = utc_now()
    assert book.not_begun(now - NOT_BEGUN_AFTER) == (0, None)
    count, since = book.not_begun(now + timedelta(minutes=1))
    assert count == 1
    assert since is not None
    assert since <= now
