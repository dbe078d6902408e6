"""How payloads travel through histories."""

from datetime import UTC, datetime, timedelta

import pytest
from durabletask.scheduled.models import ScheduleConfiguration, ScheduleCreationOptions, ScheduleState
from durabletask.scheduled.orchestrator import ScheduleOperationRequest
from pydantic import ValidationError

from contracts.steps import RoundInput
from runtime.data_converter import PydanticDataConverter, RawPayload

CONVERTER = PydanticDataConverter()
MIDNIGHT = datetime(2026, 11, 30, tzinfo=UTC)
START = RoundInput(case_id="case-1", round=2)


def test_a_contract_comes_back_as_it_was() -> None:
    assert CONVERTER.deserialize(CONVERTER.serialize(START), RoundInput) == START


def test_a_payload_of_the_wrong_shape_travels_no_further() -> None:
    with pytest.raises(ValidationError):
        CONVERTER.deserialize('{"case_id": "case-1", "round": 0}', RoundInput)


@pytest.mark.parametrize("payload", ['{"round": 0}', "no JSON", '"text"', "null"])
def test_undecoded_payload_is_handed_over_as_it_came(payload: str) -> None:
    assert CONVERTER.can_reconstruct(RawPayload)
    received = CONVERTER.deserialize(payload, RawPayload)
    assert (type(received), received) == (RawPayload, payload)


@pytest.mark.parametrize("payload", [None, ""])
def test_no_payload_is_null(payload: str | None) -> None:
    assert CONVERTER.deserialize(payload, RawPayload) == "null"


def test_what_the_sdk_encodes_itself_comes_back() -> None:
    options = ScheduleCreationOptions("reset-counts", "count_reset", timedelta(days=1), start_at=MIDNIGHT)
    request = ScheduleOperationRequest("@schedule@reset-counts", "create_schedule", options)
    assert CONVERTER.deserialize(CONVERTER.serialize(request), ScheduleOperationRequest) == request
    state = ScheduleState()
    state.schedule_configuration = ScheduleConfiguration.from_create_options(options)
    assert CONVERTER.deserialize(CONVERTER.serialize(state), ScheduleState).to_description() == state.to_description()
