"""What of which charges a person approves to refund."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from contracts.assessment import RiskAssessment
from contracts.base import Contract
from contracts.money import Money

MAX_REFUNDS = 200
"""Charges of one approval: as many as the customer store refunds at once."""


class ChosenRefund(Contract):
    """A charge, and how much of it is to be given back."""

    charge_id: Annotated[str, Field(min_length=1, max_length=100)]
    amount: Money


ChosenRefunds = Annotated[tuple[ChosenRefund, ...], Field(max_length=MAX_REFUNDS)]


def total_of(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """What they add up to, one amount per currency in alphabetical order."""
    sums: dict[str, int] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, 0) + money.amount_minor
    return tuple(Money(amount_minor=sums[currency], currency=currency) for currency in sorted(sums))


def chosen_amounts(chosen: tuple[ChosenRefund, ...] | None) -> dict[str, int] | None:
    """What of each charge was chosen, in its minor units; None: all that is left of it."""
    return None if chosen is None else {each.charge_id: each.amount.amount_minor for each in chosen}


def approved_refund(
    assessment: RiskAssessment, chosen: tuple[ChosenRefund, ...] | None
) -> tuple[tuple[str, ...], tuple[Money, ...] | None]:
    """The charges to refund and their total: those chosen, or else all that the assessment names."""
    if chosen is None:
        return assessment.refund_charge_ids, assessment.refund_total
    return tuple(each.charge_id for each in chosen), total_of(each.amount for each in chosen)
