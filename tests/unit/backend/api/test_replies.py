"""Replies that wait for a person, over HTTP: the same routes as every case, and what is fraud's is refused."""

from typing import Any

import httpx
import pytest

from contracts.reply import ReplyCaseView
from contracts.review import ReviewRequest
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import signed_in
from tests.unit.casebook.builders import open_case
from tests.unit.casebook.replies import ask_about_reply

pytestmark = pytest.mark.anyio

ANA, MARIA = map(signed_in, ("ana", "maria"))
CASE = "case_reply-turn-1"


def an_order(question: ReviewRequest, **answer: Any) -> dict[str, Any]:
    return {"review_id": question.review_id, "assessment_hash": question.assessment_hash, **answer}


async def test_reply_is_shown_listed_and_exported(client: httpx.AsyncClient, book: CaseBook) -> None:
    open_case(book, 1)
    ask_about_reply(book)
    shown = await client.get(f"/api/cases/{CASE}", headers=ANA)
    assert ReplyCaseView.model_validate_json(shown.content) == book.get_case(CASE)
    listed = (await client.get("/api/cases", params={"kind": "reply"}, headers=ANA)).json()["items"]
    assert [(item["case_id"], item["kind"], item["alert_id"]) for item in listed] == [(CASE, "reply", None)]
    wrong = await client.get("/api/cases", params={"kind": "gossip"}, headers=ANA)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "query.kind")
    table = await client.get("/api/exports/cases", params={"format": "csv", "kind": "reply"}, headers=ANA)
    assert f'"{CASE}"' in table.text


async def test_reply_is_decided_like_any_case(
    client: httpx.AsyncClient, book: CaseBook, scheduler: FakeScheduler
) -> None:
    question = ask_about_reply(book)
    other = await client.post(
        "/api/workflow/decision", json=an_order(question, verdict="approve", action="clear"), headers=MARIA
    )
    assert (other.status_code, other.json()["id"]) == (422, "action-of-other-kind")
    assert other.json()["detail"] == (
        "'clear' cannot be approved in a case of kind 'reply': approve 'send' or 'send_edited', or reject."
    )
    unknown = await client.post(
        "/api/workflow/decision", json=an_order(question, verdict="approve", action="shred"), headers=MARIA
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "action")
    taken = await client.post(
        "/api/workflow/decision", json=an_order(question, verdict="approve", action="send"), headers=ANA
    )
    assert (taken.status_code, taken.json()["status"]) == (202, "accepted")
    assert CASE not in scheduler.starts


async def test_decision_of_an_unknown_kind_is_404(client: httpx.AsyncClient, book: CaseBook) -> None:
    question = ask_about_reply(book)
    order = an_order(question, verdict="approve", action="send") | {"review_id": "case_gossip-7:r1"}
    answer = await client.post("/api/workflow/decision", json=order, headers=ANA)
    assert (answer.status_code, answer.json()["id"]) == (404, "case-not-found")
    items = [{"case_id": "case_gossip-7", "review_id": "case_gossip-7:r1", "assessment_hash": order["assessment_hash"]}]
    bulk = {"action": "close_false_positive", "items": items, "comment": "The roaming campaign."}
    done = await client.post("/api/cases/bulk", json=bulk, headers=MARIA)
    assert [item["ok"] for item in done.json()["items"]] == [False]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/api/cases/{CASE}/regulatory-report", None),
        ("POST", f"/api/cases/{CASE}/preview", {"action": "lock_account"}),
        ("POST", f"/api/cases/{CASE}/merge", {"into": "case-impossible_travel-1", "reason": "The same customer."}),
    ],
)
async def test_what_is_of_fraud_is_refused(
    client: httpx.AsyncClient, book: CaseBook, method: str, path: str, body: dict[str, Any] | None
) -> None:
    open_case(book, 1)
    ask_about_reply(book)
    before = book.case_events(CASE)
    answer = await client.request(method, path, json=body, headers=MARIA)
    assert answer.status_code == 409, answer.text
    assert "kind 'reply'" in answer.json()["detail"]
    assert book.case_events(CASE) == before
