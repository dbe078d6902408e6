"""How contracts are written to and read from orchestration histories."""

from functools import cache
from typing import Any

from durabletask.serialization import JsonDataConverter
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json


class RawPayload(str):
    """Asks the converter for a payload as it came, for a reader that must answer for one of the wrong shape itself.

    Orchestrators are such readers: what the SDK cannot decode for them ends them at once, past all of their code.
    """

    __slots__ = ()


@cache
def _adapter(target_type: Any) -> TypeAdapter[Any]:
    return TypeAdapter(target_type)


class PydanticDataConverter(JsonDataConverter):
    """The `DataConverter` given to every durable-task worker and client.

    Contracts are encoded by pydantic and validated on the way back in, so a payload of the
    wrong shape raises `pydantic.ValidationError` instead of travelling on. What encodes itself, as the SDK's own
    classes do by `to_json()`, keeps the SDK's encoding.
    """

    def serialize(self, value: Any) -> str | None:
        if value is None:
            return None
        return super().serialize(value) if hasattr(value, "to_json") else to_json(value).decode()

    def deserialize(self, data: str | None, target_type: Any = None) -> Any:
        if target_type is RawPayload:
            return RawPayload(data or "null")
        if data and _is_contract(target_type):
            return _adapter(target_type).validate_json(data)
        return super().deserialize(data, target_type)

    def coerce(self, value: Any, target_type: Any = None) -> Any:
        if value is not None and _is_contract(target_type):
            return _adapter(target_type).validate_python(value)
        return super().coerce(value, target_type)

    def can_reconstruct(self, target_type: Any) -> bool:
        return target_type is RawPayload or _is_contract(target_type) or super().can_reconstruct(target_type)


def _is_contract(target_type: Any) -> bool:
    return isinstance(target_type, type) and issubclass(target_type, BaseModel)
