"""What orchestrators read of their history."""

import pytest
from pydantic import ValidationError

from contracts.investigation import InvestigationPolicy
from contracts.steps import RoundInput
from runtime.data_converter import RawPayload
from worker.orchestrations import activity_stubs


def test_payload_met_again_at_every_turn_is_read_once() -> None:
    first = activity_stubs.decode(RawPayload('{"auto_clear_threshold": 0.123}'), InvestigationPolicy)

    assert activity_stubs.decode(RawPayload('{"auto_clear_threshold": 0.123}'), InvestigationPolicy) is first
    assert first.auto_clear_threshold == 0.123


def test_same_payload_is_read_as_each_reader_asks() -> None:
    payload = RawPayload('{"case_id": "case-1", "round": 2}')

    assert activity_stubs.decode(payload, RoundInput) == RoundInput(case_id="case-1", round=2)
    for _ in range(2):
        with pytest.raises(ValidationError):
            activity_stubs.decode(payload, InvestigationPolicy)
