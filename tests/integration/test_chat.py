"""Conversations on the whole stack: the session of the tutorial by its own requests, links, order, erasure."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.chat import REJECTED_REPLY
from tests.support.stack import LocalStack

URGENT = {
    "user_id": "bob",
    "text": "This is an urgent request!",
    "metadata": {"timestamp": "2025-04-06T12:00:00Z", "session_id": "123e4567-e89b-12d3-a456-426614174001"},
    "tags": ["greeting"],
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("chat"), "--no-simulator") as running:
        yield running


class Pending:
    """A request that hangs until it is answered, as a person at a terminal would send it: without a session."""

    def __init__(self, stack: LocalStack, body: dict[str, Any]) -> None:
        self.answer: httpx.Response | None = None
        self._thread = threading.Thread(target=self._send, args=(stack.url, body), daemon=True)
        self._thread.start()

    def _send(self, url: str, body: dict[str, Any]) -> None:
        self.answer = httpx.post(f"{url}/chat/", json=body, timeout=300)

    def result(self) -> dict[str, Any]:
        self._thread.join(300)
        assert self.answer is not None
        assert self.answer.status_code == 200, self.answer.text
        return self.answer.json()


def waiting_reviews(stack: LocalStack, count: int = 1) -> list[dict[str, Any]]:
    """What a person is asked about, once there is so much of it, the newest first."""
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        page = stack.http.get("/api/cases", params={"kind": "reply", "state": "awaiting_review"}).json()
        found[:] = page["items"]
        return len(found) >= count

    stack.wait_until(enough, "a reply that waits for a person")
    return [stack.http.get(f"/api/cases/{item['case_id']}").json() for item in found]


def decide(stack: LocalStack, case: dict[str, Any], **answer: Any) -> httpx.Response:
    review = case["review"]
    body = {"review_id": review["review_id"], "assessment_hash": review["assessment_hash"], **answer}
    return stack.http.post("/api/workflow/decision", json=body)


def test_tutorial_session_reads_as_the_tutorial_says(stack: LocalStack):
    with httpx.Client(base_url=stack.url, timeout=60) as curl:
        set_to = curl.post("/analytics/bob/initialize", json={"message_count": 3})
        assert set_to.json() == {"status": "success", "user_id": "bob", "message_count": 3}

        pending = Pending(stack, URGENT)
        (case,) = waiting_reviews(stack)
        assert pending.answer is None
        assert case["subject"]["message"] == URGENT["text"]
        assert case["subject"]["flagged_because"] == ["The message says 'urgent'."]
        assert decide(stack, case, verdict="approve", action="send").status_code == 202

        answer = pending.result()
        assert answer == {
            "user_id": "bob",
            "reply": "Hi Bob! You've sent 3 messages so far. No previous conversation. "
            "I understand your request is urgent—how can I assist you?",
            "metadata": URGENT["metadata"],
        }
        # It is counted after it was sent.
        stack.wait_until(lambda: curl.get("/analytics/bob").json()["message_count"] != 3, "the count")
        assert curl.get("/analytics/bob").json() == {"user_id": "bob", "message_count": 4}

        pending = Pending(stack, URGENT)
        (case,) = waiting_reviews(stack)
        assert decide(stack, case, verdict="reject", feedback="It says nothing.").status_code == 202
        assert pending.result()["reply"] == REJECTED_REPLY
        assert curl.get("/analytics/bob").json()["message_count"] == 4


def test_harmless_message_is_answered_at_once(stack: LocalStack):
    said = {"user_id": "eve", "text": "How many messages have I sent?"}
    answer = httpx.post(f"{stack.url}/api/chat", params={"wait": 120}, json=said, timeout=180)
    assert (answer.status_code, answer.json()["reply"]) == (200, "You have sent 0 messages so far.")


def test_longer_reply_is_asked_for_later(stack: LocalStack):
    said = {"user_id": "kim", "text": "Help! Is this an emergency?"}
    answer = httpx.post(f"{stack.url}/api/chat", params={"wait": 0}, json=said, timeout=60)
    assert answer.status_code == 202
    (case,) = waiting_reviews(stack)
    status = httpx.get(stack.url + answer.json()["status_url"], timeout=60).json()
    assert (status["state"], status["reply"]) == ("checking", None)
    decide(stack, case, verdict="approve", action="send")

    def is_sent() -> bool:
        return httpx.get(stack.url + answer.json()["status_url"], timeout=60).json()["state"] == "sent"

    stack.wait_until(is_sent, "the reply")


def test_linked_user_is_told_about_the_own_account_alone(stack: LocalStack):
    def ask() -> str:
        said = {"user_id": "lin", "text": "Which plan do I have? Show me customer 2."}
        return httpx.post(f"{stack.url}/api/chat", params={"wait": 120}, json=said, timeout=180).json()["reply"]

    assert ask().startswith("I do not know which customer you are")
    with as_admin(stack) as admin:
        unknown = admin.put("/api/conversations/lin/customer", json={"customer_id": 999_999})
        assert (unknown.status_code, unknown.json()["id"]) == (422, "unknown-customer")
        assert admin.put("/api/conversations/lin/customer", json={"customer_id": 1}).status_code == 200
        told = ask()
        assert told.startswith("You have ")
        assert "a month" in told
        assert admin.delete("/api/conversations/lin/customer").status_code == 200
    assert ask().startswith("I do not know which customer you are")


def test_decision_for_the_first_message_never_releases_the_second(stack: LocalStack):
    first = Pending(stack, {"user_id": "ola", "text": "Urgent, number 1"})
    (discarded,) = waiting_reviews(stack)
    second = Pending(stack, {"user_id": "ola", "text": "Urgent, number 2"})
    seen: list[dict[str, Any]] = []

    def is_asked_again() -> bool:
        seen[:] = [stack.http.get(f"/api/cases/{discarded['case_id']}").json()]
        return seen[0]["review"] is not None and seen[0]["review"]["review_id"].endswith(":r2")

    # The first draft did not know the second message.
    stack.wait_until(is_asked_again, "the second draft")
    refused = decide(stack, discarded, verdict="approve", action="send")
    assert (refused.status_code, refused.json()["id"]) == (409, "new-evidence")
    assert decide(stack, seen[0], verdict="approve", action="send").status_code == 202
    assert "urgent" in first.result()["reply"]

    (case,) = waiting_reviews(stack)
    assert case["subject"]["message"] == "Urgent, number 2"
    assert decide(stack, seen[0], verdict="approve", action="send").status_code == 409
    assert second.answer is None
    decide(stack, case, verdict="reject", feedback="No.")
    assert second.result()["reply"] == REJECTED_REPLY


def test_erased_conversation_leaves_the_record_valid(stack: LocalStack):
    pending = Pending(stack, {"user_id": "una", "text": "Help, my secret is krokodilzwieback"})
    (case,) = waiting_reviews(stack)
    with as_admin(stack) as admin:
        assert admin.delete("/api/conversations/una").json() == {"user_id": "una", "turns": 1}
        assert admin.get("/api/conversations/una").json()["items"] == []
        shown = admin.get(f"/api/cases/{case['case_id']}").json()
        assert (shown["state"], shown["outcome"], shown["subject"]) == ("closed", "erased", None)
    assert pending.result()["reply"] == "This conversation was erased."
    left = [path.name for path in stack.data.rglob("*") if b"krokodilzwieback" in content_of(path)]
    assert left == []


def content_of(path: Path) -> bytes:
    """Of a file; nothing where there is none, or none any more: databases remove what they need for a moment."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:
        return b""


@contextmanager
def as_admin(stack: LocalStack) -> Generator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        token = client.post("/api/session/token", json={"persona": "alex"}).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
