"""Subscriptions over HTTP: admins only, bad addresses are refused, and secrets are told once."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any

import httpx
import pytest

from backend.delivery.addresses import parse_networks
from backend.delivery.webhooks import WebhookSender
from backend.live.broadcast import Broadcast
from backend.wiring import Wiring, wire
from tests.support.casebooks import CaseBook
from tests.support.webhook_receiver import WebhookReceiver
from tests.unit.backend.delivery.events import names
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG, SIGN_IN, answering, signed_in

pytestmark = pytest.mark.anyio

URL = "https://hooks.example.com/events"
RESOLVER = names(
    hooks_example_com=["93.184.215.14"], inside_example_com=["127.0.0.1"], mixed_example_com=["8.8.8.8", "10.0.0.1"]
)


@pytest.fixture
def wiring(book: CaseBook, scheduler: FakeScheduler) -> Wiring:
    webhooks = WebhookSender(parse_networks("127.0.0.1/32"), resolver=RESOLVER)
    return wire(book, scheduler, SIGN_IN, Broadcast(), CONFIG, webhooks=webhooks)


@pytest.fixture
def strict_wiring(book: CaseBook, scheduler: FakeScheduler) -> Wiring:
    return wire(book, scheduler, SIGN_IN, Broadcast(), CONFIG, webhooks=WebhookSender((), resolver=RESOLVER))


@pytest.fixture
async def desk(wiring: Wiring) -> AsyncGenerator[httpx.AsyncClient]:
    async with answering(wiring, persona="alex") as opened:
        yield opened


@pytest.fixture
async def strict_desk(strict_wiring: Wiring) -> AsyncGenerator[httpx.AsyncClient]:
    async with answering(strict_wiring, persona="alex") as opened:
        yield opened


@pytest.fixture
def receiver() -> Generator[WebhookReceiver]:
    with WebhookReceiver() as opened:
        yield opened


async def subscribe(desk: httpx.AsyncClient, **said: Any) -> dict[str, Any]:
    made = await desk.post("/api/subscriptions", json={"url": URL, **said})
    assert made.status_code == 201, made.text
    return made.json()


async def test_event_reaches_a_receiver_signed(desk: httpx.AsyncClient, receiver: WebhookReceiver) -> None:
    made = await subscribe(desk, url=receiver.url(), events=["TaskCreated"])
    task = await desk.post("/api/tasks", json={"title": "Call the bank"})
    assert await asyncio.to_thread(receiver.wait_for, 1)
    (request,) = receiver.requests
    event = request.verified(made["secret"]["secret"])
    assert event["type"] == "casewright.TaskCreated"
    assert event["subject"] == f"task/{task.json()['task_id']}"
    assert request.headers["content-type"] == "application/cloudevents+json"


async def test_secret_is_told_once(desk: httpx.AsyncClient) -> None:
    made = await subscribe(desk)
    secret = made["secret"]["secret"]
    assert secret.startswith("whsec_")
    path = f"/api/subscriptions/{made['subscription']['subscription_id']}"
    for answer in (await desk.get(path), await desk.get("/api/subscriptions"), await desk.get("/api/desk-log")):
        assert answer.status_code == 200
        assert secret.removeprefix("whsec_") not in answer.text
    added = await desk.post(f"{path}/secrets")
    assert added.status_code == 201
    assert added.json()["secret"] != secret
    removed = await desk.delete(f"{path}/secrets/{made['secret']['secret_id']}")
    assert removed.status_code == 204
    last = await desk.delete(f"{path}/secrets/{added.json()['secret_id']}")
    assert (last.status_code, last.json()["id"]) == (409, "last-secret")


async def test_subscription_is_changed_as_it_was_seen(desk: httpx.AsyncClient) -> None:
    made = await desk.post("/api/subscriptions", json={"url": URL})
    assert made.headers["etag"] == '"1"'
    path = f"/api/subscriptions/{made.json()['subscription']['subscription_id']}"
    change = {"events": ["CaseOpened"], "state": "paused"}
    missing = await desk.patch(path, json=change)
    assert (missing.status_code, missing.json()["detail"]) == (
        428,
        "Send the header If-Match with the ETag that you read it with, so that nobody's change is lost.",
    )
    changed = await desk.patch(path, json=change, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json()["events"], changed.json()["state"]) == (["CaseOpened"], "paused")
    late = await desk.patch(path, json={"description": "x"}, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["id"]) == (412, "subscription-changed")
    assert (await desk.delete(path, headers={"If-Match": '"1"'})).status_code == 412
    assert (await desk.delete(path, headers={"If-Match": '"2"'})).status_code == 204
    assert (await desk.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("no url", "That is no URL: write it like https://example.com/events."),
        ("", "url: string should have at least 1 character."),
        ("https://10.1.2.3/x", "'10.1.2.3' is a private address"),
        ("https://[::1]/x", "a loopback address"),
        ("https://inside.example.com/x", "a loopback address"),
        ("https://mixed.example.com/x", "a private address"),
        ("https://169.254.169.254/latest", "the address of a metadata service"),
        ("https://unknown.example.com/x", "unknown.example.com"),
        ("http://hooks.example.com/x", "https"),
        ("ftp://hooks.example.com/x", "Only https is spoken to a webhook: give a URL that begins with https://."),
        ("https://ada:secret@hooks.example.com/", "The URL holds a user or a password"),
        ("https://a]b.example.com/", "That is no URL: write it like https://example.com/events."),
        ("https://hooks%2eexample.com/", "That is no URL: write it like https://example.com/events."),
        ("https://[fe80::1%eth0]/", "That is no URL: write it like https://example.com/events."),
        ("https://hooks.example.com/" + "x" * 3000, "url: string should have at most 2000 characters."),
    ],
)
async def test_bad_address_is_refused_with_one_sentence(
    strict_desk: httpx.AsyncClient, url: str, sentence: str
) -> None:
    refused = await strict_desk.post("/api/subscriptions", json={"url": url})
    assert refused.status_code == 422
    assert sentence in refused.json()["detail"]
    assert refused.json()["detail"].count(". ") == 0
    assert refused.json()["errors"][0]["field"] == "url"
    assert (await strict_desk.get("/api/subscriptions")).json() == {"items": []}


@pytest.mark.parametrize(
    "body",
    [{}, {"url": URL, "events": []}, {"url": URL, "events": ["Nothing"]}, {"url": URL, "from_sequence": 0}, {"url": 1}],
)
async def test_malformed_subscription_is_refused(desk: httpx.AsyncClient, body: dict[str, Any]) -> None:
    refused = await desk.post("/api/subscriptions", json=body)
    assert (refused.status_code, refused.json()["id"]) == (422, "invalid-request")


async def test_changed_address_is_checked_too(desk: httpx.AsyncClient) -> None:
    made = await subscribe(desk)
    path = f"/api/subscriptions/{made['subscription']['subscription_id']}"
    refused = await desk.patch(path, json={"url": "https://10.0.0.1/"}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["id"]) == (422, "webhook-url-refused")
    assert (await desk.get(path)).json()["url"] == URL


async def test_replay_sends_earlier_events_again(desk: httpx.AsyncClient, receiver: WebhookReceiver) -> None:
    await desk.post("/api/tasks", json={"title": "Call the bank"})
    made = await subscribe(desk, url=receiver.url())
    path = f"/api/subscriptions/{made['subscription']['subscription_id']}"
    ahead = await desk.post(f"{path}/replay", json={"from_sequence": 9})
    assert (ahead.status_code, ahead.json()["id"]) == (422, "sequence-ahead")
    assert (await desk.post(f"{path}/replay", json={"from_sequence": 1})).status_code == 200
    assert await asyncio.to_thread(receiver.wait_for, 1)
    assert receiver.events[0]["id"] == "1-TaskCreated"


async def test_unknown_dead_letter_is_an_error(desk: httpx.AsyncClient) -> None:
    made = await subscribe(desk)
    path = f"/api/subscriptions/{made['subscription']['subscription_id']}/dead-letters"
    assert (await desk.get(path)).json() == {"items": [], "next_cursor": None, "total": 0}
    assert (await desk.delete(f"{path}/7")).json()["id"] == "dead-letter-not-found"
    assert (await desk.post(f"{path}/resend", json={"numbers": [7]})).json()["id"] == "dead-letter-not-found"
    assert (await desk.post(f"{path}/resend", json={})).status_code == 200


async def test_number_that_no_event_has_is_refused(desk: httpx.AsyncClient) -> None:
    made = await subscribe(desk)
    path = f"/api/subscriptions/{made['subscription']['subscription_id']}"
    too_large = 2**63
    for answer in (
        await desk.delete(f"{path}/dead-letters/{too_large}"),
        await desk.post(f"{path}/dead-letters/resend", json={"numbers": [too_large]}),
        await desk.post(f"{path}/replay", json={"from_sequence": too_large}),
        await desk.post("/api/subscriptions", json={"url": URL, "from_sequence": too_large}),
    ):
        assert (answer.status_code, answer.json()["id"]) == (422, "invalid-request"), answer.text


@pytest.mark.parametrize("path", ["", "/dead-letters"])
async def test_nul_in_an_address_is_refused(desk: httpx.AsyncClient, path: str) -> None:
    answer = await desk.get(f"/api/subscriptions/sub-%00{path}")
    assert (answer.status_code, answer.json()["id"]) == (422, "unstorable-text")


@pytest.mark.parametrize("persona", ["vera", "ana", "maria"])
async def test_others_than_admins_see_no_subscription(desk: httpx.AsyncClient, persona: str) -> None:
    assert (await desk.get("/api/subscriptions", headers=signed_in(persona))).status_code == 403
