"""One message holds one event or many, packed or not; what cannot be read costs no other event."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from backend.ingest.event_bodies import MAX_LINES, MAX_PARTS, MAX_UNPACKED_BYTES, BadPart, events_in
from contracts.lines import MAX_LINE_BYTES
from contracts.telemetry_dead_letters import KEPT_BYTES
from contracts.telemetry_reader import TelemetryReader
from contracts.telemetry_times import TimeUnit

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def event(name: str, **fields: object) -> str:
    given = {"event_id": name, "customer_id": 7, "occurred_at": "2026-03-02T12:00:00Z", "kind": "auth_failure"}
    return json.dumps({**given, "attributes": {"ip": "192.0.2.1"}, **fields})


def read(body: bytes, *, time_unit: TimeUnit = "auto") -> list[str]:
    """The ids of the events, and the kinds of what is none."""
    reader = TelemetryReader(now=lambda: NOW, time_unit=time_unit)
    return [each.letter.kind if isinstance(each, BadPart) else each.event_id for each in events_in(body, reader)]


def letters(body: bytes) -> list[tuple[int, bytes]]:
    """The number and the bytes of each part that is no event."""
    found = [each for each in events_in(body, TelemetryReader(now=lambda: NOW)) if isinstance(each, BadPart)]
    assert all(each.letter.size == len(each.letter.body) for each in found)
    return [(each.number, each.letter.body) for each in found]


ONE, TWO = event("one"), event("two")
LINES = f"{ONE}\n{TWO}\n".encode()


@pytest.mark.parametrize(
    "body",
    [
        LINES,
        LINES.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + LINES,
        f"\n\n{ONE}\n \n{TWO}".encode(),
        f"[{ONE},{TWO}]".encode(),
        json.dumps([json.loads(ONE), json.loads(TWO)], indent=2).encode(),
        f'{{"records":[{ONE},{TWO}]}}'.encode(),
        LINES.decode().encode("utf-16"),
        gzip.compress(LINES, mtime=0),
        gzip.compress(ONE.encode() + b"\n", mtime=0) + gzip.compress(TWO.encode()),
    ],
    ids=["lines", "crlf", "bom", "blanks", "array", "pretty", "records", "utf16", "gzip", "members"],
)
def test_several_events_of_one_message_are_read(body: bytes) -> None:
    assert read(body) == ["one", "two"]


def test_cloud_events_are_unwrapped() -> None:
    envelope = {"specversion": "1.0", "id": "1", "source": "urn:x", "type": "t", "data": json.loads(ONE)}
    assert read(json.dumps(envelope).encode()) == ["one"]


@pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf", b"[]"])
def test_a_message_without_an_event_is_said_to_be(body: bytes) -> None:
    assert read(body) == ["unreadable"]


def test_a_bad_line_costs_no_other_line() -> None:
    assert read(f"{ONE}\nnonsense\n{TWO}".encode()) == ["one", "unreadable", "two"]


def test_what_a_cut_off_body_still_holds_is_read() -> None:
    many = "\n".join(event(f"e-{number}", noise=number * 7919) for number in range(5_000)).encode()
    found = read(gzip.compress(many, mtime=0)[:-5_000])
    assert found[:2] == ["e-0", "e-1"]
    assert found[-1] == "damaged_gzip"


@pytest.mark.parametrize("body", [b"\x1f\x8bno gzip at all", gzip.compress(LINES, mtime=0)[:20], b"\x1f\x8b"])
def test_damaged_gzip_is_one_dead_letter(body: bytes) -> None:
    assert read(body)[-1] == "damaged_gzip"


def test_a_decompression_bomb_is_read_to_its_limit() -> None:
    bomb = gzip.compress(b"\n".join([ONE.encode()] * (2 * MAX_UNPACKED_BYTES // len(ONE))))
    found = read(bomb)
    assert found[-1] == "too_large"
    assert len(found) < MAX_UNPACKED_BYTES // len(ONE) + 3


def test_message_of_ten_megabytes_is_named_by_length() -> None:
    body = event("huge", noise="x" * 10_000_000).encode()
    (part,) = events_in(body, TelemetryReader(now=lambda: NOW))
    assert isinstance(part, BadPart)
    assert part.letter.reason == f"the line has {len(body):,} bytes, and at most {MAX_LINE_BYTES:,} are read"
    assert (len(part.letter.body) < 20_000, part.letter.size) == (True, len(body))


SECONDS = 1_772_452_800
"""2026-03-02T12:00:00Z."""


@pytest.mark.parametrize(
    ("unit", "factor"), [("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)]
)
def test_numbers_are_times_in_the_unit_of_the_source(unit: TimeUnit, factor: int) -> None:
    reader = TelemetryReader(now=lambda: NOW, time_unit=unit)
    body = event("one", occurred_at=SECONDS * factor).encode()
    (found,) = events_in(body, reader)
    assert not isinstance(found, BadPart)
    assert found.occurred_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert reader.mended["epoch_time"] == 0


def test_a_guess_of_the_unit_is_counted() -> None:
    reader = TelemetryReader(now=lambda: NOW)
    list(events_in(event("one", occurred_at=SECONDS * 1000).encode(), reader))
    assert reader.mended["epoch_time"] == 1


@pytest.mark.parametrize("given", [SECONDS * 1_000, SECONDS * 1_000_000, 5, -1, 1e300])
def test_a_number_of_another_unit_is_never_guessed(given: float) -> None:
    assert read(event("one", occurred_at=given).encode(), time_unit="seconds") == ["wrong_time_unit"]


BAD = event("bad", occurred_at="2026-03-02T12:00:00")
"""Its time names no zone."""
ODD = BAD.replace("192.0.2.1", "J\u00fcrg \\\\u0041")
DEEP = event("deep", occurred_at="", deep="?").replace('"?"', "[" * 40 + "]" * 40)
"""What lies too deep is cut from the event, not from the letter."""
QUOTED = json.dumps(BAD)
"""As JSON in a text, as queues and log shippers hold events."""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"[{ONE},{BAD},{TWO}]", [(1, BAD)]),
        (f"[{ONE},{BAD},{BAD},{TWO}]", [(1, BAD), (2, BAD)]),
        (f"{BAD}{ONE}{ODD}", [(0, BAD), (2, ODD)]),
        (f'{{"records": [{ONE}, {BAD}, {ODD}]}}', [(1, BAD), (2, ODD)]),
        (f'{{"a": [{{"data": {ONE}}}, {{"x": 1, "data": {BAD}}}]}}', [(1, f'{{"x": 1, "data": {BAD}}}')]),
        (f'{{"a": [{json.dumps(ONE)}, {QUOTED}]}}', [(1, QUOTED)]),
        (f'{{"a": {json.dumps(f"[{ONE}, {BAD}]")}}}', [(1, BAD)]),
        (f'{{"a": [{ONE}, {{}}, 5, [1]]}}', [(1, "{}"), (2, "5"), (3, "[1]")]),
        (f"{ONE} {BAD} nonsense", [(1, f"{BAD} nonsense")]),
        (f"{ONE}\nnonsense\n[{TWO},{BAD}]\n", [(1, "nonsense"), (3, BAD)]),
        (f"{DEEP}{BAD}{DEEP}", [(0, DEEP), (1, BAD), (2, DEEP)]),
    ],
)
def test_a_letter_holds_its_own_object_alone(body: str, found: list[tuple[int, str]]) -> None:
    assert letters(body.encode()) == [(number, text.encode()) for number, text in found]


def test_bytes_that_are_no_text_are_kept() -> None:
    bad = BAD.encode().replace(b"192.0.2.1", b"J\xf6rg \xe2\x82")
    assert letters(b"[" + ONE.encode() + b", " + bad + b"]") == [(1, bad)]


def test_a_bad_event_far_down_its_line_is_whole() -> None:
    body = f"[{','.join([ONE] * 200)},{BAD}]".encode()
    assert len(body) > KEPT_BYTES
    assert letters(body) == [(200, BAD.encode())]


@pytest.mark.parametrize(("bad", "is_whole"), [("x" * 8_000, True), ("x" * 40_000, False)])
def test_only_the_beginning_of_a_large_object_is_kept(bad: str, *, is_whole: bool) -> None:
    text = event("bad", occurred_at="", noise=bad).encode()
    (found,) = [
        each.letter
        for each in events_in(b"[%s,%s]" % (ONE.encode(), text), TelemetryReader())
        if isinstance(each, BadPart)
    ]
    assert (found.body, found.size) == (text[:KEPT_BYTES], len(text))
    assert (found.size == len(found.body)) is is_whole


@pytest.mark.parametrize("piece", [b"{}", b"x\n", b'{"a":1},', ONE.encode()])
def test_what_is_behind_too_many_parts_is_not_read(piece: bytes) -> None:
    found = list(events_in(piece * (MAX_PARTS + 1) + TWO.encode(), TelemetryReader(now=lambda: NOW)))
    assert len(found) == MAX_PARTS + 1
    last = found[-1]
    assert isinstance(last, BadPart)
    assert (last.letter.kind, last.number, last.is_whole_body) == ("too_large", MAX_PARTS, True)


def test_what_is_behind_too_many_lines_is_not_read() -> None:
    assert read(f"{ONE}\n".encode() + b" \n" * MAX_LINES + TWO.encode())[:2] == ["one", "too_large"]
