"""What every contract promises: closed, immutable, finite, and the same on both ends of a process boundary."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from contracts.alert import MAX_RECENT_EVENTS, Alert
from contracts.base import Contract, UtcDateTime, added_later
from contracts.case import CaseEvent, CaseProgress
from contracts.hashing import canonical_json, content_hash
from contracts.names import CaseEventType
from contracts.report import (
    MAX_CALLS,
    MAX_CHARGES,
    MAX_CITED,
    MAX_FINDINGS,
    SPECIALISTS,
    Evidence,
    Finding,
    Specialist,
    SpecialistReport,
)
from contracts.review import Decision
from contracts.telemetry import Attributes, EventKind, LoginEvent, TransactionEvent, telemetry_event
from runtime.data_converter import PydanticDataConverter
from tests.unit.contracts.strategies import JSON_VALUES, float_fields, instances, models, modules

MODELS = models()
CONVERTER = PydanticDataConverter()
IDS = [model.__name__ for model in MODELS]
every_model = pytest.mark.parametrize("model", MODELS, ids=IDS)
NOT_FINITE = [float("nan"), float("inf"), float("-inf")]

generous = settings(max_examples=min(25, settings().max_examples))


def test_every_noun_of_the_vocabulary_is_found():
    """Guards the discovery itself: were it to find nothing, all tests below would pass on nothing."""
    assert {"contracts.alert", "contracts.case", "contracts.investigation", "contracts.telemetry"} <= set(modules())
    assert {
        "Alert",
        "CaseEvent",
        "CaseView",
        "Decision",
        "DurableAgentState",
        "Effect",
        "Evidence",
        "Finding",
        "Investigation",
        "LoginAttributes",
        "ReviewRequest",
        "RiskAssessment",
        "SpecialistReport",
        "TransactionEvent",
    } <= set(IDS)
    assert len(IDS) == len(set(IDS))


def test_model_with_a_type_without_strategy_fails_the_suite():
    class Novelty(BaseModel):
        value: complex
        model_config = ConfigDict(arbitrary_types_allowed=True)

    with pytest.raises(TypeError, match="No strategy for <class 'complex'>"):
        instances(Novelty)


@every_model
def test_contract_is_immutable_and_closed_or_open_attributes(model: type[BaseModel]):
    assert model.model_config.get("frozen") is True
    assert model.model_config.get("allow_inf_nan") is False
    if issubclass(model, Attributes):
        assert model.model_config.get("extra") == "allow"
    else:
        assert issubclass(model, Contract)
        assert model.model_config.get("extra") == "forbid"


@every_model
@generous
@given(data=st.data())
def test_a_contract_survives_a_history(model: type[BaseModel], data: st.DataObject):
    value = data.draw(instances(model))

    payload = CONVERTER.serialize(value)
    back = CONVERTER.deserialize(payload, model)

    assert type(back) is model
    assert back == value
    assert content_hash(back) == content_hash(value)
    assert CONVERTER.serialize(back) == payload
    assert payload is not None
    assert CONVERTER.coerce(json.loads(payload), model) == value
    assert CONVERTER.can_reconstruct(model)


@every_model
@settings(max_examples=3)
@given(data=st.data())
def test_an_unknown_field_is_refused_unless_it_is_telemetry(model: type[BaseModel], data: st.DataObject):
    plain = data.draw(instances(model)).model_dump(mode="json")
    plain["surprise"] = 1

    if issubclass(model, Attributes):
        assert model.model_validate(plain).model_dump(mode="json")["surprise"] == 1
    else:
        with pytest.raises(ValidationError, match="surprise"):
            CONVERTER.deserialize(json.dumps(plain), model)


@every_model
@settings(max_examples=2)
@given(data=st.data())
def test_a_field_cannot_be_assigned(model: type[BaseModel], data: st.DataObject):
    value = data.draw(instances(model))
    for name in model.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(value, name, None)


FLOATS = [(model, name) for model in MODELS for name in float_fields(model)]


def test_there_are_scores_to_guard():
    assert {(model.__name__, name) for model, name in FLOATS} >= {
        ("SpecialistReport", "risk_score"),
        ("RiskAssessment", "overall_risk_score"),
        ("Baseline", "observed"),
        ("LoginAttributes", "latitude"),
    }


@pytest.mark.parametrize(("model", "name"), FLOATS, ids=[f"{model.__name__}.{name}" for model, name in FLOATS])
@settings(max_examples=2)
@given(data=st.data())
def test_nan_and_infinities_are_refused(model: type[BaseModel], name: str, data: st.DataObject):
    plain = data.draw(instances(model)).model_dump(mode="json")
    for number in NOT_FINITE:
        with pytest.raises(ValidationError, match=name):
            model.model_validate({**plain, name: number})
        with pytest.raises(ValidationError, match=name):
            model.model_validate_json(json.dumps({**plain, name: number}))


JSON_FIELDS = [
    (model, name)
    for model in MODELS
    for name, info in model.model_fields.items()
    if "JsonValue" in repr(info.annotation)
]


def test_there_are_free_values_to_guard():
    assert (Evidence, "result") in JSON_FIELDS
    assert (CaseEvent, "data") in JSON_FIELDS


@pytest.mark.parametrize(("model", "name"), JSON_FIELDS, ids=[f"{m.__name__}.{name}" for m, name in JSON_FIELDS])
@settings(max_examples=2)
@given(data=st.data())
def test_nan_does_not_hide_in_a_free_value(model: type[BaseModel], name: str, data: st.DataObject):
    plain = data.draw(instances(model)).model_dump(mode="json")
    with pytest.raises(ValidationError, match="finite"):
        model.model_validate({**plain, name: {"deep": [1, {"er": float("nan")}]}})
    with pytest.raises(ValidationError, match="finite"):
        model.model_validate_json(json.dumps({**plain, name: {"deep": [1, {"er": float("inf")}]}}))


def test_nan_does_not_hide_in_extra_telemetry_keys():
    event: dict[str, Any] = {
        "event_id": "e",
        "customer_id": 1,
        "occurred_at": "2026-03-14T12:00:00Z",
        "kind": "login",
        "attributes": {"country": "NO", "jitter": float("nan")},
    }
    with pytest.raises(ValidationError, match="finite"):
        telemetry_event.validate_json(json.dumps(event))


@pytest.mark.parametrize("score", [-0.01, 1.01, 9, "high"])
def test_a_score_outside_its_range_is_refused(score: object):
    with pytest.raises(ValidationError, match="score"):
        CaseProgress.model_validate({"phase": "assessing", "round": 1, "score": score})


def test_time_needs_an_offset_and_is_kept_in_utc():
    event: dict[str, Any] = {
        "event_id": "e",
        "customer_id": 1,
        "attributes": {},
        "occurred_at": "2026-03-14T12:00:00+05:30",
    }

    assert LoginEvent.model_validate(event).model_dump(mode="json")["occurred_at"] == "2026-03-14T06:30:00Z"
    with pytest.raises(ValidationError, match="timezone"):
        LoginEvent.model_validate({**event, "occurred_at": "2026-03-14T12:00:00"})


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_time_outside_the_years_of_utc_is_refused(time: str):
    with pytest.raises(ValidationError, match="a time lies in the years 1 to 9999 of UTC"):
        TypeAdapter(UtcDateTime).validate_python(time)


@generous
@given(event=instances(TransactionEvent))
def test_money_survives_the_journey_to_the_last_digit(event: TransactionEvent):
    line = telemetry_event.dump_json(event)
    back = telemetry_event.validate_json(line)
    assert isinstance(back, TransactionEvent)
    assert back.attributes.amount == event.attributes.amount
    assert str(back.attributes.amount) == str(event.attributes.amount)
    assert isinstance(json.loads(line)["attributes"]["amount"], str)


@pytest.mark.parametrize("kind", get_args(EventKind))
def test_the_kind_decides_the_type_of_the_attributes(kind: str):
    attributes = {
        "transaction": {"amount": "12.50", "currency": "EUR"},
        "data_usage": {"gb": 1.5},
        "api_call": {"endpoint": "/v1/x"},
        "account_change": {"change": "sim"},
    }.get(kind, {})
    line = {"event_id": "e", "customer_id": 1, "occurred_at": "2026-03-14T12:00:00Z", "kind": kind}

    event = telemetry_event.validate_python({**line, "attributes": {**attributes, "firmware": "kept"}})

    assert event.kind == kind
    assert type(event.attributes).__name__.lower() == kind.replace("_", "") + "attributes"
    assert event.attributes.model_extra == {"firmware": "kept"}


def test_an_unknown_kind_of_telemetry_is_refused():
    with pytest.raises(ValidationError, match="kind"):
        telemetry_event.validate_python(
            {
                "event_id": "e",
                "customer_id": 1,
                "occurred_at": "2026-03-14T12:00:00Z",
                "kind": "gossip",
                "attributes": {},
            }
        )


@settings(max_examples=5)
@given(alert=instances(Alert), event=instances(LoginEvent))
def test_an_alert_carries_at_most_its_window(alert: Alert, event: LoginEvent):
    plain = alert.model_dump(mode="json")
    events = [event.model_dump(mode="json")] * (MAX_RECENT_EVENTS + 1)
    assert len(Alert.model_validate({**plain, "recent_events": events[1:]}).recent_events) == MAX_RECENT_EVENTS
    with pytest.raises(ValidationError, match="recent_events"):
        Alert.model_validate({**plain, "recent_events": events})


def test_the_largest_progress_fits_a_custom_status():
    progress = CaseProgress(
        phase="awaiting_review",
        round=9_999,
        specialists=dict.fromkeys(SPECIALISTS, "not_evaluable"),
        score=0.1234567890123456,
        outcome="locked_and_refunded",
    )
    assert len(progress.model_dump_json()) < 4_000


def test_two_progresses_never_share_their_specialists():
    plain = {"phase": "investigating", "round": 1}
    first, second = CaseProgress.model_validate(plain), CaseProgress.model_validate(plain)
    assert first.specialists == {}
    assert first.specialists is not second.specialists


def test_specialists_and_event_types_are_as_promised():
    assert get_args(Specialist) == SPECIALISTS
    assert get_args(CaseEventType)[0] == "case_opened"
    assert "case_closed" in get_args(CaseEventType)


@generous
@given(value=JSON_VALUES)
def test_what_is_no_contract_keeps_the_sdk_s_meaning(value: Any):
    payload = CONVERTER.serialize(value)
    if value is None:
        assert payload is None
        return
    assert payload is not None
    assert json.loads(payload) == value
    assert CONVERTER.deserialize(payload) == value


def test_payload_of_the_wrong_shape_does_not_travel_on():
    with pytest.raises(ValidationError):
        CONVERTER.deserialize('{"phase": "dreaming", "round": 1}', CaseProgress)
    with pytest.raises(ValidationError):
        CONVERTER.coerce({"phase": "assessing"}, CaseProgress)
    assert CONVERTER.deserialize(None, CaseProgress) is None
    assert CONVERTER.coerce(None, CaseProgress) is None


@generous
@given(value=st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=4))
def test_the_canonical_form_knows_no_order_and_no_space(value: dict[str, Any]):
    shuffled = dict(reversed(list(value.items())))
    assert canonical_json(shuffled) == canonical_json(value)
    assert content_hash(shuffled) == content_hash(value)
    assert json.loads(canonical_json(value)) == value


class LaterDecision(Decision):
    """A decision of a later release."""

    queue: str | None = added_later()


def test_field_added_later_is_hidden_until_used() -> None:
    decision = LaterDecision.model_validate(
        {
            "review_id": "case-a:r1",
            "assessment_hash": "sha256:" + "0" * 64,
            "verdict": "reject",
            "feedback": "Look again.",
            "decided_by": "ana",
            "decided_at": "2026-03-03T09:00:00Z",
        }
    )
    assert decision.queue is None
    assert "queue" not in decision.model_dump(mode="json")
    assert content_hash(decision) != content_hash(decision.model_copy(update={"queue": "vip"}))


FINDING: dict[str, Any] = {"statement": "As it was."}
CALL: dict[str, Any] = {
    "tool_call_id": "c",
    "tool": "t",
    "arguments": {},
    "ok": True,
    "result_hash": content_hash({}),
    "duration_ms": 1,
}


@pytest.mark.parametrize(
    ("field", "item", "most"),
    [
        ("findings", FINDING, MAX_FINDINGS),
        ("suspicious_charge_ids", "ch-1", MAX_CHARGES),
        ("tool_calls", CALL, MAX_CALLS),
    ],
)
def test_a_report_holds_no_list_without_end(field: str, item: Any, most: int):
    """The last guard: whatever writes a report, no history and no log takes more."""
    fields = {"specialist": "usage", "round": 1, "status": "ok"}
    assert len(getattr(SpecialistReport.model_validate({**fields, field: [item] * most}), field)) == most
    with pytest.raises(ValidationError, match="too_long"):
        SpecialistReport.model_validate({**fields, field: [item] * (most + 1)})


def test_a_finding_cites_no_list_without_end():
    cited = ["e-1"] * MAX_CITED
    assert len(Finding.model_validate({**FINDING, "evidence_ids": cited}).evidence_ids) == MAX_CITED
    with pytest.raises(ValidationError, match="too_long"):
        Finding.model_validate({**FINDING, "evidence_ids": [*cited, "e-1"]})
