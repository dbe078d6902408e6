"""Recordings with every kind of bad input, through the real processes: nothing is fatal, and all of it can be seen."""

import gzip
import json
from pathlib import Path
from typing import Any

from contracts.telemetry_dead_letters import DeadLetterKind
from tests.support.stack import LocalStack

AT = "2026-03-02T12:00:00Z"
BOMB_BYTES = 300 * 1024 * 1024


def event(number: int, **changes: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = {"amount": "10.00", "currency": "EUR"}
    whole = {"event_id": f"e-{number}", "customer_id": 7, "occurred_at": AT, "kind": "transaction"}
    return {**whole, "attributes": attributes, **changes}


def paid(number: int, amount: object, currency: str = "EUR") -> dict[str, Any]:
    return event(number, attributes={"amount": amount, "currency": currency})


def login(number: int, **attributes: object) -> dict[str, Any]:
    return event(number, kind="login", attributes=attributes)


NOT_EVALUATED: list[tuple[dict[str, Any], DeadLetterKind, str]] = [
    (event(1, occurred_at="2026-03-02T12:00:00"), "unreadable", "names no zone; write UTC with a Z, or an offset"),
    (event(2, occurred_at="2099-01-01T00:00:00Z"), "from_the_future", "lies more than 5 minutes in the future"),
    (event(3, occurred_at="1969-07-20T20:17:40Z"), "from_the_far_past", "lies before 1990"),
    (event(4, occurred_at=-5), "unreadable", "-5 is no time"),
    (paid(5, "1,234.50"), "unreadable", "'1,234.50' is not read; write digits with a point before the decimals"),
    (event(6, customer_id="seven"), "unreadable", "customer_id: 'seven' is not read"),
    (login(7, success="timeout"), "unreadable", "'timeout' is not read; write true or false"),
]
"""What loses the event, and why."""

MENDED: list[tuple[dict[str, Any], str]] = [
    (event(11, occurred_at=1772452800), "epoch_time"),
    (event(12, occurred_at=1772452800000), "epoch_time"),
    (event(13, occurred_at=1772452800000000), "epoch_time"),
    (paid(14, "-5.00"), "refund_negative"),
    (paid(15, 1234.5, "JPY"), "amount_rounded"),
    (paid(16, "1.2345", "KWD"), "amount_rounded"),
    (login(17, latitude=0, longitude=0), "place_unknown"),
    (event(18, event_id=18), "text_from_number"),
    (login(27, ip="203.0.113.5:443"), "ip_spelt"),
    (login(28, ip="gateway"), "ip_unknown"),
    (event(19, event_id="e-20", attributes={"amount": "99", "currency": "EUR"}), "event_id_reused"),
]
"""What is repaired, and how the repair is counted."""

AS_THEY_ARE = [
    event(20),
    event(20),  # twice
    login(21, ip="2001:db8::1"),
    login(22, ip="::ffff:192.0.2.5"),
    login(23, ip="10.0.0.1"),
    login(24),
    paid(25, "5", "JPY"),
    event(26, customer_id="7"),
]


def lines(events: list[dict[str, Any]], end: str = "\n") -> bytes:
    return "".join(json.dumps(each) + end for each in events).encode()


def write_recordings(folder: Path) -> list[Path]:
    """One file of bad events, and one for each odd container."""
    bad = [each for each, *_ in NOT_EVALUATED] + AS_THEY_ARE + [each for each, _ in MENDED]
    contents = {
        "bad.jsonl": lines(bad),
        "odd.jsonl": b"\xef\xbb\xbf" + lines([event(31)], "\r\n") + b"\n \n\r\n" + lines([event(32)], "\r\n"),
        "long.jsonl": lines([event(41, halo="x" * 10_000_000), event(42)]),
        "members.jsonl.gz": gzip.compress(lines([event(51)])) + gzip.compress(lines([event(52)])),
        "cut.jsonl.gz": gzip.compress(lines([event(60 + number) for number in range(2_000)]))[:-40],
        "bomb.jsonl.gz": gzip.compress(b" " * BOMB_BYTES + b"\n" + lines([event(71)]), 1),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def counted(stack: LocalStack) -> int:
    """How much of the telemetry was not evaluated."""
    counts = stack.as_person("maria").get("/api/telemetry/dead-letters/counts").raise_for_status().json()["items"]
    return sum(each["count"] for each in counts)


def test_bad_telemetry_is_named_counted_and_survived(tmp_path: Path) -> None:
    files = write_recordings(tmp_path)
    with LocalStack(tmp_path / "data", "--no-simulator", "--replay", *map(str, files)) as stack:
        (source,) = stack.wait_for_replay()["sources"]
        # What is bad is put on record in the background.
        stack.wait_until(lambda: counted(stack) >= len(NOT_EVALUATED) + 3, "the record of all that is bad")
        letters = stack.as_person("maria").get("/api/telemetry/dead-letters", params={"limit": 200})
        found = {(each["file"], each["position"]): each for each in letters.raise_for_status().json()["items"]}
        count = counted(stack)

    for number, (_, kind, why) in enumerate(NOT_EVALUATED, 1):
        letter = found.pop(("bad.jsonl", number))
        assert (letter["kind"], letter["is_whole"]) == (kind, True)
        assert why in letter["reason"]
    assert {file: each["reason"] for (file, _), each in found.items()} == {
        "long.jsonl": found["long.jsonl", 1]["reason"],
        "cut.jsonl.gz": found["cut.jsonl.gz", max(line for file, line in found if file == "cut.jsonl.gz")]["reason"],
        "bomb.jsonl.gz": found["bomb.jsonl.gz", 1]["reason"],
    }
    assert source["state"] == "finished"
    assert count == len(NOT_EVALUATED) + 3
    for _, repair in MENDED:
        assert source["mended"][repair] >= 1, repair
