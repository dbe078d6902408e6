import asyncio

import httpx
import pytest

from backend.services.outbox_relay import OutboxRelay
from backend.wiring import Wiring
from contracts.effect import Effect
from contracts.ids import effect_key
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import answering, async_relay, signed_in
from tests.unit.casebook.builders import MANAGER, a_decision, an_effect, asked_in_short, closing

pytestmark = pytest.mark.anyio


def a_locked_account(book: CaseBook) -> str:
    """A closed case that locked an account."""
    opening = asked_in_short(book)
    case = opening.case_id
    book.confirm(scheduled=[case])
    book.accept_decision(a_decision(opening), MANAGER)
    book.confirm(delivered=[opening.review.review_id])
    book.finish_effect(case, an_effect(case, status="done"))
    book.close_case(closing(case))
    return case


def order(case: str) -> dict[str, str]:
    return {"undoes": effect_key(case, "lock_account", "1"), "reason": "The customer was travelling."}


async def test_approved_reversal_is_started_once(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    case = a_locked_account(book)

    asked = await client.post(f"/api/cases/{case}/reversals", json=order(case))
    refused = await client.post(f"/api/cases/{case}/reversals/1/decision", json={"verdict": "approve"})
    decided = await client.post(
        f"/api/cases/{case}/reversals/1/decision", json={"verdict": "approve"}, headers=signed_in("maria")
    )
    await asyncio.wait_for(scheduler.received.wait(), 60)

    assert (asked.status_code, asked.json()["status"], asked.json()["requested_by"]) == (201, "requested", "ana")
    assert (refused.status_code, refused.json()["id"]) == (403, "not-allowed")
    assert (decided.status_code, decided.json()["status"], decided.json()["decided_by"]) == (202, "approved", "maria")
    assert [each.model_dump(mode="json") for each in scheduler.reversals] == [decided.json()]
    shown = (await client.get(f"/api/cases/{case}")).json()
    assert (shown["state"], shown["reversals"]) == ("closed", [decided.json()])


async def test_requester_in_another_session_is_no_second_person(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    case = a_locked_account(book)
    await client.post(f"/api/cases/{case}/reversals", json=order(case), headers=signed_in("maria"))

    answer = await client.post(
        f"/api/cases/{case}/reversals/1/decision", json={"verdict": "approve"}, headers=signed_in("maria")
    )

    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "You asked for this yourself: another person must approve it.",
    )
    assert scheduler.reversals == []


async def test_viewer_cannot_request_and_empty_reason_is_422(wiring: Wiring, book: CaseBook) -> None:
    case = a_locked_account(book)
    async with answering(wiring) as client:
        viewer = await client.post(f"/api/cases/{case}/reversals", json=order(case), headers=signed_in("vera"))
        silent = await client.post(
            f"/api/cases/{case}/reversals", json=order(case) | {"reason": " "}, headers=signed_in("ana")
        )
        unknown = await client.post(
            f"/api/cases/{case}/reversals", json=order(case) | {"undoes": "x"}, headers=signed_in("ana")
        )
    assert (viewer.status_code, silent.status_code, unknown.status_code) == (403, 422, 404)
    assert book.get_fraud_case(case).reversals == ()


async def test_approved_reversal_starts_after_crash_and_memory_loss(book: CaseBook, scheduler: FakeScheduler) -> None:
    case = a_locked_account(book)
    book.request_reversal(case, **order(case), subject="ana", roles=("analyst",))
    approved = book.decide_reversal(case, 1, "approve", None, subject="maria", roles=MANAGER)

    await OutboxRelay(async_relay(book), scheduler).sweep()
    await OutboxRelay(async_relay(book), scheduler).sweep()
    assert scheduler.reversals == [approved]
    assert book.unscheduled_reversals() == []

    scheduler.instances.clear()
    await OutboxRelay(async_relay(book), scheduler).sweep()
    assert scheduler.reversals == [approved, approved]
    undone = Effect(key=f"{case}:unlock_account:1:1", action="unlock_account", status="done")
    book.finish_reversal(case, approved.reversal_id, undone)
    scheduler.instances.clear()
    await OutboxRelay(async_relay(book), scheduler).sweep()
    assert len(scheduler.reversals) == 2


async def test_a_reversal_waits_for_a_scheduler_that_is_away(book: CaseBook, scheduler: FakeScheduler) -> None:
    case = a_locked_account(book)
    book.request_reversal(case, **order(case), subject="ana", roles=("analyst",))
    approved = book.decide_reversal(case, 1, "approve", None, subject="maria", roles=MANAGER)
    scheduler.refuses.add(approved.reversal_id)
    relay = OutboxRelay(async_relay(book), scheduler)
    await relay.sweep()
    assert book.unscheduled_reversals() == [approved]
