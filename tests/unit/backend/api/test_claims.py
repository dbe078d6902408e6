import asyncio

import httpx
import pytest

from contracts.case import CaseSummary
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review, decision_body, signed_in
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio

ANA, BEN, MARIA, VERA = map(signed_in, ("ana", "ben", "maria", "vera"))


async def test_claim_is_shown_on_case_and_in_list(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    claimed = await client.post(f"/api/cases/{case}/claim", headers=ANA)
    assert (claimed.status_code, claimed.json()["assignee"]) == (200, "ana")
    assert (await client.get(f"/api/cases/{case}")).json()["claim"] == claimed.json()
    (row,) = (await client.get("/api/cases?assignee=me", headers=ANA)).json()["items"]
    assert row["claim"] == claimed.json()
    assert (await client.get("/api/cases?assignee=me", headers=BEN)).json()["items"] == []


async def test_a_case_that_another_person_claimed_cannot_be_claimed(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    await client.post(f"/api/cases/{case}/claim", headers=BEN)
    refused = await client.post(f"/api/cases/{case}/claim", headers=ANA)
    assert (refused.status_code, refused.json()["id"]) == (409, "claimed-by-other")
    assert "ask ben to release it, or let a manager take it over." in refused.json()["detail"]


async def test_stale_tab_cannot_decide_anothers_case(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book)
    await client.post(f"/api/cases/{opening.case_id}/claim", headers=BEN)
    refused = await client.post("/api/workflow/decision", json=decision_body(opening), headers=ANA)
    assert (refused.status_code, refused.json()["id"]) == (409, "claimed-by-other")
    accepted = await client.post("/api/workflow/decision", json=decision_body(opening), headers=BEN)
    assert accepted.status_code == 202
    assert book.get_fraud_case(opening.case_id).claim is None


async def test_only_a_manager_takes_over_and_says_why(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    await client.post(f"/api/cases/{case}/claim", headers=BEN)
    path = f"/api/cases/{case}/claim/take-over"
    assert (await client.post(path, json={"reason": "Ben is ill."}, headers=ANA)).status_code == 403
    for nothing in ("", " \n", "\u200b", "\u2800"):
        assert (await client.post(path, json={"reason": nothing}, headers=MARIA)).status_code == 422
    taken = await client.post(path, json={"reason": "Ben is ill."}, headers=MARIA)
    assert (taken.status_code, taken.json()["assignee"]) == (200, "maria")
    event = book.case_events(case)[-1]
    assert (event.type, event.actor, event.data["previous_assignee"], event.data["reason"]) == (
        "claim_taken_over",
        "maria",
        "ben",
        "Ben is ill.",
    )


async def test_claim_is_released_by_assignee_or_manager_with_reason(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    path = f"/api/cases/{case}/claim"
    assert (await client.delete(path, headers=ANA)).json()["id"] == "not-claimed"
    await client.post(path, headers=ANA)
    assert (await client.delete(path, headers=BEN, params={"reason": "mine!"})).status_code == 409
    assert (await client.delete(path, headers=MARIA)).status_code == 409
    assert (await client.delete(path, headers=MARIA, params={"reason": " "})).status_code == 422
    assert (await client.delete(path, headers=ANA)).status_code == 204
    await client.post(path, headers=BEN)
    assert (await client.delete(path, headers=MARIA, params={"reason": "He is away."})).status_code == 204
    assert book.summary(case).claim is None


async def test_next_hands_out_cases_until_none_is_left(client: httpx.AsyncClient, book: CaseBook) -> None:
    cases = {case_in_review(book, number).case_id for number in (1, 2)}
    handed = [(await client.post("/api/cases/next", headers=who)) for who in (ANA, BEN)]
    summaries = [CaseSummary.model_validate_json(answer.content) for answer in handed]
    assert {summary.case_id for summary in summaries} == cases
    assert [summary.claim.assignee for summary in summaries if summary.claim] == ["ana", "ben"]
    nothing = await client.post("/api/cases/next", headers=ANA)
    assert (nothing.status_code, nothing.content) == (204, b"")


async def test_concurrent_next_never_shares_a_case(client: httpx.AsyncClient, book: CaseBook) -> None:
    cases = [case_in_review(book, number).case_id for number in range(1, 13)]
    presses = [client.post("/api/cases/next", headers=who) for who in (ANA, BEN, MARIA) * 10]
    answers = await asyncio.gather(*presses)
    assert [answer.status_code for answer in answers] == [200] * 30
    claims = [claim for case in cases if (claim := book.summary(case).claim) is not None]
    assert sorted(claim.assignee for claim in claims) == ["ana", "ben", "maria"]


async def test_reading_the_next_case_is_not_allowed(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = await client.request(method, "/api/cases/next", headers=ANA)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST"), method
    assert book.summary(case).claim is None


async def test_moving_on_holds_one_case_at_a_time(client: httpx.AsyncClient, book: CaseBook) -> None:
    cases = [case_in_review(book, number).case_id for number in range(1, 6)]
    handed: list[str] = []
    for _ in range(20):
        answer = await client.post("/api/cases/next", headers=ANA)
        handed.append(answer.json()["case_id"])
        assert (await client.get("/api/cases/counts", headers=ANA)).json()["mine"] == 1
    # All are seen before one comes again.
    assert handed == cases * 4


async def test_a_case_with_unsent_words_stays(client: httpx.AsyncClient, book: CaseBook) -> None:
    first, second = (case_in_review(book, number).case_id for number in (1, 2))
    await client.post("/api/cases/next", headers=ANA)
    handed = await client.post("/api/cases/next", params={"keep": [first, "case-none"]}, headers=ANA)
    assert handed.json()["case_id"] == second
    assert (await client.get("/api/cases/counts", headers=ANA)).json()["mine"] == 2
    assert (await client.post("/api/cases/next", params={"keep": "NO"}, headers=ANA)).status_code == 422


async def test_escalated_cases_are_handed_to_managers_only(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book, escalation_reason="Nobody answered in time.")
    assert (await client.post("/api/cases/next", headers=ANA)).status_code == 204
    assert (await client.post("/api/cases/next", headers=MARIA)).json()["case_id"] == opening.case_id


async def test_a_viewer_is_handed_nothing(client: httpx.AsyncClient, book: CaseBook) -> None:
    case_in_review(book)
    assert (await client.post("/api/cases/next", headers=VERA)).status_code == 403
    assert (await client.get("/api/cases/counts", headers=VERA)).json()["unclaimed"] == 1


async def test_a_list_takes_filters_order_and_words(client: httpx.AsyncClient, book: CaseBook) -> None:
    first, second = case_in_review(book, 1).case_id, case_in_review(book, 2).case_id
    third = open_case(book, 3)

    async def listed(query: str) -> list[str]:
        answer = await client.get(f"/api/cases?{query}")
        assert answer.status_code == 200, answer.text
        return [item["case_id"] for item in answer.json()["items"]]

    assert await listed("sort=opened") == [first, second, third]
    assert await listed("state=awaiting_review&state=escalated&sort=due") == [first, second]
    assert await listed("customer_id=2") == [second]
    assert await listed("min_score=0.5&rule=impossible_travel&severity=high") == [second, first]
    assert await listed("q=S%C3%83O+customer+3") == [third]
    assert await listed("overdue=true") == [second, first]
    assert await listed("due_before=2026-03-01T00:00:00Z") == []
    assert await listed("due_within_hours=4") == [second, first]
    assert await listed("opened_within_hours=1&sort=opened") == [first, second, third]
    assert await listed("opened_over_hours=1") == []


async def test_a_cursor_belongs_to_its_query(client: httpx.AsyncClient, book: CaseBook) -> None:
    for number in (1, 2, 3):
        open_case(book, number)
    page = (await client.get("/api/cases?limit=1&sort=score")).json()
    assert page["total"] == 3
    kept = await client.get("/api/cases", params={"limit": 2, "sort": "score", "cursor": page["next_cursor"]})
    assert len(kept.json()["items"]) == 2
    other = await client.get("/api/cases", params={"limit": 1, "sort": "due", "cursor": page["next_cursor"]})
    assert (other.status_code, other.json()["id"]) == (422, "malformed-cursor")


@pytest.mark.parametrize(
    "query",
    [
        "sort=luck",
        "min_score=2",
        "overdue=perhaps",
        "due_before=2026-03-01T00:00:00",
        "colour=red",
        "q=",
        "opened_after=0001-01-01T00:00:00%2B14:00",
    ],
)
async def test_a_query_that_makes_no_sense_is_422(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/cases?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, f"query.{query.partition('=')[0]}")


async def test_counts_say_what_waits(client: httpx.AsyncClient, book: CaseBook) -> None:
    case_in_review(book, 1)
    case_in_review(book, 2)
    open_case(book, 3)
    await client.post("/api/cases/next", headers=ANA)
    counts = (await client.get("/api/cases/counts", headers=ANA)).json()
    assert counts["states"] == {"investigating": 1, "awaiting_review": 2, "escalated": 0, "acting": 0, "closed": 0}
    assert (counts["overdue"], counts["unclaimed"], counts["mine"]) == (2, 1, 1)


async def test_a_nul_in_a_path_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/cases/case-a%00b")
    assert (answer.status_code, answer.json()["id"]) == (422, "unstorable-text")
