"""The arguments that tools share, with their limits and the descriptions that a model sees."""

from typing import Annotated

from pydantic import Field

from contracts.money import Money
from contracts.telemetry import CustomerId

CustomerIdArgument = Annotated[CustomerId, Field(description="The customer's id.")]
Days = Annotated[int, Field(ge=1, le=120, description="How many days back, 1 to 120.")]
Limit = Annotated[int, Field(ge=1, le=500, description="At most this many, newest or best first.")]
Query = Annotated[str, Field(min_length=1, max_length=200, description="What to look for.")]
Reason = Annotated[str, Field(min_length=1, max_length=2_000, description="Why, for the record.")]
IdempotencyKey = Annotated[
    str,
    Field(
        min_length=1,
        max_length=400,
        description="Names this effect: a repeated call with the same key returns the first result and does nothing.",
    ),
]
ChargeIds = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100)]],
    Field(min_length=1, max_length=200, description="The charges to refund, all or none; in full, but for `amounts`."),
]
PreviewedCharges = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=100)], ...],
    Field(max_length=200, description="The charges that would be refunded: what is left of each, but for `amounts`."),
]
RefundAmounts = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=100)], Annotated[int, Field(ge=1)]] | None,
    Field(
        max_length=200,
        description="By charge, how much of it to refund, in minor units of its currency: up to what is left of it.",
    ),
]
ExpectedTotal = Annotated[
    list[Money] | None,
    Field(
        min_length=1,
        max_length=20,
        description="What the charges must add up to, one amount per currency: otherwise nothing is refunded.",
    ),
]
LockKey = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=400,
        description="The idempotency key under which the lock was made that is reversed: only that one is, and the "
        "account stays locked as long as another stands. Needed when there are several.",
    ),
]
RefundKey = Annotated[
    str, Field(min_length=1, max_length=400, description="The idempotency key under which the refund was made.")
]
