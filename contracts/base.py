"""The base of every contract: immutable, without unknown fields, without NaN."""

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue


class Contract(BaseModel):
    """Base of everything that crosses a process boundary or enters an orchestration history.

    Frozen, refuses unknown fields, and refuses infinities and NaN, so that what one process
    wrote is what another reads. Unequal models never serialise to equal JSON.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        # What is written always names every field, so a reader's generated types need not doubt any.
        json_schema_serialization_defaults_required=True,
    )


def added_later() -> Any:
    """The default of a field that releases before did not write: None, and then left out of JSON and of hashes.

    What lies in open cases and in the log was written and hashed without it, and must read and hash the same
    for ever. Such a field is always `X | None`. Release 1.0 has none; the replay tests show one.
    """
    return Field(default=None, exclude_if=_is_none)


def _is_none(value: object) -> bool:
    return value is None


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies in the years 1 to 9999 of UTC") from None


UtcDateTime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""A point in time. Input needs an offset; it is kept in UTC and written as ISO 8601."""


def _to_finite(value: JsonValue) -> JsonValue:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a JSON value holds only finite numbers")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _to_finite(part)
    return value


# pydantic's own JsonValue lets NaN and infinities through when it reads JSON text, whatever `allow_inf_nan` says.
FiniteJson = Annotated[JsonValue, AfterValidator(_to_finite)]
"""Any JSON value: what a tool, an event or another system says in its own words."""

Score = Annotated[float, Field(ge=0.0, le=1.0)]
"""A risk score: 0 is harmless, 1 is certain fraud. Finite."""

NonEmptyText = Annotated[str, Field(min_length=1, max_length=4_000)]
"""Text that a person wrote or will read."""
