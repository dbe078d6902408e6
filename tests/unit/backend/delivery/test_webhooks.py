import asyncio
import ssl
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backend.delivery import webhooks
from backend.delivery.addresses import parse_networks
from backend.delivery.webhooks import Answer, WebhookSender, new_secret, signature
from tests.support.certificates import Authority
from tests.support.webhook_receiver import DROP, HANG, Reply, WebhookReceiver
from tests.unit.backend.delivery.events import an_event, names
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

LOOPBACK = parse_networks("127.0.0.0/8")
SECRET = new_secret()
DAY_S = 24 * 60 * 60
BROKEN = "The receiver broke the connection, or answered something that is not HTTP."


@pytest.fixture
def receiver() -> Generator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


def a_sender(
    timeout_s: float = 15.0,
    certificates: ssl.SSLContext | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> WebhookSender:
    resolver = names(hooks_example_com=["127.0.0.1"])
    return WebhookSender(LOOPBACK, resolver=resolver, certificates=certificates, clock=clock, timeout_s=timeout_s)


async def send(receiver: WebhookReceiver, *replies: Reply, timeout_s: float = 15.0) -> Answer:
    """The answer to an event that is posted to a receiver which does this."""
    left = list(replies)
    receiver.behaviour = lambda _: left.pop(0)
    sender = a_sender(timeout_s, clock=lambda: NOON)
    return await sender.send(receiver.url(host="hooks.example.com"), [SECRET], an_event())


async def test_an_event_arrives_as_a_cloud_event(receiver: WebhookReceiver) -> None:
    event = an_event(7, text="ünïcode 🐦")
    answer = await a_sender().send(receiver.url("/hooks?key=a%20b"), [SECRET], event)

    (request,) = receiver.requests
    assert answer == Answer(fault=None)
    assert request.path == "/hooks?key=a%20b"
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.headers["host"] == receiver.url("").removeprefix("http://")
    assert request.event == event.model_dump(mode="json")


async def test_the_receivers_own_package_verifies_the_signature(receiver: WebhookReceiver) -> None:
    # The package looks at the clock as well: what was signed minutes ago it refuses.
    await a_sender().send(receiver.url(), [SECRET], an_event(7))

    (request,) = receiver.requests
    assert request.verified(SECRET)["id"] == request.headers["webhook-id"] == "7-TaskDeleted"
    with pytest.raises(WebhookVerificationError):
        request.verified(new_secret())


async def test_each_of_several_secrets_signs(receiver: WebhookReceiver) -> None:
    secrets = [new_secret() for _ in range(5)]
    await a_sender().send(receiver.url(), secrets, an_event())

    (request,) = receiver.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 5
    assert {request.verified(secret)["id"] for secret in secrets} == {"1-TaskDeleted"}


def test_a_signature_is_what_the_package_makes() -> None:
    body = '{"a": "ü"}'
    moment = datetime(2026, 11, 29, 12, tzinfo=UTC)
    expected = Webhook(SECRET).sign("1-TaskDeleted", moment, body)

    assert signature(SECRET, "1-TaskDeleted", int(moment.timestamp()), body.encode()) == expected


def test_secrets_are_long_and_differ() -> None:
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {len("whsec_") + 44}


STATUSES = {
    400: "400 (Bad Request).",
    404: "404 (Not Found).",
    429: "429 (Too Many Requests).",
    500: "500 (Internal Server Error).",
    503: "503 (Service Unavailable).",
    599: "599.",
    302: "302 (Found). A redirect is not followed: give the URL that it leads to.",
    307: "307 (Temporary Redirect). A redirect is not followed: give the URL that it leads to.",
}


@pytest.mark.parametrize(("status", "words"), STATUSES.items())
async def test_a_failure_is_named_by_its_status(receiver: WebhookReceiver, status: int, words: str) -> None:
    said = {"location": receiver.url("/elsewhere"), "x-secret": SECRET}
    answer = await send(receiver, Reply(status, said, b"<h1>a text of the receiver</h1>"))

    assert answer == Answer(fault=f"The receiver answered {words}", unreachable=status not in {400, 500, 599})
    assert [request.path for request in receiver.requests] == ["/events"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_status_of_success_is_success(receiver: WebhookReceiver, status: int) -> None:
    assert await send(receiver, Reply(status)) == Answer(fault=None)


async def test_a_receiver_that_is_gone_says_so(receiver: WebhookReceiver) -> None:
    assert await send(receiver, Reply(410)) == Answer(fault="The receiver answered 410 (Gone).", gone=True)


RETRY_AFTER = {
    "seconds": ("120", 120.0),
    "none": (" 0 ", 0.0),
    "years": ("99999999", DAY_S),
    "an endless number": ("9" * 5_000, DAY_S),
    "a date": (format_datetime(NOON + timedelta(minutes=5), usegmt=True), 300.0),
    "a date that has passed": (format_datetime(NOON - timedelta(minutes=5), usegmt=True), 0.0),
    "a far date": (format_datetime(NOON + timedelta(days=40), usegmt=True), DAY_S),
    "a date without a zone": ((NOON + timedelta(minutes=5)).strftime("%a, %d %b %Y %H:%M:%S"), 300.0),
    "a negative number": ("-5", None),
    "a word": ("soon", None),
    "a fraction": ("1.5", None),
    "a superscript": ("²", None),
    "nothing": ("", None),
    "a day that there is not": ("Fri, 31 Feb 2026 00:00:00 GMT", None),
}


@pytest.mark.parametrize(("text", "seconds"), RETRY_AFTER.values(), ids=RETRY_AFTER.keys())
async def test_how_long_to_wait_is_read(receiver: WebhookReceiver, text: str, seconds: float | None) -> None:
    answer = await send(receiver, Reply(503, {"retry-after": text.encode().decode("latin-1")}))

    assert answer.retry_after_s == seconds


async def test_a_receiver_that_hangs_is_given_up(receiver: WebhookReceiver) -> None:
    answer = await send(receiver, HANG, timeout_s=0.2)

    assert answer == Answer(fault="The receiver did not answer within 0.2 seconds.", unreachable=True)


@pytest.mark.parametrize("reply", [DROP, Reply(manner="garbage")], ids=["drop", "garbage"])
async def test_a_broken_connection_is_a_failure(receiver: WebhookReceiver, reply: Reply) -> None:
    assert await send(receiver, reply) == Answer(fault=BROKEN, unreachable=True)


async def test_a_receiver_that_is_down_is_a_failure(receiver: WebhookReceiver) -> None:
    receiver.stop()
    down = await a_sender().send(receiver.url(), [SECRET], an_event())
    receiver.start()
    up = await a_sender().send(receiver.url(), [SECRET], an_event())

    assert down == Answer(fault="Nothing answers at the address of the receiver.", unreachable=True)
    assert up == Answer(fault=None)


async def test_a_second_answer_is_for_no_other_event(receiver: WebhookReceiver) -> None:
    sender, url = a_sender(), receiver.url()
    replies = [Reply(manner="twice"), Reply(500), Reply(500, manner="twice"), Reply()]
    receiver.behaviour = lambda _: replies.pop(0)
    answers = [await sender.send(url, [SECRET], an_event(number)) for number in range(1, 5)]

    assert [answer.fault is None for answer in answers] == [True, False, False, True]


async def test_an_endless_body_does_no_harm(receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that what ends it is its size.
    monkeypatch.setattr(webhooks, "LEFTOVER_S", 120.0)
    before = time.monotonic()
    answer = await send(receiver, Reply(500, body=b"x" * 65_536, manner="endless"))

    assert answer.fault == "The receiver answered 500 (Internal Server Error)."
    assert time.monotonic() - before < 120


async def test_a_body_that_never_comes_is_not_waited_for(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only for a while, which may be longer than the answer may take: that is there already."""
    monkeypatch.setattr(webhooks, "LEFTOVER_S", 4.0)
    before = time.monotonic()
    answer = await send(receiver, Reply(200, {"content-length": "1000"}, manner="stall"), timeout_s=3.0)

    assert answer == Answer(fault=None)
    assert time.monotonic() - before >= 4.0


async def test_a_compressed_body_stays_compressed(receiver: WebhookReceiver) -> None:
    answer = await send(receiver, Reply(200, {"content-encoding": "gzip"}, b"no gzip at all"))

    assert answer == Answer(fault=None)
    assert receiver.requests[0].headers["accept-encoding"] == "identity"


async def test_endless_headers_are_a_failure(receiver: WebhookReceiver) -> None:
    answer = await send(receiver, Reply(200, {f"x-{number}": "y" * 1_000 for number in range(500)}))

    assert answer == Answer(fault=BROKEN, unreachable=True)


async def test_one_receiver_that_hangs_delays_no_other(receiver: WebhookReceiver) -> None:
    with WebhookReceiver(HANG) as hanging:
        sender = a_sender(timeout_s=60.0)
        waiting = asyncio.create_task(sender.send(hanging.url(), [SECRET], an_event()))
        assert await asyncio.to_thread(hanging.wait_for, 1)
        answers = [await sender.send(receiver.url(), [SECRET], an_event(number)) for number in range(1, 11)]
        assert not waiting.done()

    assert answers == [Answer(fault=None)] * 10
    assert (await waiting).fault == BROKEN


async def test_a_url_that_is_refused_is_a_failure() -> None:
    answer = await WebhookSender(()).send("http://127.0.0.1:1/", [SECRET], an_event())

    assert answer.fault is not None
    assert answer.fault.startswith("'127.0.0.1' is a loopback address")


async def test_a_certificate_is_checked_against_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    sender = a_sender(certificates=authority.believing)
    with WebhookReceiver(certificates=authority.server("hooks.example.com")) as receiver:
        right = await sender.send(receiver.url(host="hooks.example.com"), [SECRET], an_event())
        wrong = await sender.send(receiver.url(host="127.0.0.1"), [SECRET], an_event())

    assert right == Answer(fault=None)
    assert wrong.fault is not None
    assert wrong.fault.startswith("The receiver's certificate is not accepted: IP address mismatch")
    assert len(receiver.requests) == 1


async def test_an_unknown_authority_is_not_believed(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with WebhookReceiver(certificates=authority.server("hooks.example.com")) as receiver:
        answer = await a_sender().send(receiver.url(host="hooks.example.com"), [SECRET], an_event())

    assert answer.fault == ("The receiver's certificate is not accepted: unable to get local issuer certificate.")
    assert receiver.requests == []


async def test_a_receiver_without_tls_is_named(receiver: WebhookReceiver) -> None:
    url = receiver.url().replace("http:", "https:")

    assert (await a_sender().send(url, [SECRET], an_event())).fault == "The receiver does not speak TLS as it should."


async def test_a_receiver_that_wants_a_certificate_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = authority.server("127.0.0.1")
    server.verify_mode = ssl.CERT_REQUIRED
    with WebhookReceiver(certificates=server) as receiver:
        answer = await a_sender(certificates=authority.believing).send(receiver.url(), [SECRET], an_event())

    assert answer.fault in {"The receiver does not speak TLS as it should.", BROKEN}
