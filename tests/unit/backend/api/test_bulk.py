from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from contracts.ids import case_id, parse_review_id
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review, decision_body, signed_in
from tests.unit.casebook.builders import HASTY, an_opening, begin, close_as_failed, open_case, put
from tests.unit.casebook.replies import ask_about_reply

pytestmark = pytest.mark.anyio

ANA, BEN, MARIA = map(signed_in, ("ana", "ben", "maria"))


async def preview(
    client: httpx.AsyncClient, action: str, cases: list[str], who: dict[str, str], **more: JsonValue
) -> Any:
    answer = await client.post(
        "/api/cases/bulk/preview", json={"action": action, "case_ids": cases, **more}, headers=who
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def apply(client: httpx.AsyncClient, action: str, shown: Any, who: dict[str, str], **more: JsonValue) -> Any:
    bound = [{name: item[name] for name in ("case_id", "review_id", "assessment_hash")} for item in shown]
    answer = await client.post("/api/cases/bulk", json={"action": action, "items": bound, **more}, headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_bulk_false_positives_close_despite_one_refusal(client: httpx.AsyncClient, book: CaseBook) -> None:
    openings = [case_in_review(book, number, recommended="clear") for number in (1, 2, 3)]
    first, second, third = (opening.case_id for opening in openings)
    shown = await preview(client, "close_false_positive", [first, second, third, "case-none"], ANA)
    assert [(item["ok"], item["review_id"]) for item in shown] == [
        (True, f"{first}:r1"),
        (True, f"{second}:r1"),
        (True, f"{third}:r1"),
        (False, None),
    ]
    assert shown[3]["reason"] == "There is no case 'case-none'."
    assert book.get_fraud_case(first).decisions == ()
    # Between the look and the deed, one is decided by somebody else.
    await client.post("/api/workflow/decision", json=decision_body(openings[1], action="clear"), headers=BEN)

    done = await apply(client, "close_false_positive", shown, ANA, comment="The roaming campaign.")

    assert [item["ok"] for item in done] == [True, False, True, False]
    assert done[1]["reason"] == "This review was already decided by ben. Reload to see the decision."
    for case in (first, third):
        (decision,) = book.get_fraud_case(case).decisions
        assert (decision.decided_by, decision.action, decision.disposition, decision.comment) == (
            "ana",
            "clear",
            "false_positive",
            "The roaming campaign.",
        )
    assert book.get_fraud_case(second).decisions[0].decided_by == "ben"


async def test_bulk_closing_is_bound_to_what_was_shown(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book, recommended="clear")
    unbound = {"case_id": opening.case_id, "review_id": None, "assessment_hash": None}
    other = unbound | {"review_id": opening.review.review_id, "assessment_hash": "sha256:" + "0" * 64}
    done = await apply(client, "close_false_positive", [unbound, other], ANA)
    assert [item["ok"] for item in done] == [False, False]
    assert "not the one that you decided on" in done[1]["reason"]
    assert book.get_fraud_case(opening.case_id).decisions == ()


async def test_a_preview_says_why_a_case_is_left_out(client: httpx.AsyncClient, book: CaseBook) -> None:
    claimed, escalated = case_in_review(book, 1), case_in_review(book, 2, escalation_reason="Late.")
    unasked, closed = open_case(book, 3), open_case(book, 4)
    close_as_failed(book, closed)
    await client.post(f"/api/cases/{claimed.case_id}/claim", headers=BEN)
    cases = [claimed.case_id, escalated.case_id, unasked, closed]
    reasons = [item["reason"] for item in await preview(client, "close_false_positive", cases, ANA)]
    assert reasons[0].startswith("ben claimed this case at")
    assert reasons[1] == "This needs the role 'manager', which you do not have."
    assert reasons[2] == "This case has no open review: there is nothing to decide right now."
    assert reasons[3].startswith("This case is closed with the outcome 'failed'")


async def test_many_cases_are_claimed_at_once(client: httpx.AsyncClient, book: CaseBook) -> None:
    cases = [open_case(book, number) for number in (1, 2, 3)]
    await client.post(f"/api/cases/{cases[1]}/claim", headers=BEN)
    shown = await preview(client, "claim", cases, ANA)
    assert [item["ok"] for item in shown] == [True, False, True]
    assert [item["ok"] for item in await apply(client, "claim", shown, ANA)] == [True, False, True]
    claims = [book.summary(case).claim for case in cases]
    assert [claim.assignee for claim in claims if claim] == ["ana", "ben", "ana"]


async def test_a_manager_assigns_whoever_had_the_cases(client: httpx.AsyncClient, book: CaseBook) -> None:
    cases = [open_case(book, number) for number in (1, 2)]
    await client.post(f"/api/cases/{cases[1]}/claim", headers=BEN)
    shown = await preview(client, "assign", cases, MARIA, assignee="ana")
    assert all(item["ok"] for item in await apply(client, "assign", shown, MARIA, assignee="ana"))
    claims = [book.summary(case).claim for case in cases]
    assert [claim.assignee for claim in claims if claim] == []
    event = book.case_events(cases[1])[-1]
    assert (event.type, event.actor, event.data["assigned_to"]) == ("assigned", "maria", "ana")


@pytest.mark.parametrize("path", ["/api/cases/bulk/preview", "/api/cases/bulk"])
async def test_assigning_takes_a_manager_and_somebody_who_can_work(client: httpx.AsyncClient, path: str) -> None:
    body = {"action": "assign", "assignee": "ben"}
    body |= {"case_ids": ["case-1"]} if path.endswith("preview") else {"items": [{"case_id": "case-1"}]}  # type: ignore[dict-item]
    assert (await client.post(path, json=body, headers=ANA)).status_code == 403
    for assignee in (None, "vera", "nobody"):
        answer = await client.post(path, json=body | {"assignee": assignee}, headers=MARIA)
        assert (answer.status_code, answer.json()["id"]) == (422, "no-assignee")


async def test_no_more_than_five_hundred_at_once(client: httpx.AsyncClient) -> None:
    cases = [case_id(f"a-{number}") for number in range(501)]
    answer = await client.post("/api/cases/bulk/preview", json={"action": "claim", "case_ids": cases}, headers=ANA)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "case_ids")
    assert len(await preview(client, "claim", cases[:500], ANA)) == 500


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"recommended": "clear", "level": "critical", "score": 0.97}, "rated critical: clearing it takes two people"),
        (
            {"recommended": "clear", "level": "low", "score": 0.2, "four_eyes": ("clear",)},
            "Clearing it takes two people",
        ),
        ({"recommended": "lock_and_refund", "level": "critical", "score": 0.97}, "rated critical"),
        ({"recommended": "lock_account"}, "The assessment recommends 'lock_account': clearing it overrules that"),
        ({"score": None, "level": None}, "There was no evidence to judge it by"),
        # Rated without a score.
        ({"score": None}, "There was no evidence to judge it by"),
    ],
)
async def test_bulk_orders_never_overrule(
    client: httpx.AsyncClient, book: CaseBook, case: dict[str, Any], why: str
) -> None:
    risky, benign = (
        case_in_review(book, 1, **case),
        case_in_review(book, 2, recommended="clear", score=0.2, level="low"),
    )
    shown = await preview(client, "close_false_positive", [risky.case_id, benign.case_id], MARIA)
    assert [item["ok"] for item in shown] == [False, True]
    assert why in shown[0]["reason"]
    # A client that sends what the preview left out is refused the same.
    done = await apply(client, "close_false_positive", shown, MARIA, comment="The roaming campaign.")
    assert [(item["ok"], item["reason"]) for item in done] == [(False, shown[0]["reason"]), (True, None)]
    assert book.get_fraud_case(risky.case_id).decisions == ()
    assert book.get_fraud_case(risky.case_id).proposal is None


async def test_bulk_clears_no_reply_but_claims_it(client: httpx.AsyncClient, book: CaseBook) -> None:
    case, _ = parse_review_id(ask_about_reply(book).review_id)
    shown = await preview(client, "close_false_positive", [case], MARIA)
    assert [(item["ok"], item["reason"]) for item in shown] == [
        (False, "A case of kind 'reply' is not cleared: it is decided on its own page.")
    ]
    done = await apply(client, "close_false_positive", shown, MARIA, comment="The roaming campaign.")
    assert [item["ok"] for item in done] == [False]
    assert book.get_case(case).decisions == ()
    assert [item["ok"] for item in await apply(client, "claim", shown, ANA)] == [True]


def due_in(book: CaseBook, number: int, hours: float, escalation_reason: str | None = None) -> str:
    """A case that waits for a person, and for how long."""
    opening = an_opening(open_case(book, number), escalation_reason=escalation_reason)
    due = {"opened_at": datetime.now(UTC), "due_at": datetime.now(UTC) + timedelta(hours=hours)}
    begin(book, opening.case_id, policy=HASTY)
    put(book, opening.model_copy(update={"review": opening.review.model_copy(update=due)}))
    return opening.case_id


async def test_bulk_snooze_snoozes_what_may_be_snoozed(client: httpx.AsyncClient, book: CaseBook) -> None:
    waiting, claimed = (due_in(book, number, 48) for number in (1, 2))
    book.claim(claimed, "ben")
    nobody_asked = open_case(book, 4)
    manager_s = due_in(book, 3, 48, escalation_reason="Nobody answered in time.")
    cases = [waiting, claimed, manager_s, nobody_asked, "case-none"]
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    shown = await preview(client, "snooze", cases, ANA, until=until)
    assert [item["ok"] for item in shown] == [True, False, False, False, False]
    assert "ben claimed this case" in shown[1]["reason"]
    assert "needs the role 'manager'" in shown[2]["reason"]

    done = await apply(client, "snooze", shown, ANA, until=until, until_activity=True, comment="The bank calls back.")

    assert [(item["ok"], item["reason"]) for item in done] == [(item["ok"], item["reason"]) for item in shown]
    snooze = book.summary(waiting).snooze
    assert snooze is not None
    assert (snooze.snoozed_by, snooze.until.isoformat(), snooze.until_activity) == ("ana", until, True)
    assert book.case_events(waiting)[-1].data["reason"] == "The bank calls back."
    assert [book.summary(case).snooze for case in cases[1:4]] == [None] * 3


async def test_bulk_snooze_names_cases_due_before_its_end(client: httpx.AsyncClient, book: CaseBook) -> None:
    soon, later = due_in(book, 1, 1), due_in(book, 2, 48)
    until = (datetime.now(UTC) + timedelta(hours=4)).isoformat()
    refused, fine = await preview(client, "snooze", [soon, later], ANA, until=until)
    assert (refused["ok"], fine["ok"]) == (False, True)
    assert "this case is due: snooze it until then at the latest" in refused["reason"]
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert [item["ok"] for item in await preview(client, "snooze", [soon, later], ANA, until=past)] == [False, False]
    # Without a time each sleeps until its own deadline is near.
    done = await apply(client, "snooze", [refused, fine], ANA)
    assert [item["ok"] for item in done] == [True, True]
    ends = [snooze.until for case in (soon, later) if (snooze := book.summary(case).snooze)]
    assert [end.replace(microsecond=0) for end in ends] == [
        due.replace(microsecond=0) for case in (soon, later) if (due := book.summary(case).due_at)
    ]
