"""Messages over HTTP: bad ones are refused with one sentence, and nothing of them is stored."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from backend.wiring import Wiring
from casebook.chat_api import ChatApi
from casebook.queries.chat import DraftBasis
from contracts.chat import ChatDraft
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.live.test_change_feed import eventually
from tests.unit.backend.support import answering, signed_in

pytestmark = pytest.mark.anyio

ANA, MARIA, VERA = map(signed_in, ("ana", "maria", "vera"))
HELLO = {"user_id": "bob", "text": "Hello"}


@pytest.fixture
def chat(book: CaseBook) -> ChatApi:
    return ChatApi(book.transactions)


@pytest.fixture
async def channel(wiring: Wiring) -> AsyncGenerator[httpx.AsyncClient]:
    """Who passes messages on: nobody is signed in."""
    async with answering(wiring, persona=None) as opened:
        yield opened


def answer(chat: ChatApi, turn_id: str, text: str = "Hi Bob!") -> None:
    basis = chat.begin_draft(turn_id)
    assert isinstance(basis, DraftBasis)
    chat.keep_draft(turn_id, ChatDraft(round=basis.round, seen=basis.seen, text=text, model="rules"))
    chat.send_reply(turn_id, basis.round)


async def post(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await client.post("/api/chat", params={"wait": 0}, json={**HELLO, **changes})


async def test_message_is_started_and_answered(
    channel: httpx.AsyncClient, chat: ChatApi, scheduler: FakeScheduler
) -> None:
    pending = await post(channel, metadata={"session": 1}, tags=["greeting"])
    assert pending.status_code == 202
    turn_id = pending.json()["turn_id"]
    await scheduler.received.wait()
    assert scheduler.starts == [f"chat-{turn_id}"]
    answer(chat, turn_id)
    shown = (await channel.get(pending.json()["status_url"])).json()
    assert (shown["state"], shown["reply"], shown["metadata"]) == ("sent", "Hi Bob!", {"session": 1})


async def test_waiting_request_is_answered_when_the_turn_ends(
    channel: httpx.AsyncClient, chat: ChatApi, scheduler: FakeScheduler
) -> None:
    request = asyncio.create_task(channel.post("/api/chat", json=HELLO, timeout=30))
    await scheduler.received.wait()
    await asyncio.to_thread(answer, chat, scheduler.starts[0].removeprefix("chat-"))
    told = await request
    assert (told.status_code, told.json()) == (200, {"user_id": "bob", "reply": "Hi Bob!", "metadata": {}})


async def test_next_message_begins_when_the_first_has_ended(
    channel: httpx.AsyncClient, chat: ChatApi, scheduler: FakeScheduler
) -> None:
    first, second = (await post(channel)).json()["turn_id"], (await post(channel)).json()["turn_id"]
    await scheduler.received.wait()
    assert scheduler.starts == [f"chat-{first}"]
    await asyncio.to_thread(answer, chat, first)
    # What is told again starts nothing.
    await eventually(lambda: len(scheduler.starts) > 1)
    assert scheduler.starts == [f"chat-{first}", f"chat-{second}"]


@pytest.mark.parametrize("by", ["header", "body"])
async def test_same_message_twice_is_one_turn(channel: httpx.AsyncClient, by: str) -> None:
    body = {**HELLO, "message_id": "m-1"} if by == "body" else HELLO
    headers = {"Idempotency-Key": "m-1"} if by == "header" else {}
    twice = [await channel.post("/api/chat", params={"wait": 0}, json=body, headers=headers) for _ in range(2)]
    assert twice[0].json() == twice[1].json()
    other = await channel.post("/api/chat", params={"wait": 0}, json={**body, "text": "Other"}, headers=headers)
    assert (other.status_code, other.json()["id"]) == (409, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \t\n"}, "text"),
        ({"text": "\u202e\u200f\u2066"}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "bob smith"}, "user_id"),
        ({"user_id": "a/b"}, "user_id"),
        ({"user_id": "x" * 129}, "user_id"),
        ({"user_id": 7}, "user_id"),
        ({"metadata": {"a": "x" * 17_000}}, "metadata"),
        ({"tags": ["t"] * 21}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_bad_message_is_refused(
    channel: httpx.AsyncClient, chat: ChatApi, changes: dict[str, Any], field: str
) -> None:
    refused = await post(channel, **changes)
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == [field]
    assert chat.list_users().items == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"user_id": "bob", "text": "a\\u0000b"}', 422),
        (b'{"user_id": "bob", "text": "a\\ud800b"}', 422),
        (b'{"user_id": "bob", "text": "\xff"}', 422),
        (b'{"user_id": "bob", "text": "' + b"x" * 1_000_000 + b'"}', 422),
        (json.dumps({**HELLO, "metadata": json.loads('{"a":' * 100 + "1" + "}" * 100)}).encode(), 422),
        (b"{", 422),
        (b"[]", 422),
    ],
    ids=["nul", "surrogate", "not-utf-8", "megabyte", "deep", "no-json", "list"],
)
async def test_broken_body_is_refused(channel: httpx.AsyncClient, chat: ChatApi, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    refused = await channel.post("/api/chat", params={"wait": 0}, content=body, headers=headers)
    assert refused.status_code == status, refused.text
    assert chat.list_users().items == ()


@pytest.mark.parametrize("text", ["👋🏽🎉", "مرحبا، أين فاتورتي؟", "שלום", "e\u0301"])
async def test_message_in_any_script_is_taken(channel: httpx.AsyncClient, chat: ChatApi, text: str) -> None:
    assert (await post(channel, text=text)).status_code == 202
    assert [turn.message for turn in chat.conversation("bob").items] == [text]


async def test_too_many_messages_say_when_to_come_back(channel: httpx.AsyncClient) -> None:
    answers = [await post(channel) for _ in range(21)]
    assert [each.status_code for each in answers] == [202] * 20 + [429]
    assert answers[-1].json()["id"] in ("message-rate-exceeded", "too-many-open-turns")
    assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_unknown_turn_and_user(channel: httpx.AsyncClient) -> None:
    assert (await channel.get("/api/chat/turn-x")).json()["id"] == "turn-not-found"
    assert (await channel.get("/api/analytics/nobody")).json() == {"user_id": "nobody", "message_count": 0}


async def test_conversations_are_for_people(channel: httpx.AsyncClient, chat: ChatApi) -> None:
    answer(chat, (await post(channel)).json()["turn_id"])
    assert (await channel.get("/api/conversations/bob")).status_code == 401
    shown = (await channel.get("/api/conversations/bob", headers=VERA)).json()["items"]
    assert [(turn["message"], turn["reply"]) for turn in shown] == [("Hello", "Hi Bob!")]


async def test_conversation_is_erased_by_a_manager(channel: httpx.AsyncClient, chat: ChatApi) -> None:
    answer(chat, (await post(channel)).json()["turn_id"])
    assert (await channel.delete("/api/conversations/bob", headers=ANA)).status_code == 403
    erased = await channel.delete("/api/conversations/bob", headers=MARIA)
    assert erased.json() == {"user_id": "bob", "turns": 1}
    assert (await channel.delete("/api/conversations/eve", headers=MARIA)).status_code == 404
    desk = (await channel.get("/api/desk-log", headers=MARIA)).json()["items"]
    assert [(line["kind"], line["name"], line["actor"]) for line in desk] == [("conversation_erased", "bob", "maria")]


async def test_counts_are_reset_by_a_manager(channel: httpx.AsyncClient) -> None:
    await channel.post("/api/analytics/bob/initialize", json={"message_count": 3})
    assert (await channel.post("/api/analytics/reset")).status_code == 401
    assert (await channel.post("/api/analytics/reset", headers=ANA)).status_code == 403
    assert (await channel.post("/api/analytics/reset", headers=MARIA)).status_code == 200
    assert (await channel.get("/api/analytics/bob")).json()["message_count"] == 0


@pytest.mark.parametrize("count", [-1, 1.5, "3", None, 10**10])
async def test_bad_count_is_refused(channel: httpx.AsyncClient, count: object) -> None:
    refused = await channel.post("/analytics/bob/initialize", json={"message_count": count})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "message_count")


async def test_conversations_are_listed_and_reading_one_is_recorded(
    channel: httpx.AsyncClient, chat: ChatApi, wiring: Wiring
) -> None:
    answer(chat, (await post(channel)).json()["turn_id"])
    assert (await channel.get("/api/conversations")).status_code == 401
    listed = (await channel.get("/api/conversations", headers=VERA)).json()["items"]
    assert [(each["user_id"], each["turns"], each["customer_id"]) for each in listed] == [("bob", 1, None)]
    unknown = await channel.get("/api/conversations/eve", headers=VERA)
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "There is no conversation with 'eve'.")
    await channel.get("/api/conversations/bob", headers=VERA)
    await wiring.services.accesses.write()
    seen = (await wiring.services.access_record.list()).items
    assert [(each.subject, each.kind, each.target) for each in seen] == [("vera", "conversation_read", "bob")]


async def test_figures_are_of_the_days_asked_for(channel: httpx.AsyncClient, chat: ChatApi) -> None:
    answer(chat, (await post(channel)).json()["turn_id"])
    assert (await channel.get("/api/analytics")).status_code == 401
    told = (await channel.get("/api/analytics", params={"days": 7}, headers=VERA)).json()
    assert len(told["days"]) == 7
    for days in (0, 367, "x"):
        refused = await channel.get("/api/analytics", params={"days": days}, headers=VERA)
        assert refused.status_code == 422


async def test_zone_of_the_user_is_kept_or_refused(channel: httpx.AsyncClient, chat: ChatApi) -> None:
    turn_id = (await post(channel, zone="Europe/Berlin")).json()["turn_id"]
    basis = chat.begin_draft(turn_id)
    assert isinstance(basis, DraftBasis)
    assert basis.zone == "Europe/Berlin"
    refused = await post(channel, zone="Mars/Phobos")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "zone")
    assert refused.json()["detail"] == (
        "'Mars/Phobos' is no time zone: write an IANA name such as Europe/Berlin, with its capitals."
    )
