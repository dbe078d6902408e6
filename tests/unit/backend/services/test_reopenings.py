import httpx
import pytest

from backend.wiring import Wiring
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import answering, signed_in
from tests.unit.casebook.builders import close_as_failed, investigate, open_case

pytestmark = pytest.mark.anyio

ANA, MARIA = map(signed_in, ("ana", "maria"))
WHY = {"reason": "The store is back."}


def a_failed_case(book: CaseBook, scheduler: FakeScheduler) -> str:
    """It has closed, and its orchestration is over."""
    case = open_case(book)
    book.confirm(scheduled=[case])
    investigate(book, case)
    close_as_failed(book, case)
    scheduler.instances[case] = instance_state("closed", status="COMPLETED", result='"failed"')
    return case


async def test_reopened_case_is_started_again(wiring: Wiring, book: CaseBook, scheduler: FakeScheduler) -> None:
    case = a_failed_case(book, scheduler)
    async with answering(wiring) as client:
        reopened = await client.post(f"/api/cases/{case}/reopen", json=WHY, headers=MARIA)
        assert (reopened.status_code, reopened.json()["state"]) == (202, "investigating"), reopened.text
        while case not in scheduler.starts:
            scheduler.received.clear()
            await scheduler.received.wait()
    assert scheduler.starts == [case]
    view = book.get_fraud_case(case)
    assert (view.round, view.outcome) == (2, None)
    assert view.assessment is not None
    assert view.assessment.route_reasons[-1] == "The case was opened again: The store is back."


async def test_only_managers_reopen_and_say_why(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    case = a_failed_case(book, scheduler)
    path = f"/api/cases/{case}/reopen"
    assert (await client.post(path, json=WHY, headers=ANA)).status_code == 403
    for order in ({}, {"reason": " "}):
        assert (await client.post(path, json=order, headers=MARIA)).status_code == 422
    assert (await client.post(path, json=WHY, headers=MARIA)).status_code == 202
    again = await client.post(path, json=WHY, headers=MARIA)
    assert (again.status_code, again.json()["id"]) == (409, "case-open")
