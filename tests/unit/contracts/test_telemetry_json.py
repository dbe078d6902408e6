"""JSON that is out of bounds, repeats itself or has broken text is mended where its meaning stays one."""

import pytest

from contracts.telemetry_dead_letters import DeadLetter
from tests.unit.contracts.telemetry_lines import judged, line, read


@pytest.mark.parametrize(
    ("bad", "value", "mended"),
    [
        ("NaN", None, {"number_replaced": 1}),
        ("[-Infinity, 1]", [None, 1], {"number_replaced": 1}),
        ("1e999", None, {"number_replaced": 1}),
        ("1" * 30, "1" * 30, {"number_replaced": 1}),
        ("9" * 6_000, "9" * 6_000, {"number_replaced": 1}),
        ('"a\\ud83d"', "a\ufffd", {"text_replaced": 1}),
        ('"a\\u0000b"', "a\ufffdb", {"text_replaced": 1}),
        ('{"\\udc00": ["\\udbff"]}', {"\ufffd": ["\ufffd"]}, {"text_replaced": 2}),
        ('"\\ud83d\\ude00"', "\U0001f600", {}),
        ('"tab\there"', "tab\there", {}),
        ('"\u2028"', "\u2028", {}),
        ('{"a": 1, "a": 1}', {"a": 1}, {"repeated_key": 1}),
        ("[" * 28 + "1" + "]" * 28, [[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]], {}),
    ],
)
def test_bad_values_of_extra_attributes_are_replaced(bad: str, value: object, mended: dict[str, int]) -> None:
    text = line(attributes={"extra": "here"}).replace('"here"', bad)

    attributes, found = judged(text)

    assert attributes.get("extra") == value
    assert found == mended


@pytest.mark.parametrize("depth", [40, 300, 50_000])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deeply_is_cut(depth: int, opens: str, closes: str) -> None:
    deep = opens * depth + "1" + closes * depth

    attributes, mended = judged(line(attributes={"extra": "here", "after": "x"}).replace('"here"', deep))

    assert (attributes["after"], mended) == ("x", {"nesting_cut": 1})


@pytest.mark.parametrize(
    ("twice", "name"),
    [
        ('"customer_id": 7, "customer_id": 8', "customer_id"),
        ('"customer_id": 7, "event_id": "other"', "event_id"),
        ('"customer_id": 7, "attributes": {}', "attributes"),
    ],
)
def test_contradictory_repetition_is_not_evaluated(twice: str, name: str) -> None:
    reading, _ = read(line().replace('"customer_id": 7', twice))
    assert isinstance(reading, DeadLetter)
    assert reading.reason == f"auth_failure.{name}: it is given twice, with different values"


def test_an_attribute_given_twice_with_two_meanings_is_dropped() -> None:
    attributes, mended = judged(line().replace('"ip":', '"ip": "198.51.100.1", "ip":'))
    assert ("ip" in attributes, mended) == (False, {"repeated_key": 1, "attribute_dropped": 1})


def test_what_is_given_twice_alike_is_read() -> None:
    assert read(line().replace('"customer_id": 7', '"customer_id": 7, "customer_id": 7'))[1] == {"repeated_key": 1}


def test_ids_that_differ_in_unprintables_stay_two() -> None:
    events = [read(line(event_id="e-?").replace("?", escape))[0] for escape in ("\\ud83d", "\\ud83e")]
    assert [event.event_id for event in events if not isinstance(event, DeadLetter)] == ["e-\\ud83d", "e-\\ud83e"]


def test_a_byte_order_mark_and_other_bytes_cost_nothing() -> None:
    assert judged(b"\xef\xbb\xbf" + line().encode())[1] == {"byte_order_mark": 1}
    attributes, mended = judged(line(attributes={"user": "J?rg"}).encode().replace(b"?", b"\xf6"))
    assert (attributes["user"], mended) == ("J\ufffdrg", {"text_replaced": 1})


def test_utf_16_in_the_midst_is_named() -> None:
    reading, _ = read(line().encode("utf-16-le"))
    assert isinstance(reading, DeadLetter)
    assert reading.reason.startswith("Invalid JSON: it looks like UTF-16 in the midst of UTF-8")
