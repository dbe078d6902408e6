"""An event is lost only when it cannot be judged; everything else is mended and counted by kind."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.lines import Line
from contracts.telemetry import TelemetryEvent, telemetry_event
from contracts.telemetry_reader import DeadLetter, TelemetryReader

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "login": {"country": "IT", "latitude": 41.9, "longitude": 12.5},
    "auth_failure": {"ip": "203.0.113.7"},
    "transaction": {"amount": 12.5, "currency": "EUR"},
    "data_usage": {"gb": 1.5},
    "api_call": {"endpoint": "ListUsers"},
}
AT = "2026-05-04T08:00:00Z"
FIELDS = {"event_id": "e-1", "customer_id": 7, "occurred_at": AT}


def line(kind: str = "auth_failure", attributes: object = ..., **fields: object) -> str:
    """An event as text; `attributes` are added to those that its kind has."""
    given: object = attributes
    if attributes is ...:
        given = ATTRIBUTES[kind]
    elif isinstance(attributes, dict):
        given = {**ATTRIBUTES[kind], **cast("dict[str, object]", attributes)}
    return json.dumps({**FIELDS, "kind": kind, "attributes": given, **fields})


def read(text: str | bytes) -> tuple[TelemetryEvent | DeadLetter, dict[str, int]]:
    reader = TelemetryReader(now=lambda: NOW, tolerance=timedelta(minutes=5))
    (reading,) = reader.events(Line(text if isinstance(text, bytes) else text.encode()))
    return reading, dict(reader.mended)


def judged(text: str | bytes) -> tuple[dict[str, Any], dict[str, int]]:
    """The attributes of an event that must be judged, without what is null, and what was mended."""
    event, mended = read(text)
    assert not isinstance(event, DeadLetter), event.reason
    assert telemetry_event.validate_json(telemetry_event.dump_json(event)) == event
    return event.attributes.model_dump(exclude_none=True), mended


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_a_sound_event_is_read_as_it_is(kind: str) -> None:
    event, mended = read(line(kind, {"extra": [1, {"deep": "x"}]}))

    assert event == telemetry_event.validate_json(line(kind, {"extra": [1, {"deep": "x"}]}))
    assert mended == {}


@pytest.mark.parametrize("country", ["", "T1", "XX", "ZZ", "A1", "ITA", "Italy", "EU", 39, True, ["IT"], "QQ", "İT"])
@pytest.mark.parametrize("kind", ["login", "auth_failure", "transaction"])
def test_unknown_country_is_kept_and_not_judged(kind: str, country: object) -> None:
    attributes, mended = judged(line(kind, {"country": country}))

    assert "country" not in attributes
    assert attributes.get("unused_fields") == ({"country": country} if country else None)
    assert mended == {"country_unknown": 1}


@pytest.mark.parametrize(("given", "code"), [("it", "IT"), (" IT ", "IT"), ("UK", "GB"), ("el", "GR")])
def test_a_country_is_read_in_other_spellings(given: str, code: str) -> None:
    attributes, mended = judged(line("login", {"country": given}))
    assert (attributes["country"], mended) == (code, {"country_spelt": 1})


def test_kosovo_is_a_country() -> None:
    assert judged(line("login", {"country": "XK"})) == ({**ATTRIBUTES["login"], "country": "XK", "success": True}, {})


@pytest.mark.parametrize(
    "place",
    [
        {"latitude": 0, "longitude": 0},
        {"latitude": "0.0", "longitude": -0.0},
        {"latitude": 0.001, "longitude": -0.002},
        {"latitude": 91, "longitude": 12},
        {"latitude": 41, "longitude": 512.5},
        {"latitude": None},
        {"longitude": None},
        {"latitude": "41,9"},
        {"latitude": True},
        {"longitude": [12.5]},
        {"latitude": "nan"},
    ],
)
def test_a_place_that_is_none_is_unknown(place: dict[str, object]) -> None:
    attributes, mended = judged(line("login", place))

    assert not {"latitude", "longitude"} & attributes.keys()
    assert (attributes["country"], mended) == ("IT", {"place_unknown": 1})


@pytest.mark.parametrize("place", [{"latitude": 0.0, "longitude": 9.45}, {"latitude": "41.9", "longitude": "12.5"}])
def test_place_on_the_equator_or_as_text_counts(place: dict[str, object]) -> None:
    attributes, mended = judged(line("login", place))
    assert (attributes["latitude"], attributes["longitude"]) == tuple(map(float, map(str, place.values())))
    assert mended == {}


@pytest.mark.parametrize(
    ("amount", "currency", "kept", "mended"),
    [
        ("5000.000000000001", "EUR", "5000.00", {"amount_rounded": 1}),
        ("4999.999999999999", "EUR", "5000.00", {"amount_rounded": 1}),
        ("0.1", "EUR", "0.1", {}),
        ("12.3400", "EUR", "12.34", {}),
        ('"12.50"', "EUR", "12.50", {}),
        ('" 12.5 "', "EUR", "12.5", {}),
        ("2000.4999", "JPY", "2000", {"amount_rounded": 1}),
        ("1.2345", "BHD", "1.235", {"amount_rounded": 1}),
        ("12.5", "eur", "12.5", {"currency_spelt": 1}),
        ("1e3", "EUR", "1000.0", {}),
    ],
)
def test_amounts_are_rounded_to_the_minor_unit(amount: str, currency: str, kept: str, mended: dict[str, int]) -> None:
    attributes, found = judged(line("transaction", {"currency": currency}).replace("12.5", amount, 1))

    assert (str(attributes["amount"]), attributes["currency"]) == (kept, currency.upper())
    assert found == mended


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e999", '"1e999999"', '"1,5"', "-1", "null", "true", "1" * 25])
def test_a_transaction_without_an_amount_is_not_judged(amount: str) -> None:
    reading, mended = read(line("transaction").replace("12.5", amount, 1))

    assert isinstance(reading, DeadLetter)
    assert (reading.kind, reading.reason.split(":")[0]) == ("unreadable", "transaction.attributes.amount")
    assert mended == {}


@pytest.mark.parametrize(
    "amount",
    ["5,000.00", "5.000,00", "5'000.00", "\u20ac5000.00", "EUR 5000", "5000 EUR", "5 000.00", "1,5", "", "n/a"],
)
def test_an_amount_of_another_form_is_not_guessed(amount: str) -> None:
    reading, _ = read(line("transaction", {"amount": amount}))
    assert isinstance(reading, DeadLetter)
    assert reading.reason == (
        f"transaction.attributes.amount: {amount!r} is not read; "
        "write digits with a point before the decimals and nothing else, such as 5000.00"
    )


@pytest.mark.parametrize("currency", ["\u20ac", "EURO", "999", "532", "", "1978", 5])
def test_a_currency_of_another_form_is_named(currency: object) -> None:
    reading, _ = read(line("transaction", {"currency": currency}))
    assert isinstance(reading, DeadLetter)
    assert reading.reason == (
        f"transaction.attributes.currency: {str(currency)!r} is not read; "
        "write the three letters or digits of ISO 4217, such as EUR or 978"
    )


@pytest.mark.parametrize(
    ("given", "code"), [("978", "EUR"), (978, "EUR"), ("036", "AUD"), (36, "AUD"), (" 392 ", "JPY")]
)
def test_a_currency_is_read_by_its_number(given: object, code: str) -> None:
    attributes, mended = judged(line("transaction", {"currency": given, "amount": 12}))
    assert (attributes["currency"], mended) == (code, {"currency_spelt": 1})


@pytest.mark.parametrize(
    ("given", "at", "mended"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00", {"leap_second": 1}),
        ("2017-01-01T00:59:60.5+01:00", "2016-12-31T23:59:59.999999+00:00", {"leap_second": 1}),
        ("2026-05-04t08:00:00z", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04 08:00:00Z", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04 08:00:00 UTC", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T08:00:00,25Z", "2026-05-04T08:00:00.250000+00:00", {}),
        ("2026-05-04T08:00:00.123456789Z", "2026-05-04T08:00:00.123456+00:00", {}),
        ("2026-05-04T10:00:00+0200", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T03:00:00-05", "2026-05-04T08:00:00+00:00", {}),
        ("20260504T080000Z", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T08:00Z", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-03T24:00:00Z", "2026-05-04T00:00:00+00:00", {}),
        ("2026-05-04T10:00:00+02:00[Europe/Berlin]", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T08:00:00Z[UTC]", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T03:00:00\u221205:00", "2026-05-04T08:00:00+00:00", {}),
        ("2026-05-04T08:00:00.1234567+00:00", "2026-05-04T08:00:00.123456+00:00", {}),
        ("Mon, 04 May 2026 08:00:00 GMT", "2026-05-04T08:00:00+00:00", {"time_spelt": 1}),
        ("4 May 2026 10:00 +0200", "2026-05-04T08:00:00+00:00", {"time_spelt": 1}),
        ("04/May/2026:08:00:00 +0000", "2026-05-04T08:00:00+00:00", {"time_spelt": 1}),
        ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59.999999+00:00", {"leap_second": 1}),
        ("/Date(1777881600000)/", "2026-05-04T08:00:00+00:00", {"epoch_time": 1}),
        ("\\/Date(1777881600250+0200)\\/", "2026-05-04T08:00:00.250000+00:00", {"epoch_time": 1}),
        ({"$date": "2026-05-04T08:00:00Z"}, "2026-05-04T08:00:00+00:00", {"extended_json": 1}),
        (
            {"$date": {"$numberLong": "1777881600000"}},
            "2026-05-04T08:00:00+00:00",
            {"extended_json": 2, "epoch_time": 1},
        ),
        (1777881600, "2026-05-04T08:00:00+00:00", {"epoch_time": 1}),
        (1777881600.25, "2026-05-04T08:00:00.250000+00:00", {"epoch_time": 1}),
        ("1777881600250", "2026-05-04T08:00:00.250000+00:00", {"epoch_time": 1}),
        (1777881600250123, "2026-05-04T08:00:00.250123+00:00", {"epoch_time": 1}),
        (1777881600250123999, "2026-05-04T08:00:00.250123+00:00", {"epoch_time": 1}),
    ],
)
def test_times_are_read_in_every_form_of_iso_8601(given: object, at: str, mended: dict[str, int]) -> None:
    event, found = read(line(occurred_at=given))

    assert not isinstance(event, DeadLetter), event.reason
    assert (event.occurred_at.isoformat(), found) == (at, mended)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("2026-05-04T08:00:61Z", "auth_failure.occurred_at: 2026-05-04T08:00:61Z is no time"),
        ("2026-13-04T08:00:00Z", "auth_failure.occurred_at: 2026-13-04T08:00:00Z is no time"),
        ("2026-05-04T24:00:01Z", "auth_failure.occurred_at: 2026-05-04T24:00:01Z is no time"),
        ("2026-05-04T08:00:00", "auth_failure.occurred_at: Input should have timezone info"),
        (20260504, "auth_failure.occurred_at: 20260504 is no time"),
        ("04/05/2026 08:00:00 +0000", "auth_failure.occurred_at: Input should be a valid datetime"),
        ("Mon, 04 Mai 2026 08:00:00 GMT", "auth_failure.occurred_at: Mon, 04 Mai 2026 08:00:00 GMT is no time"),
        ("Mon, 31 Feb 2026 08:00:00 GMT", "auth_failure.occurred_at: 2026-02-31T08:00:00GMT is no time"),
        ("Mon, 04 May 2026 08:00:00 EST", "auth_failure.occurred_at: Input should be a valid datetime"),
        ("/Date(12)/", "auth_failure.occurred_at: 12 is no time"),
        ("2026-05-04T08:00:00[Europe/Berlin]", "auth_failure.occurred_at: Input should"),
        ("04/05/2026", "auth_failure.occurred_at: Input should be a valid datetime"),
        (True, "auth_failure.occurred_at: "),
        (None, "auth_failure.occurred_at: "),
    ],
)
def test_a_time_that_has_no_one_meaning_is_named(given: object, why: str) -> None:
    reading, _ = read(line(occurred_at=given))

    assert isinstance(reading, DeadLetter)
    assert reading.reason.startswith(why)


@pytest.mark.parametrize(
    ("given", "kind", "why"),
    [
        ("2026-05-04T12:05:00.000001Z", "from_the_future", "lies more than 5 minutes in the future"),
        ("2031-01-01T00:00:00Z", "from_the_future", "lies more than 5 minutes in the future"),
        ("9999-12-31T23:59:59Z", "from_the_future", "lies more than 5 minutes in the future"),
        ("1989-12-31T23:59:59Z", "from_the_far_past", "lies before 1990"),
        ("0001-01-01T00:00:00Z", "from_the_far_past", "lies before 1990"),
    ],
)
def test_event_of_an_impossible_time_is_a_dead_letter(given: str, kind: str, why: str) -> None:
    reading, _ = read(line(occurred_at=given))

    assert isinstance(reading, DeadLetter)
    assert reading.kind == kind
    assert reading.reason.startswith("auth_failure.occurred_at: ")
    assert reading.reason.endswith(why)


def test_a_clock_may_be_ahead_by_the_tolerance() -> None:
    assert judged(line(occurred_at="2026-05-04T12:05:00Z"))[1] == {}


@pytest.mark.parametrize(
    ("kind", "attribute", "kept"),
    [
        ("login", {"success": "maybe"}, {"success": True}),
        ("login", {"ip": ["203.0.113.7"]}, {}),
        ("auth_failure", {"user": {"name": "root"}}, {}),
        ("transaction", {"merchant": False}, {}),
        ("api_call", {"status_code": "none"}, {}),
        ("api_call", {"read_only": "perhaps"}, {}),
        ("api_call", {"read_only": 7}, {}),
        ("api_call", {"status_code": 1e300}, {}),
        ("api_call", {"status_code": 403.5}, {}),
        ("login", {"success": 2}, {"success": True}),
        ("login", {"success": [False]}, {"success": True}),
    ],
)
def test_a_wrong_type_costs_that_attribute_alone(kind: str, attribute: dict[str, Any], kept: dict[str, Any]) -> None:
    attributes, mended = judged(line(kind, attribute))
    (name,) = attribute

    assert attributes["unused_fields"] == attribute
    assert attributes.get(name) == kept.get(name)
    assert mended == {"attribute_dropped": 1}


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [("login", {"device_id": 4711}), ("transaction", {"charge_id": 99}), ("api_call", {"endpoint": 7})],
)
def test_a_number_where_text_belongs_becomes_text(kind: str, attribute: dict[str, int]) -> None:
    attributes, mended = judged(line(kind, attribute))
    ((name, value),) = attribute.items()
    assert (attributes[name], mended) == (str(value), {"text_from_number": 1})


@pytest.mark.parametrize("given", ["False ", "FALSE", "No", "failure", "Failed", "denied", 0, "0"])
def test_a_login_that_failed_is_one_in_any_spelling(given: object) -> None:
    assert judged(line("login", {"success": given}))[0]["success"] is False


@pytest.mark.parametrize("given", [" True", "YES", "Success", "ok", 1, "1"])
def test_a_login_that_succeeded_is_one_in_any_spelling(given: object) -> None:
    assert judged(line("login", {"success": given}))[0]["success"] is True


@pytest.mark.parametrize(
    "given",
    ["AUTH_FAILURE", " auth_failure ", "auth-failure", "Auth Failure", "AuthFailure", "authFailure", "authfailure"],
)
def test_a_kind_is_read_in_other_spellings(given: str) -> None:
    assert judged(line(kind="auth_failure").replace('"auth_failure"', json.dumps(given)))[1] == {"kind_spelt": 1}


@pytest.mark.parametrize("given", [None, "", "  ", [], ["e-1"], {"id": 1}, True, ...])
def test_an_event_without_an_id_gets_one(given: object) -> None:
    def event(at: str, delivery: int) -> TelemetryEvent:
        fields = {"event_id": given, "occurred_at": at, "delivery": delivery}
        text = json.loads(line(**fields))
        reading, mended = read(json.dumps({name: value for name, value in text.items() if value != "..."}))
        assert not isinstance(reading, DeadLetter), reading.reason
        assert mended == {"event_id_made": 1, "field_unknown": 1}
        return reading

    def line(**fields: object) -> str:
        shown = {name: "..." if value is ... else value for name, value in fields.items()}
        return json.dumps({**FIELDS, "kind": "auth_failure", "attributes": {}, **shown})

    ids = [event(at, delivery).event_id for at, delivery in ((AT, 1), (AT, 2), (AT.replace("08", "09"), 1))]
    assert ids[0] == ids[1] != ids[2]


def test_overlong_id_is_cut_and_stays_distinct() -> None:
    events = [read(line(event_id="e" * 300 + last))[0] for last in "ab"]
    ids = [event.event_id for event in events if not isinstance(event, DeadLetter)]
    assert len(set(ids)) == 2
    assert max(map(len, ids)) <= 128


@pytest.mark.parametrize("gb", [2.0**64, 1e308, "18446744073709551615"])
def test_more_usage_than_there_can_be_is_not_judged(gb: object) -> None:
    reading, _ = read(line("data_usage", {"gb": gb}))
    assert isinstance(reading, DeadLetter)
    assert reading.reason == "data_usage.attributes.gb: more than 1,000,000 GB in one reading cannot be"


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
def test_what_stands_around_an_event_costs_nothing(around: str, mended: dict[str, int]) -> None:
    assert judged(around.replace("%s", line()))[1].items() >= mended.items()


def test_an_event_within_a_text_is_read() -> None:
    assert judged(json.dumps(line()))[1] == {"unpacked": 1}
    assert judged(json.dumps({"Body": line()}))[1] == {"unpacked": 1, "unwrapped": 1}
    attributes, mended = judged(line("transaction", json.dumps(ATTRIBUTES["transaction"])))
    assert (str(attributes["amount"]), mended) == ("12.5", {"unpacked": 1})


def test_two_events_in_one_envelope_are_not_judged() -> None:
    assert isinstance(read(f'{{"a": {line()}, "b": {line()}}}')[0], DeadLetter)


def test_numbers_as_text_and_ids_as_numbers_are_read() -> None:
    event, mended = read(line("data_usage", {"gb": "2.5"}, customer_id="7", event_id=42))

    assert not isinstance(event, DeadLetter)
    assert (event.customer_id, event.event_id, mended) == (7, "42", {"text_from_number": 1})


@pytest.mark.parametrize("attributes", [None, [], "none", 3])
@pytest.mark.parametrize(("kind", "is_judged"), [("login", True), ("auth_failure", True), ("transaction", False)])
def test_attributes_of_another_shape_cost_only_what_needs_them(attributes: object, kind: str, is_judged: bool) -> None:
    reading, mended = read(line(kind, attributes))

    assert isinstance(reading, DeadLetter) is not is_judged
    assert mended == ({"attribute_dropped": 1} if is_judged else {})


def test_unknown_fields_are_kept_in_their_order() -> None:
    attributes, mended = judged(line(_partition=3, schema_version="1.2", trace={"id": "x"}))

    assert json.dumps(attributes["unused_fields"]) == '{"_partition": 3, "schema_version": "1.2", "trace": {"id": "x"}}'
    assert mended == {"field_unknown": 3}


def test_attribute_unused_fields_of_a_sender_stays_as_given() -> None:
    assert judged(line(attributes={"unused_fields": "mine"}, _partition=3))[0]["unused_fields"] == "mine"


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
def test_contradictory_repetition_is_not_judged(twice: str, name: str) -> None:
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


@pytest.mark.parametrize("blank", [b"", b"  ", b"\r", b"\xef\xbb\xbf", b"\t\r", b"\0" * 9, b"[", b"]\r", b"],"])
def test_a_blank_line_is_nothing(blank: bytes) -> None:
    assert list(TelemetryReader().events(Line(blank))) == []


def test_utf_16_in_the_midst_is_named() -> None:
    reading, _ = read(line().encode("utf-16-le"))
    assert isinstance(reading, DeadLetter)
    assert reading.reason.startswith("Invalid JSON: it looks like UTF-16 in the midst of UTF-8")


@pytest.mark.parametrize("customer", [True, -1, 0, 2**53 + 1, 1.5, "seven", None])
def test_a_customer_that_is_none_is_not_judged(customer: object) -> None:
    reading, _ = read(line(customer_id=customer))
    assert isinstance(reading, DeadLetter)
    assert reading.reason.startswith("auth_failure.customer_id: ")


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    for read_line in (TelemetryReader().events, TelemetryReader().enveloped, TelemetryReader().customers):
        list(read_line(Line(data)))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda part: st.lists(part) | st.dictionaries(st.text(), part))
OPTIONAL = st.sampled_from(
    ["ip", "country", "latitude", "user", "x", "success", "read_only", "status_code", "city", "method", "unused_fields"]
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # JSON of any depth, and a busy machine
@given(st.sampled_from(sorted(ATTRIBUTES)), st.dictionaries(OPTIONAL, JSON))
def test_no_optional_attribute_costs_the_event(kind: str, extra: dict[str, Any]) -> None:
    judged(line(kind, extra))
