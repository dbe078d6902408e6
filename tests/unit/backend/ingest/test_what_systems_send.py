"""What real systems send is judged the same whether it was recorded or comes live."""

import asyncio
import json
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.ingest import IngestReport, IngestService, ReplaySource, StreamSource, TelemetrySource
from contracts.alert import Alert
from contracts.lines import MAX_LINE_BYTES
from tests.unit.backend.ingest.test_stream import Feed, lines

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 5, 8, tzinfo=UTC)


def event(name: str, at: str, kind: str, attributes: str, more: str = "") -> str:
    return (
        f'{{"event_id": "{name}", "customer_id": 9, "occurred_at": "2026-05-{at}Z", "kind": "{kind}", '
        f'"attributes": {attributes}{more}}}'
    )


def failures(count: int = 7, attributes: str = '{"ip": "203.0.113.7"}', more: str = "") -> list[str]:
    """Failed logins, half a minute apart."""
    times = [f"04T08:{number // 2:02}:{number % 2 * 30:02}" for number in range(count)]
    return [event(f"af-{at}", at, "auth_failure", attributes, more) for at in times]


def charges(last: str, currency: str = "EUR", usual: str = "20") -> list[str]:
    """Twelve usual charges and a last one."""
    times = [f"0{4 + number // 6}T{number % 6 * 4:02}:00:00" for number in range(13)]
    amounts = [*[usual] * 12, last]
    return [
        event(f"tx-{at}", at, "transaction", f'{{"amount": {amount}, "currency": "{currency}"}}')
        for at, amount in zip(times, amounts, strict=True)
    ]


def logins(attributes: str) -> list[str]:
    """One from Rome and, half an hour later, one with these attributes."""
    rome = '{"country": "IT", "latitude": 41.9, "longitude": 12.5}'
    return [event("lg-0", "04T08:00:00", "login", rome), event("lg-30", "04T08:30:00", "login", attributes)]


def dated(line: str, at: str, name: str = "odd") -> str:
    return json.dumps(json.loads(line) | {"occurred_at": at, "event_id": name})


def with_id(event_id: str) -> list[str]:
    return [dated(line, json.loads(line)["occurred_at"], event_id) for line in failures()]


FAILURES, SPIKE, TRAVEL = {"auth_failures": 1}, {"spending_spike": 1}, {"impossible_travel": 1}
FUTURE, PAST = {"from_the_future": 1}, {"from_the_far_past": 1}


@dataclass(frozen=True)
class Sent:
    """A line of a system, and the expected result."""

    lines: Sequence[str]
    alerts: dict[str, int]
    mended: dict[str, int] = field(default_factory=dict[str, int])
    dead_letters: dict[str, int] = field(default_factory=dict[str, int])
    says: str = ""
    """What an alert's description begins with."""


CASES = {
    "control": Sent(charges("5000"), SPIKE, says="One charge of 5,000.00 EUR"),
    "future charge": Sent([dated(charges("1")[0], "2031-01-01T00:00:00Z"), *charges("5000")], SPIKE, {}, FUTURE),
    "future failure": Sent([dated(failures()[0], "2026-05-08T00:05:01Z"), *failures()], FAILURES, {}, FUTURE),
    "far past": Sent([*failures(6), dated(failures()[0], "1970-01-01T00:00:00Z"), failures()[6]], FAILURES, {}, PAST),
    "float noise": Sent(charges("5000.000000000001"), SPIKE, {"amount_rounded": 1}, says="One charge of 5,000.00 EUR"),
    "yen": Sent(charges("500000", "JPY", "2000"), SPIKE, says="One charge of 500,000 JPY; usual is 2,000 JPY"),
    "dinar": Sent(charges("5000.1234", "KWD"), SPIKE, {"amount_rounded": 1}, says="One charge of 5,000.123 KWD"),
    "empty country": Sent(failures(7, '{"country": ""}'), FAILURES, {"country_unknown": 7}),
    "tor": Sent(logins('{"country": "T1", "latitude": -33.9, "longitude": 151.2}'), TRAVEL, {"country_unknown": 1}),
    "unknown country": Sent(logins('{"country": "XX"}'), {}, {"country_unknown": 1}),
    "null island": Sent(logins('{"country": "IT", "latitude": 0, "longitude": 0}'), {}, {"place_unknown": 1}),
    "off the globe": Sent(logins('{"country": "IT", "latitude": 41, "longitude": 1000}'), {}, {"place_unknown": 1}),
    "lone surrogate": Sent(failures(7, r'{"user": "bad\ud83d"}'), FAILURES, {"text_replaced": 7}),
    "NUL": Sent(failures(7, r'{"user": "a\u0000"}'), FAILURES, {"text_replaced": 7}),
    "NaN": Sent(failures(7, '{"score": NaN}'), FAILURES, {"number_replaced": 7}),
    "unknown fields": Sent(failures(7, "{}", ', "_partition": 3'), FAILURES, {"field_unknown": 7}),
    "no attributes": Sent(failures(7, "null"), FAILURES, {"attribute_dropped": 7}),
    "leap second": Sent([*failures(6), dated(failures()[0], "2026-05-04T08:02:60Z")], FAILURES, {"leap_second": 1}),
    "other line ends": Sent(failures(7, '{"user": "a\u2028b\u2029c\u0085d\\u000be\\u000c"}'), FAILURES),
    "failure ahead of its recording": Sent(
        [failures()[0], dated(failures()[0], "2026-05-07T00:00:00Z"), *failures()[1:]], FAILURES
    ),
    "failure an hour ahead": Sent([dated(failures()[0], "2026-05-04T09:00:00Z"), *failures()], FAILURES),
    "charge ahead of its recording": Sent([dated(charges("1")[0], "2026-05-07T00:00:00Z"), *charges("5000")], SPIKE),
    "one id for all": Sent(with_id("0"), FAILURES, {"event_id_reused": 6}),
    "no ids": Sent(with_id(""), FAILURES, {"event_id_made": 7}),
    "capital kind": Sent([line.replace("_failure", "_FAILURE") for line in failures()], FAILURES, {"kind_spelt": 7}),
    "camel case": Sent(
        [line.replace("auth_failure", "AuthFailure") for line in failures()], FAILURES, {"kind_spelt": 7}
    ),
    "currency by number": Sent(
        charges("5000", "978"), SPIKE, {"currency_spelt": 13}, says="One charge of 5,000.00 EUR"
    ),
    "currency by a short number": Sent(
        [line.replace('"036"', "36") for line in charges("5000", "036")],
        SPIKE,
        {"currency_spelt": 13},
        says="One charge of 5,000.00 AUD",
    ),
    "RFC 2822": Sent([*failures(6), dated(failures()[0], "4 May 2026 08:03:00 GMT")], FAILURES, {"time_spelt": 1}),
    "raw control characters": Sent(failures(7, '{"user": "a\x0bb\x0cc\x1cd\re"}'), FAILURES),
}  # fmt: skip


async def ingested(source: TelemetrySource, ended: asyncio.Event | None = None) -> tuple[IngestReport, list[Alert]]:
    """What comes of the source until it has finished, or until `ended`."""
    opened: list[Alert] = []

    async def open_alert(alert: Alert) -> None:
        opened.append(alert)

    service = IngestService(sources=[source], open_alert=open_alert, on_telemetry=lambda _: None, now=lambda: NOW)
    async with service, asyncio.timeout(60):
        await (ended.wait() if ended else service.wait_finished())
        return service.report(), opened


async def replayed(tmp_path: Path, data: bytes) -> tuple[IngestReport, list[Alert]]:
    file = tmp_path / "recording.jsonl"
    file.write_bytes(data)
    return await ingested(ReplaySource([file], now=lambda: NOW))


async def streamed(data: bytes) -> tuple[IngestReport, list[Alert]]:
    ended = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        ended.set()
        await asyncio.Event().wait()

    async with Feed(lines(data)).running() as url:
        return await ingested(StreamSource(url, now=lambda: NOW, sleep=sleep), ended)


def enveloped(sent: Sequence[str]) -> str:
    return "".join(f'{{"offset": {offset}, "event": {event}}}\n' for offset, event in enumerate(sent))


def check(report: IngestReport, opened: Sequence[Alert], sent: Sent) -> None:
    assert (report.malformed, report.dead_letters, report.mended) == (0, sent.dead_letters, sent.mended)
    assert report.events == len(sent.lines) - sum(sent.dead_letters.values())
    assert report.alerts == Counter(alert.rule_id for alert in opened) == sent.alerts
    assert all(alert.description.startswith(sent.says) for alert in opened)


@pytest.mark.parametrize("name", CASES)
async def test_recorded_events_are_evaluated(tmp_path: Path, name: str) -> None:
    sent = CASES[name]
    check(*await replayed(tmp_path, "\n".join(sent.lines).encode()), sent)


@pytest.mark.parametrize("name", CASES)
async def test_live_events_are_evaluated_alike(name: str) -> None:
    sent = CASES[name]
    check(*await streamed(enveloped(sent.lines).encode()), sent)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
async def test_other_encodings_are_read(tmp_path: Path, encoding: str, ends: str) -> None:
    events, live = failures(), enveloped(failures()).replace("\n", ends)
    recorded, _ = await replayed(tmp_path, "".join(event + ends for event in events).encode(encoding))
    streaming, _ = await streamed(live.encode(encoding))

    for report in (recorded, streaming):
        assert (report.events, report.malformed, report.alerts) == (7, 0, FAILURES)
        assert report.mended["other_encoding"] == 7


async def test_a_byte_order_mark_may_precede_any_line(tmp_path: Path) -> None:
    recorded, _ = await replayed(tmp_path, "".join(f"\ufeff{event}\r\n" for event in failures()).encode())
    streaming, _ = await streamed(enveloped(failures()).replace('{"offset"', '\ufeff{"offset"').encode())

    for report in (recorded, streaming):
        assert (report.events, report.malformed, report.alerts) == (7, 0, FAILURES)
        assert report.mended == {"byte_order_mark": 7}


def pretty(objects: Sequence[str], indent: int) -> list[str]:
    return [json.dumps(json.loads(text), indent=indent) for text in objects]


SHAPES: dict[str, Callable[[Sequence[str]], str]] = {
    "an array on a line": lambda objects: f"[{','.join(objects)}]",
    "an array with blanks": lambda objects: f" [ {' , '.join(objects)} ] \r\n",
    "an array an element a line": lambda objects: "[" + ",\n".join(objects) + "]",
    "an array over lines": lambda objects: json.dumps([json.loads(text) for text in objects], indent=2),
    "an array over lines, CRLF": lambda objects: json.dumps(
        [json.loads(text) for text in objects], indent="\t"
    ).replace("\n", "\r\n"),
    "an array, objects over lines": lambda objects: "[" + ",".join(pretty(objects, 4)) + "]\n",
    "without indentation": lambda objects: json.dumps([json.loads(text) for text in objects], indent=0),
    "objects over lines": lambda objects: "\n".join(pretty(objects, 2)),
    "objects over lines, end to end": lambda objects: "".join(pretty(objects, 2)),
    "two arrays": lambda objects: f"[{','.join(objects[:3])}][{','.join(objects[3:])}]",
    "end to end": "".join,
    "blanks between": "  ".join,
    "CR alone": "\r".join,
    "record separators alone": lambda objects: "".join(f"\x1e{text}" for text in objects),
    "one on a line, then many": lambda objects: objects[0] + "\n" + "".join(objects[1:]),
}


@pytest.mark.parametrize("name", SHAPES)
async def test_objects_are_read_however_they_are_strung(tmp_path: Path, name: str) -> None:
    events = failures(7, '{"ip": "203.0.113.7", "list": [{"a": "}{"}, {"b": ["\\"\\\\", 1]}]}')
    if name == "without indentation":
        events = failures(7, '{"ip": "203.0.113.7", "user": "}{"}')
    recorded, _ = await replayed(tmp_path, SHAPES[name](events).encode())
    streaming, _ = await streamed(SHAPES[name](enveloped(events).splitlines()).encode())

    for report in (recorded, streaming):
        assert (report.events, report.malformed, report.alerts) == (7, 0, FAILURES)


@pytest.mark.parametrize("cut", ['{\n  "event_id": "x",\n', '{"event_id": "x", "attributes": {\n', '{"event_id": "x\n'])
async def test_an_object_that_was_cut_off_costs_no_other(tmp_path: Path, cut: str) -> None:
    events = [*failures(3), cut.rstrip("\n"), *failures()[3:]]
    recorded, _ = await replayed(tmp_path, "\n".join(events).encode())
    last, _ = await replayed(tmp_path, "\n".join([*failures(), cut]).encode())

    for report, line in ((recorded, 4), (last, 8)):
        assert (report.events, report.malformed, report.alerts) == (7, 1, FAILURES)
        assert report.sources[0].malformed_details[0].line == line


async def test_an_array_beyond_a_line_is_read_in_parts(tmp_path: Path) -> None:
    charged = charges("5000")
    many = [dated(charged[0], f"2026-05-03T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z", f"m-{number}")
            for number in range(12_000)]  # fmt: skip
    huge = event("huge", "03T23:00:00", "auth_failure", json.dumps({"user": "x" * MAX_LINE_BYTES}))
    array = f"[{','.join([*many, huge, *charged])}]"
    report, _ = await replayed(tmp_path, array.encode())

    assert (report.events, report.malformed, report.alerts) == (12_013, 1, SPIKE | {"charge_velocity": 1})
    (problem,) = report.sources[0].malformed_details
    assert (problem.line, problem.reason) == (
        1, f"the line has {len(huge) + 1:,} bytes, and at most 1,048,576 are read"
    )  # fmt: skip


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


ENVELOPES: dict[str, Callable[[str], object]] = {
    "CloudEvents": lambda text: {"specversion": "1.0", "type": "t", "source": "s", "id": "1", "data": json.loads(text)},
    "CloudEvents, Base64": lambda text: {"specversion": "1.0", "type": "t", "id": "1", "data_base64": base64(text)},
    "Base64 for URLs": lambda text: {"data": urlsafe_b64encode(text.encode()).decode().rstrip("=")},
    "Azure Monitor": lambda text: {"records": [json.loads(text)]},
    "Azure Monitor, properties": lambda text: {"records": [{"category": "c", "properties": json.loads(text)}]},
    "Pub/Sub": lambda text: {"message": {"data": base64(text), "messageId": "1"}, "subscription": "s"},
    "Kinesis": lambda text: {"kinesis": {"data": base64(text), "partitionKey": "p"}, "eventID": "1"},
    "Kinesis for Lambda": lambda text: {"Records": [{"kinesis": {"data": base64(text)}, "eventSource": "aws:kinesis"}]},
    "SQS for Lambda": lambda text: {"Records": [{"messageId": "1", "body": text}]},
    "SNS for Lambda": lambda text: {"Records": [{"Sns": {"Message": text}}]},
    "SNS through SQS": lambda text: {"Records": [{"body": json.dumps({"Type": "Notification", "Message": text})}]},
    "Kafka for Lambda": lambda text: {"records": {"topic-0": [{"value": base64(text), "offset": 15}]}},
    "Kafka REST": lambda text: {"topic": "t", "value": base64(text), "partition": 0, "offset": 1},
    "Firehose": lambda text: {"recordId": "1", "data": base64(text + "\n")},
    "Debezium, insert": lambda text: {"payload": {"before": None, "after": json.loads(text), "op": "c"}},
    "Debezium, update": lambda text: {"payload": {"before": json.loads(text), "after": json.loads(text), "op": "u"}},
    "Debezium of a document": lambda text: {"schema": {"type": "struct"}, "payload": {"after": text, "op": "c"}},
    "a list in a text": lambda text: {"Body": f"[{text}]"},
}


@pytest.mark.parametrize("name", ENVELOPES)
async def test_an_event_in_an_envelope_is_read(tmp_path: Path, name: str) -> None:
    wrapped = [json.dumps(ENVELOPES[name](text)) for text in failures()]
    recorded, _ = await replayed(tmp_path, "\n".join(wrapped).encode())
    streaming, _ = await streamed(enveloped(wrapped).encode())

    for report in (recorded, streaming):
        assert (report.events, report.malformed, report.alerts) == (7, 0, FAILURES)
        assert report.mended["unwrapped"] >= 7


@pytest.mark.parametrize("side_by_side", [False, True])
async def test_each_event_of_a_batch_is_read(tmp_path: Path, side_by_side: bool) -> None:
    events: list[object] = [json.loads(text) for text in failures()]
    parts = {"topic-0": events[:3], "topic-1": events[3:]} if side_by_side else [*events[:3], {"no": 1}, *events[3:]]
    recorded, _ = await replayed(tmp_path, json.dumps({"source": "s", "records": parts}).encode())
    streaming, _ = await streamed(json.dumps({"offset": 4, "event": {"records": parts}}).encode() + b"\n")

    for report in (recorded, streaming):
        assert (report.events, report.malformed, report.alerts) == (7, 0 if side_by_side else 1, FAILURES)


@pytest.mark.parametrize(
    "row",
    ['{"payload": {"before": %s, "after": null, "op": "d"}}', '{"old": %s, "new": %s}', '{"data": "bm90IEpTT04="}'],
)
async def test_what_leaves_open_which_event_counts_is_named(tmp_path: Path, row: str) -> None:
    report, _ = await replayed(tmp_path, row.replace("%s", failures()[0]).encode())
    assert (report.events, report.malformed) == (0, 1)


@pytest.mark.parametrize("invisible", ["\u200b", "\u2060", "\xa0", "\u200b\ufeff", "\u2028\n\u200b"])
async def test_what_is_invisible_before_the_first_object_is_skipped(tmp_path: Path, invisible: str) -> None:
    report, _ = await replayed(tmp_path, (invisible + "\n".join(failures())).encode())
    assert (report.events, report.malformed, report.mended["padding"]) == (7, 0, 1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
async def test_a_recording_that_turns_to_utf_16_says_so(tmp_path: Path, encoding: str) -> None:
    events = [event + "\r\n" for event in failures()]
    report, _ = await replayed(tmp_path, "".join(events[:3]).encode() + "".join(events[3:]).encode(encoding))

    assert (report.events, report.malformed) == (3, 4)
    for problem in report.sources[0].malformed_details:
        assert problem.reason == (
            "Invalid JSON: it looks like UTF-16 in the midst of UTF-8; write the whole recording or stream in UTF-8"
        )


async def test_future_event_does_not_delay_a_paced_replay(tmp_path: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    file = tmp_path / "recording.jsonl"
    file.write_text("\n".join([dated(failures()[0], "2031-01-01T00:00:00Z"), *failures()]))
    source = ReplaySource([file], pace=1, now=lambda: NOW, sleep=sleep, monotonic=lambda: 0.0)
    report, _ = await ingested(source)

    assert report.events == 7
    assert max(slept) == 180
