"""The costs of models, by day and by rule."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from contracts.base import Contract
from contracts.report import Spend


class ModelUse(Contract):
    """What one answer of a model cost, and who asked for it."""

    round: Annotated[int, Field(ge=1)]
    agent: str
    """`usage`, `location`, `billing` or `aggregator`."""
    model: str
    input_tokens: Annotated[int, Field(ge=0)]
    output_tokens: Annotated[int, Field(ge=0)]
    cost_usd: Annotated[Decimal, Field(ge=0)] | None
    """Null when the price of the model is not known."""


class DaySpend(Contract):
    """One UTC day."""

    day: date
    cases: int
    """In how many cases a model was asked."""
    spend: Spend


class RuleSpend(Contract):
    """All cases that one rule opened; null for cases of which no rule is known."""

    rule_id: str | None
    cases: int
    spend: Spend


class SpendReport(Contract):
    """What models cost from one UTC day to another, both included. Costs are those of models with a known price."""

    first: date
    last: date
    total: Spend
    unpriced_calls: int
    """Calls of models whose price is not known: they are in the tokens, and in no cost."""
    by_day: tuple[DaySpend, ...]
    by_rule: tuple[RuleSpend, ...]
