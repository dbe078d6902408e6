"""An event is lost only when it cannot be judged; everything else is mended and counted by kind."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.lines import Line
from contracts.telemetry import TelemetryEvent, telemetry_event
from contracts.telemetry_dead_letters import DeadLetter
from contracts.telemetry_reader import TelemetryReader
from tests.unit.contracts.telemetry_lines import AT, ATTRIBUTES, FIELDS, judged, line, read


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_a_sound_event_is_read_as_it_is(kind: str) -> None:
    event, mended = read(line(kind, {"extra": [1, {"deep": "x"}]}))

    assert event == telemetry_event.validate_json(line(kind, {"extra": [1, {"deep": "x"}]}))
    assert mended == {}


@pytest.mark.parametrize(
    ("kind", "attribute", "kept"),
    [
        ("login", {"ip": ["203.0.113.7"]}, {}),
        ("auth_failure", {"user": {"name": "root"}}, {}),
        ("transaction", {"merchant": False}, {}),
        ("api_call", {"status_code": "none"}, {}),
        ("api_call", {"read_only": "perhaps"}, {}),
        ("api_call", {"read_only": 7}, {}),
        ("api_call", {"status_code": 1e300}, {}),
        ("api_call", {"status_code": 403.5}, {}),
        ("api_call", {"status_code": "4_03"}, {}),
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


@pytest.mark.parametrize("given", ["maybe", "timeout", "mfa_pending", "", 2, -1, 0.5, None, [False], {"is": True}])
def test_a_login_of_unknown_outcome_is_not_evaluated(given: object) -> None:
    reading, mended = read(line("login", {"success": given}))
    assert isinstance(reading, DeadLetter)
    assert reading.reason.startswith("login.attributes.success: ")
    assert reading.reason.endswith(" is not read; write true or false")
    assert mended == {}


def test_a_login_of_two_outcomes_is_not_evaluated() -> None:
    reading, _ = read(line("login").replace('"country"', '"success": true, "success": false, "country"'))
    assert isinstance(reading, DeadLetter)
    assert reading.reason == "login.attributes.success: it is given twice, with different values"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("transaction", {"amount": "1_000"}),
        ("transaction", {"amount": "1_0.5"}),
        ("transaction", {"amount": "\u0661\u0662"}),
        ("data_usage", {"gb": "1_000"}),
        ("data_usage", {"gb": "\u0661"}),
    ],
)
def test_digits_of_other_forms_are_no_number(kind: str, fields: dict[str, Any]) -> None:
    reading, _ = read(line(kind, fields))
    assert isinstance(reading, DeadLetter)
    assert "is not read; write digits" in reading.reason


@pytest.mark.parametrize("place", [{"latitude": "4_1.9"}, {"longitude": "\u0661"}])
def test_a_place_in_other_digits_is_none(place: dict[str, Any]) -> None:
    attributes, mended = judged(line("login", place))
    assert ("latitude" in attributes, mended) == (False, {"place_unknown": 1})


@pytest.mark.parametrize(
    ("given", "kept", "mended"),
    [
        ("203.0.113.7", "203.0.113.7", {}),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.7", {}),
        ("203.0.113.5:50123", "203.0.113.5", {"ip_spelt": 1}),
        ("[2a00:1450::1]:443", "2a00:1450::1", {"ip_spelt": 1}),
        (" 203.0.113.7", "203.0.113.7", {"ip_spelt": 1}),
        ("203.0.113.5, 10.0.0.1", "203.0.113.5", {"ip_spelt": 1}),
        ("203.0.113.005", "203.0.113.5", {"ip_spelt": 1}),
        ("203.0.113.010", "203.0.113.010", {"ip_unknown": 1}),
        ("8.8.8.8, 9.9.9.9", "8.8.8.8, 9.9.9.9", {"ip_unknown": 1}),
        ("gateway", "gateway", {"ip_unknown": 1}),
    ],
)
@pytest.mark.parametrize("kind", ["login", "auth_failure"])
def test_an_address_is_read_or_counted(kind: str, given: str, kept: str, mended: dict[str, int]) -> None:
    attributes, found = judged(line(kind, {"ip": given}))
    assert (attributes["ip"], found) == (kept, mended)


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
def test_an_impossible_usage_reading_is_not_evaluated(gb: object) -> None:
    reading, _ = read(line("data_usage", {"gb": gb}))
    assert isinstance(reading, DeadLetter)
    assert reading.reason == "data_usage.attributes.gb: more than 1,000,000 GB in one reading cannot be"


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


@pytest.mark.parametrize("blank", [b"", b"  ", b"\r", b"\xef\xbb\xbf", b"\t\r", b"\0" * 9, b"[", b"]\r", b"],"])
def test_a_blank_line_is_nothing(blank: bytes) -> None:
    assert list(TelemetryReader().events(Line(blank))) == []


@pytest.mark.parametrize("customer", [True, -1, 0, 2**53 + 1, 1.5, "seven", None, "1_000", "\u0661"])
def test_an_event_without_valid_customer_is_not_evaluated(customer: object) -> None:
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
    ["ip", "country", "latitude", "user", "x", "read_only", "status_code", "city", "method", "unused_fields"]
)


@given(st.sampled_from(sorted(ATTRIBUTES)), st.dictionaries(OPTIONAL, JSON))
def test_no_optional_attribute_costs_the_event(kind: str, extra: dict[str, Any]) -> None:
    judged(line(kind, extra))
