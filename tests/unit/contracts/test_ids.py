"""Ids: deterministic, well-formed, and read back as they were made."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from durabletask.entities import EntityInstanceId
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from backend.detection.detector import RULE_IDS
from contracts import ids
from contracts.actions import ReversalAction
from contracts.alert import AlertType
from contracts.hashing import canonical_json, content_hash
from contracts.names import FRAUD_ANALYSIS_AGENT, analyst_decision
from tests.unit.contracts.strategies import of_type

WINDOW = datetime(2026, 3, 14, 12, 30, 5, tzinfo=UTC)
alert_ids = of_type(ids.AlertId)


def valid(kind: Any, value: str) -> bool:
    try:
        return TypeAdapter(kind).validate_python(value) == value
    except ValidationError:
        return False


def test_same_rule_customer_and_window_give_same_alert():
    made = ids.alert_id("spending_spike", 42, WINDOW)
    assert made == "spending_spike-42-20260314t123005z"
    elsewhere = WINDOW.astimezone(timezone(timedelta(hours=9)))
    assert ids.alert_id("spending_spike", 42, elsewhere) == made
    assert valid(ids.AlertId, made)


def test_another_rule_customer_or_window_gives_another_alert():
    made = {
        ids.alert_id("a", 1, WINDOW),
        ids.alert_id("b", 1, WINDOW),
        ids.alert_id("a", 2, WINDOW),
        ids.alert_id("a", 1, WINDOW + timedelta(seconds=1)),
    }
    assert len(made) == 4


def test_a_manual_alert_is_named_by_what_was_said():
    made = ids.manual_alert_id(42, "odd_call", "He asked twice.", "high", ["e2", "e1"])
    assert ids.manual_alert_id(42, "odd_call", "He asked twice.", "high", ["e1", "e2"]) == made
    assert valid(ids.AlertId, made)
    others = {
        ids.manual_alert_id(43, "odd_call", "He asked twice.", "high", ["e1", "e2"]),
        ids.manual_alert_id(42, "odder_call", "He asked twice.", "high", ["e1", "e2"]),
        ids.manual_alert_id(42, "odd_call", "He asked thrice.", "high", ["e1", "e2"]),
        ids.manual_alert_id(42, "odd_call", "He asked twice.", "low", ["e1", "e2"]),
        ids.manual_alert_id(42, "odd_call", "He asked twice.", "high", ["e1"]),
    }
    assert len(others | {made}) == 6


@pytest.mark.parametrize("length", [1, 75, 76, 95, 96, 100])
@pytest.mark.parametrize("action", get_args(ReversalAction))
def test_the_scheduler_gets_no_id_above_its_limit(length: int, action: str):
    case = ids.case_id("x" * length)

    told = [ids.instance_id(case), ids.instance_id(ids.reversal_id(case, action, 9_999))]
    told.append(str(EntityInstanceId(FRAUD_ANALYSIS_AGENT, ids.memory_key(case))))

    assert max(map(len, told)) <= 100


@given(
    rule=of_type(AlertType),
    customer=st.integers(1, 2**53),
    window=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 - the zone follows
)
@example(rule="r" * 64, customer=2**53, window=WINDOW)
def test_every_rule_makes_alert_ids_that_need_no_shortening(rule: str, customer: int, window: datetime):
    made = ids.alert_id(rule, customer, window.replace(tzinfo=UTC))
    case = ids.case_id(made)

    assert valid(ids.NewAlertId, made)
    assert ids.memory_key(case) == case
    assert all(
        ids.instance_id(name) == name
        for name in (case, *(ids.reversal_id(case, action, 9_999) for action in get_args(ReversalAction)))
    )


@given(customer=st.integers(1, 2**53), window=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)))  # noqa: DTZ001
def test_alert_of_a_rule_is_known_by_id(customer: int, window: datetime):
    assert all(ids.is_of_rule(ids.alert_id(rule, customer, window.replace(tzinfo=UTC))) for rule in RULE_IDS)
    assert not any(map(ids.is_of_rule, ("readme", "manual-7-0123456789abcdef", "spending_spike-7", "sim-20260302")))


def test_what_is_shortened_stays_apart_and_well_formed():
    made = {ids.alert_id("r" * 64, 2**53, WINDOW + timedelta(seconds=second)) for second in range(3)}

    assert len(made) == 3
    assert all(valid(ids.NewAlertId, each) for each in made)
    assert ids.instance_id("case-" + "x" * 100) != ids.instance_id("case-" + "x" * 99 + "y")
    assert not valid(ids.NewAlertId, "x" * 76)


@given(alert=alert_ids, round_number=st.integers(1, 9_999))
def test_review_id_reads_back_as_case_and_round(alert: str, round_number: int):
    case = ids.case_id(alert)
    review = ids.review_id(case, round_number)

    assert valid(ids.CaseId, case)
    assert valid(ids.ReviewId, review)
    assert ids.parse_review_id(review) == (case, round_number)


@pytest.mark.parametrize(
    "text", ["", "case-x", "case-x:r", ":r1", "case-x:rone", "case-x:r-1", "case-x:1", "case-x:r1.5", "case-x:r²"]
)
def test_malformed_review_id_is_refused_in_one_sentence(text: str):
    with pytest.raises(ValueError, match="is not a review id: expected '<case_id>:r<round>'"):
        ids.parse_review_id(text)


@pytest.mark.parametrize("text", ["", "-x", ".x", "a b", "a/b", "a:b", "ä", "x" * 101, "x\n", "../x"])
def test_id_unsafe_in_url_or_file_name_is_refused(text: str):
    assert not valid(ids.AlertId, text)
    assert not valid(ids.CaseId, f"case-{text}")


@pytest.mark.parametrize("text", ["case-x:r0", "case-x:r01", "x:r1", "case-x:r1 ", "case-x:r10000"])
def test_a_malformed_review_id_is_no_review_id(text: str):
    assert not valid(ids.ReviewId, text)


def test_keys_of_effects_evidence_and_events_are_fixed():
    assert ids.effect_key("case-a", "lock_account", "42") == "case-a:lock_account:42"
    assert ids.evidence_id(1, "location", 3) == "r1-location-3"
    assert analyst_decision(2) == "AnalystDecision:2"


def test_the_canonical_form_is_fixed_to_the_byte():
    value: dict[str, Any] = {"b": [1, 2.5, None, True], "a": 'Å"\n', "c": {"z": {}, "y": []}}
    assert canonical_json(value) == '{"a":"Å\\"\\n","b":[1,2.5,null,true],"c":{"y":[],"z":{}}}'
    assert content_hash(value) == "sha256:da2f0a8932c2ee1f840d008a66e6d38ae24531f5f7e3cd2ca894839c082854d2"


def test_a_hash_is_well_formed():
    assert valid(ids.Hash, content_hash({}))
    assert not valid(ids.Hash, content_hash({}).upper())
    assert not valid(ids.Hash, "sha256:abc")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_is_not_hashed(number: float):
    with pytest.raises(ValueError, match="JSON compliant"):
        content_hash({"score": number})
