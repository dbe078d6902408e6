"""One message holds one event or many, packed or not; what cannot be read costs no other event."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from backend.ingest.event_bodies import MAX_UNPACKED_BYTES, BadPart, events_in
from contracts.lines import MAX_LINE_BYTES
from contracts.telemetry_reader import TelemetryReader
from contracts.telemetry_times import TimeUnit

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def event(name: str, **fields: object) -> str:
    given = {"event_id": name, "customer_id": 7, "occurred_at": "2026-03-02T12:00:00Z", "kind": "auth_failure"}
    return json.dumps({**given, "attributes": {"ip": "192.0.2.1"}, **fields})


def read(body: bytes, encoding: str | None = None, *, time_unit: TimeUnit = "auto") -> list[str]:
    """The ids of the events, and the kinds of what is none."""
    reader = TelemetryReader(now=lambda: NOW, time_unit=time_unit)
    return [
        each.letter.kind if isinstance(each, BadPart) else each.event_id for each in events_in(body, encoding, reader)
    ]


ONE, TWO = event("one"), event("two")
LINES = f"{ONE}\n{TWO}\n".encode()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (LINES, None),
        (LINES.replace(b"\n", b"\r\n"), None),
        (b"\xef\xbb\xbf" + LINES, None),
        (f"\n\n{ONE}\n \n{TWO}".encode(), None),
        (f"[{ONE},{TWO}]".encode(), None),
        (json.dumps([json.loads(ONE), json.loads(TWO)], indent=2).encode(), None),
        (f'{{"records":[{ONE},{TWO}]}}'.encode(), None),
        (LINES.decode().encode("utf-16"), None),
        (gzip.compress(LINES, mtime=0), "gzip"),
        (gzip.compress(LINES, mtime=0), None),
        (gzip.compress(ONE.encode() + b"\n", mtime=0) + gzip.compress(TWO.encode()), "GZIP"),
    ],
    ids=["lines", "crlf", "bom", "blanks", "array", "pretty", "records", "utf16", "gzip", "unsaid gzip", "members"],
)
def test_several_events_of_one_message_are_read(body: bytes, encoding: str | None) -> None:
    assert read(body, encoding) == ["one", "two"]


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
    found = read(gzip.compress(many, mtime=0)[:-5_000], "gzip")
    assert found[:2] == ["e-0", "e-1"]
    assert found[-1] == "damaged_gzip"


@pytest.mark.parametrize("body", [b"\x1f\x8bno gzip at all", gzip.compress(LINES, mtime=0)[:20], b"\x1f\x8b"])
def test_damaged_gzip_is_one_dead_letter(body: bytes) -> None:
    assert read(body)[-1] == "damaged_gzip"


def test_a_decompression_bomb_is_read_to_its_limit() -> None:
    bomb = gzip.compress(b"\n".join([ONE.encode()] * (2 * MAX_UNPACKED_BYTES // len(ONE))))
    found = read(bomb, "gzip")
    assert found[-1] == "too_large"
    assert len(found) < MAX_UNPACKED_BYTES // len(ONE) + 3


def test_message_of_ten_megabytes_is_named_by_length() -> None:
    body = event("huge", noise="x" * 10_000_000).encode()
    (part,) = events_in(body, None, TelemetryReader(now=lambda: NOW))
    assert isinstance(part, BadPart)
    assert part.letter.reason == f"the line has {len(body):,} bytes, and at most {MAX_LINE_BYTES:,} are read"
    assert (len(part.body) < 20_000, part.size) == (True, len(body))


SECONDS = 1_772_452_800
"""2026-03-02T12:00:00Z."""


@pytest.mark.parametrize(
    ("unit", "factor"), [("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)]
)
def test_numbers_are_times_in_the_unit_of_the_source(unit: TimeUnit, factor: int) -> None:
    reader = TelemetryReader(now=lambda: NOW, time_unit=unit)
    body = event("one", occurred_at=SECONDS * factor).encode()
    (found,) = events_in(body, None, reader)
    assert not isinstance(found, BadPart)
    assert found.occurred_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert reader.mended["epoch_time"] == 0


def test_a_guess_of_the_unit_is_counted() -> None:
    reader = TelemetryReader(now=lambda: NOW)
    list(events_in(event("one", occurred_at=SECONDS * 1000).encode(), None, reader))
    assert reader.mended["epoch_time"] == 1


@pytest.mark.parametrize("given", [SECONDS * 1_000, SECONDS * 1_000_000, 5, -1, 1e300])
def test_a_number_of_another_unit_is_never_guessed(given: float) -> None:
    assert read(event("one", occurred_at=given).encode(), time_unit="seconds") == ["wrong_time_unit"]
