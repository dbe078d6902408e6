"""Answers that are broken below JSON: framing, encodings, connections, streams, redirects. One harms one call."""

import gzip
import json
import zlib
from random import Random
from typing import Literal

import pytest

from tests.unit.worker.support.endpoint import Asked, Endpoint, Said, one_after_the_other
from tests.unit.worker.support.endpoint_runs import DONE, VERDICT, a_model, asks, investigate
from worker.adapters.circuit_breaker import CircuitBreaker
from worker.adapters.client_loop import ClientLoop
from worker.adapters.failover import Deployment, FailoverModel
from worker.adapters.whole_answers import MAX_ANSWER_BYTES
from worker.agents.limits import Limits
from worker.ports.model import ModelReply

BODY = json.dumps(DONE.body).encode()
GZIP = gzip.compress(BODY)
SO = b'data: {"choices": [{"delta": {"content": "So"}}]}\n\n'
CHUNKED = b"transfer-encoding: chunked"
BROKEN = "The model endpoint broke the connection within its answer."
LATE = "The model did not finish its answer in time."
DAMAGED = "The Content-Encoding of the model endpoint's answer cannot be undone."

End = Literal["close", "reset", "silence"]


def wire(body: bytes, *headers: bytes, status: bytes = b"200 OK", end: End = "close", whole: bool = True) -> Said:
    """An answer byte by byte; `whole`: with its length."""
    head = [b"HTTP/1.1 " + status, b"content-type: application/json", *headers]
    head += [b"content-length: %d" % len(body)] if whole else []
    return Said(wire=b"\r\n".join(head) + b"\r\n\r\n" + body, end=end)


def encoded(body: bytes, *encodings: bytes) -> Said:
    return wire(body, *(b"content-encoding: " + encoding for encoding in encodings))


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


READABLE: dict[str, Said] = {
    "in chunks": wire(chunk(BODY[:50]) + chunk(BODY[50:]) + b"0\r\n\r\n", CHUNKED, whole=False),
    "in chunks whose end is missing": wire(chunk(BODY), CHUNKED, whole=False),
    "in chunks before a reset": wire(chunk(BODY), CHUNKED, whole=False, end="reset"),
    "shorter than announced": wire(BODY, b"content-length: 100000", whole=False),
    "without a length": wire(BODY, whole=False),
    "of HTTP 1.0": Said(wire=b"HTTP/1.0 200 OK\r\n\r\n" + BODY),
    "after many interim answers": Said(wire=b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + (wire(BODY).wire or b"")),
    "of status 201": wire(BODY, status=b"201 Created"),
    "gzip": encoded(GZIP, b"gzip"),
    "GZIP": encoded(GZIP, b"GZIP"),
    "x-gzip": encoded(GZIP, b"x-gzip"),
    "gzip that is not announced": wire(GZIP),
    "gzip that is announced as deflate": encoded(GZIP, b"deflate"),
    "gzip and more behind it": encoded(GZIP + b"more", b"gzip"),
    "gzip twice": encoded(gzip.compress(GZIP), b"gzip, gzip"),
    "gzip twice in two headers": encoded(gzip.compress(GZIP), b"gzip", b"gzip"),
    "deflate": encoded(zlib.compress(BODY), b"deflate"),
    "deflate without its frame": encoded(zlib.compress(BODY)[2:-4], b"deflate"),
    "gzip that is none": encoded(BODY, b"gzip"),
    "deflate that is none": encoded(BODY, b"deflate"),
    "brotli that is none": encoded(BODY, b"br"),
    "an encoding that there is not": encoded(BODY, b"utf-8"),
    "UTF-16": wire(json.dumps(DONE.body).encode("utf-16")),
    "a guard before it": wire(b")]}'\n" + BODY),
    "a page behind it": wire(BODY + b"\n<!-- served by proxy-3 -->"),
    "itself behind it": wire(BODY + b"\n" + BODY),
}


@pytest.mark.parametrize("said", READABLE.values(), ids=READABLE.keys())
def test_an_answer_is_read_however_it_is_sent(loop: ClientLoop, said: Said) -> None:
    with Endpoint(one_after_the_other(said)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.answer is not None
    assert outcome.result.answer.risk_score == 0.3
    assert [use.output_tokens for use in outcome.kept.uses] == [10]
    assert len(endpoint.asked) == 1


LOST: dict[str, tuple[Said, str]] = {
    "cut off": (wire(BODY[:250], b"content-length: 900", whole=False), BROKEN),
    "cut off by a reset": (wire(BODY[:250], b"content-length: 900", whole=False, end="reset"), BROKEN),
    "cut off in chunks": (wire(chunk(BODY[:250]), CHUNKED, whole=False), BROKEN),
    "cut off within a chunk": (wire(b"ffff\r\n" + BODY[:250], CHUNKED, whole=False, end="reset"), BROKEN),
    "cut off at its first words": (wire(BODY[:60], b"content-length: 900", whole=False), BROKEN),
    "not finished": (wire(BODY[:250], b"content-length: 900", whole=False, end="silence"), LATE),
    "a stream cut off": (wire(chunk(SO), CHUNKED, whole=False), BROKEN),
    "gzip with a fault in it": (encoded(GZIP[:60] + b"\0" * 20 + GZIP[80:], b"gzip"), DAMAGED),
    "gzip with a wrong sum": (encoded(GZIP[:-8] + b"\0" * 8, b"gzip"), DAMAGED),
    "an encoding that was not asked for": (encoded(b"\x0b\x02\x80" * 30, b"br"), DAMAGED),
    "encodings without end": (encoded(GZIP, b",".join([b"gzip"] * 1_000)), DAMAGED),
}


@pytest.mark.parametrize(("said", "sentence"), LOST.values(), ids=LOST.keys())
def test_lost_answer_is_paid_for_and_asked_again(loop: ClientLoop, said: Said, sentence: str) -> None:
    quick = Limits(model_timeout_s=3.0 if said.end == "silence" else 40.0)
    with Endpoint(one_after_the_other(said, asks(), said, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url), limits=quick)

    assert outcome.result.failure is None
    assert len(outcome.kept.uses) == len(endpoint.asked) == 4
    assert outcome.result.usage.spend.estimated_calls == 2
    first, again, third, fourth = (asked.body["messages"] for asked in endpoint.asked)
    assert (first, third) == (again, fourth), "the model is told nothing of it"
    lost = ModelReply.model_validate_json(outcome.kept.entries[0].body)
    assert lost.lost == sentence


def test_always_lost_answers_end_the_run_with_their_sentence(loop: ClientLoop) -> None:
    with Endpoint(lambda _: LOST["cut off"][0]) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure == BROKEN
    assert len(outcome.kept.uses) == len(endpoint.asked) == Limits().model_calls


def test_deployment_that_loses_an_answer_is_not_asked_next(loop: ClientLoop) -> None:
    with Endpoint(lambda _: LOST["cut off"][0]) as first, Endpoint(lambda _: DONE) as second:
        deployments = [
            Deployment(str(number), a_model(loop, endpoint.url), CircuitBreaker(5, 15.0, lambda: 0.0))
            for number, endpoint in enumerate((first, second))
        ]
        outcome = investigate(FailoverModel(deployments, lambda: 0.0))

    assert outcome.result.failure is None
    assert (len(first.asked), len(second.asked), len(outcome.kept.uses)) == (1, 1, 2)


ENDLESS: dict[str, Said] = {
    "text": wire(BODY.replace(b"As it was.", b"x" * MAX_ANSWER_BYTES), whole=False),
    "gzip": encoded(gzip.compress(BODY.replace(b"As it was.", b"x" * (20 * MAX_ANSWER_BYTES))), b"gzip"),
    "a stream": wire(SO * 200_000, whole=False),
}


@pytest.mark.parametrize("said", ENDLESS.values(), ids=ENDLESS.keys())
def test_endless_answer_is_read_up_to_a_bound(loop: ClientLoop, said: Said) -> None:
    with Endpoint(one_after_the_other(said, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2
    assert outcome.kept.uses[0].output_tokens == 50_000, "more is no model's writing"
    assert "it was longer than 8,388,608 bytes, so be briefer" in endpoint.asked[1].body["messages"][-1]["content"]
    assert sum(len(entry.body) for entry in outcome.kept.entries) < 20_000


UNRECOGNIZED: dict[str, Said] = {
    "blanks without end": wire(b" " * (MAX_ANSWER_BYTES + 1), whole=False),
    "a bomb": encoded(gzip.compress(b"x" * (10 * MAX_ANSWER_BYTES)), b"gzip"),
    "bytes": wire(bytes(range(256))),
    "nothing before a reset": wire(b"", b"content-length: 900", whole=False, end="reset"),
    "blanks before a reset": wire(b"\n\n\n", b"content-length: 900", whole=False, end="reset"),
    "a brace before a reset": wire(b"{", b"content-length: 900", whole=False, end="reset"),
    "a length below nothing": wire(BODY, b"content-length: -3", whole=False),
    "two lengths": wire(BODY, b"content-length: 3"),
    "a length and chunks": wire(chunk(BODY), CHUNKED),
    "a header without end": wire(BODY, b"x-a: " + b"y" * 20_000),
    "headers without end": wire(BODY, *(b"x-%d: y" % number for number in range(3_000))),
    "a header with NUL": wire(BODY, b"x-a: \xff\0"),
    "no head": Said(wire=BODY),
    "a status beyond all": wire(BODY, status=b"999 What"),
    "a status that is none": wire(BODY, status=b"abc"),
    "no content": wire(b"", status=b"204 No Content"),
    "only comments": wire(b": working\n\n" * 100),
    "an error that is streamed": wire(b'event: error\ndata: {"error": {"code": 503}}\n\n'),
    "an error in a field of another": wire(b'{"object": "error", "message": "Slow down.", "code": 429}'),
    "an error that is a list of errors": wire(b'{"success": false, "errors": [{"code": 7009}]}'),
    "an error without a figure": wire(b'{"error": {"code": 1e999}}'),
    "null": wire(b"null"),
    "overload in bytes": wire(b"\xff\xfe\0", status=b"503 No"),
    "overload in damaged gzip": wire(b"abc", b"content-encoding: gzip", status=b"429 No"),
    "overload that is cut off": wire(b'{"error', b"content-length: 900", status=b"500 No", whole=False, end="reset"),
}


@pytest.mark.parametrize("said", UNRECOGNIZED.values(), ids=UNRECOGNIZED.keys())
def test_what_shows_no_answer_is_asked_again(loop: ClientLoop, said: Said) -> None:
    with Endpoint(one_after_the_other(said, DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert len(endpoint.asked) == 2
    assert len(outcome.kept.uses) == 1


@pytest.mark.parametrize("body", [b"", b"   ", b"{"])
def test_an_answer_that_never_comes_ends_in_time(loop: ClientLoop, body: bytes) -> None:
    silent = wire(body, b"content-length: 900", whole=False, end="silence")
    with Endpoint(lambda _: silent) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url), limits=Limits(model_timeout_s=2.0, retries=1))

    assert outcome.result.failure == "The model did not answer in time."
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["http://127.0.0.1:9/v1/chat/completions", "//other.example/", "file:///etc/passwd"])
def test_a_redirect_elsewhere_is_not_followed(loop: ClientLoop, status: int, place: str) -> None:
    """What is asked holds a customer's records: only whom the settings name sees it."""
    with Endpoint(lambda _: Said(status, headers={"location": place})) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure == f"The model endpoint sends elsewhere instead of answering (status {status})."
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_within_the_endpoint_is_followed(loop: ClientLoop, status: int) -> None:
    def moved(asked: Asked) -> Said:
        return DONE if asked.path == "/v2/chat" else Said(status, headers={"location": "/v2/chat"})

    with Endpoint(moved) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert [asked.path for asked in endpoint.asked] == ["/v1/chat/completions", "/v2/chat"]
    assert endpoint.asked[0].body == endpoint.asked[1].body


def test_redirects_without_end_are_followed_five_times(loop: ClientLoop) -> None:
    with Endpoint(lambda _: Said(307, headers={"location": "/v1/chat/completions"})) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure == "The model endpoint sends elsewhere instead of answering (status 307)."
    assert len(endpoint.asked) == 6


@pytest.mark.parametrize("status", ["300 Choose", "304 Not Modified", "399 What", "101 Switching Protocols"])
def test_status_neither_answer_nor_error_is_named(loop: ClientLoop, status: str) -> None:
    with Endpoint(lambda _: wire(b"", status=status.encode())) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure == f"The model endpoint did not answer (status {status[:3]})."


PIECES = [
    json.dumps({"choices": [{"index": 0, "delta": {"content": VERDICT[:20]}}]}),
    json.dumps({"choices": [{"index": 0, "delta": {"content": VERDICT[20:]}, "finish_reason": "stop"}]}),
]
STREAM = "".join(f"data: {piece}\n\n" for piece in (*PIECES, "[DONE]"))
IN_LINES = "".join(
    "event: message\nid: 3\n"
    + "".join(f"data: {line}\n" for line in json.dumps(json.loads(piece), indent=1).split("\n"))
    + "\n"
    for piece in PIECES
)
STREAMS = {
    "plain": STREAM,
    "without blanks": STREAM.replace("data: ", "data:"),
    "without its last line's end": STREAM.removesuffix("data: [DONE]\n\n").rstrip(),
    "comments": ": hi\n\n:\n\n: OPENROUTER PROCESSING\n\n" + STREAM,
    "a field without a value first": "data\n\n" + STREAM,
    "a field that nobody knows first": "x-stream: 1\n\n" + STREAM,
    "a blank line first": "\n\n" + STREAM,
    "data in several lines": IN_LINES,
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS.keys())
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte-order mark"])
def test_a_stream_is_read_in_every_spelling(loop: ClientLoop, stream: str, newline: str, mark: str) -> None:
    said = wire((mark + stream.replace("\n", newline)).encode())
    with Endpoint(one_after_the_other(said)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.answer is not None
    assert outcome.result.answer.risk_score == 0.3
    assert len(outcome.kept.uses) == len(endpoint.asked) == 1


@pytest.mark.parametrize("seed", range(60))
def test_no_damage_on_the_wire_breaks_a_run(loop: ClientLoop, seed: int) -> None:
    random = Random(seed)
    said = random.choice([*READABLE.values(), wire(STREAM.encode())])
    damaged = bytearray(said.wire or b"")
    for _ in range(random.choice((1, 1, 5, 50))):
        place = random.randrange(len(damaged))
        damaged[place : place + random.choice((0, 1, 20))] = random.randbytes(random.choice((0, 1, 5)))
    end: End = random.choice(("close", "reset"))
    with Endpoint(one_after_the_other(Said(wire=bytes(damaged), end=end), DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url), limits=Limits(model_timeout_s=20.0))

    assert (outcome.result.answer is None) == (outcome.result.failure is not None)
    assert len(endpoint.asked) <= 3
