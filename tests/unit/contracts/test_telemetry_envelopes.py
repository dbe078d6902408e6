"""Envelopes around events are removed."""

import json

import pytest

from contracts.telemetry_dead_letters import DeadLetter
from tests.unit.contracts.telemetry_lines import ATTRIBUTES, judged, line, read


@pytest.mark.parametrize(
    ("around", "mended"),
    [
        ('{"offset": 3, "event": %s}', {"unwrapped": 1}),
        ('{"specversion": "1.0", "id": "x", "data": %s}', {"unwrapped": 1, "field_unknown": 2}),
        ('{"Body": %s, "attributes": {"a": 1}, "kind": null}', {"unwrapped": 1}),
        ("[%s", {"array_mark": 1}),
        ("[ %s]", {"array_mark": 2}),
        (",%s", {"array_mark": 1}),
        ("%s,", {"array_mark": 1}),
        ("%s]", {"array_mark": 1}),
        ("\0\0\0\0%s", {}),
        ("%s\0", {"padding": 1}),
        ("\x1e%s", {"padding": 1}),
        ("\ufeff\x1e%s\r", {"byte_order_mark": 1}),
    ],
)
def test_envelope_around_an_event_is_removed(around: str, mended: dict[str, int]) -> None:
    assert judged(around.replace("%s", line()))[1].items() >= mended.items()


def test_an_event_within_a_text_is_read() -> None:
    assert judged(json.dumps(line()))[1] == {"unpacked": 1}
    assert judged(json.dumps({"Body": line()}))[1] == {"unpacked": 1, "unwrapped": 1}
    attributes, mended = judged(line("transaction", json.dumps(ATTRIBUTES["transaction"])))
    assert (str(attributes["amount"]), mended) == ("12.5", {"unpacked": 1})


def test_two_events_in_one_envelope_are_not_evaluated() -> None:
    assert isinstance(read(f'{{"a": {line()}, "b": {line()}}}')[0], DeadLetter)
