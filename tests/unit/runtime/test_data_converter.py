"""How payloads travel through histories."""

import pytest
from pydantic import ValidationError

from contracts.steps import RoundInput
from runtime.data_converter import PydanticDataConverter, RawPayload

CONVERTER = PydanticDataConverter()
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
