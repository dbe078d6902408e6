"""What the security log is told, and when it is on disk."""

import logging
from collections.abc import Sequence

import pytest

from backend.executor import BlockingExecutor
from backend.services import security_recorder
from backend.services.security_recorder import SecurityRecorder
from casebook.async_api import AsyncSecurityLog
from casebook.case_log.security_chain import Noted
from casebook.errors import CasebookUnavailable
from casebook.security_log_api import SecurityLogApi
from tests.support.casebooks import CaseBook

pytestmark = pytest.mark.anyio

HERE = "192.0.2.1"


@pytest.fixture
def log(book: CaseBook) -> AsyncSecurityLog:
    return AsyncSecurityLog(SecurityLogApi(book.transactions), BlockingExecutor())


@pytest.fixture
def recorder(book: CaseBook, log: AsyncSecurityLog) -> SecurityRecorder:
    return SecurityRecorder(log, book.transactions.now)


def refuse(recorder: SecurityRecorder, address: str = HERE) -> None:
    recorder.refused("access_refused", "vera", address, "POST /api/cases/bulk", "not-allowed")


def break_down(log: AsyncSecurityLog) -> None:
    async def note(noted: Sequence[Noted]) -> int:
        raise CasebookUnavailable(f"The casebook takes none of {len(noted)}")

    log.note = note


async def test_burst_of_refusals_is_one_line_and_all_count(recorder: SecurityRecorder, log: AsyncSecurityLog) -> None:
    for _ in range(1_000):
        refuse(recorder)
    await recorder.write()
    page = await log.list()
    # A minute may end within the burst.
    assert len(page.items) in (1, 2)
    assert (page.items[0].outcome, page.items[0].reason, page.items[0].subject) == ("refused", "not-allowed", "vera")
    assert recorder.counts["access_refused"] == 1_000


async def test_flood_from_many_addresses_is_bounded(
    recorder: SecurityRecorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(security_recorder, "MAX_PENDING", 3)
    with caplog.at_level(logging.ERROR):
        for number in range(10):
            refuse(recorder, f"192.0.2.{number}")
    assert (recorder.dropped, recorder.counts["access_refused"]) == (7, 10)
    assert caplog.messages == ["More is refused than the casebook takes: from now on it is only counted."]


async def test_refusals_wait_for_a_casebook_that_is_away(
    recorder: SecurityRecorder, log: AsyncSecurityLog, book: CaseBook
) -> None:
    record = log.note
    break_down(log)
    refuse(recorder)
    with pytest.raises(CasebookUnavailable):
        await recorder.write()
    log.note = record
    await recorder.write()
    await recorder.write()
    assert len((await log.list()).items) == 1


async def test_nothing_is_given_that_cannot_be_recorded(recorder: SecurityRecorder, log: AsyncSecurityLog) -> None:
    await recorder.took("exported", "ana", HERE, "case-1.json")
    break_down(log)
    with pytest.raises(CasebookUnavailable):
        await recorder.took("exported", "ana", HERE, "case-2.json")
    assert recorder.counts["exported"] == 1
    assert [each.target for each in (await log.list()).items] == ["case-1.json"]


async def test_orderly_stop_writes_the_rest_or_says_so(
    recorder: SecurityRecorder, log: AsyncSecurityLog, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(recorder)
    await recorder.close()
    assert len((await log.list()).items) == 1
    refuse(recorder, "192.0.2.9")
    break_down(log)
    with caplog.at_level(logging.ERROR):
        await recorder.close()
    assert [each for each in caplog.messages if "1 refusals are not in the security log" in each]
