"""What a person is told of a dry run."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.effect import EffectOrder
from contracts.money import Money
from contracts.preview import EffectPreview, LeftOut, preview_sentence
from contracts.refunds import ChosenRefund

AT = datetime(2026, 3, 15, 13, 30, tzinfo=UTC)


def usd(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="USD")


def ordered(days: int, case: str | None = "case-x") -> EffectOrder:
    by = None if case is None else "ana"
    return EffectOrder(key="k", at=AT - timedelta(days=days), case_id=case, approved_by=by)


def refunds(*amounts: int) -> tuple[ChosenRefund, ...]:
    return tuple(ChosenRefund(charge_id=f"ch-{n}", amount=usd(amount)) for n, amount in enumerate(amounts))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"locks": True}, "Locks account 72."),
        ({}, "Changes nothing."),
        ({"refunds": refunds(1_00)}, "Refunds 1 charge, 1.00 USD."),
        (
            {
                "locks": True,
                "refunds": refunds(1_000_00, 900_00, 64_66),
                "left_out": (LeftOut(charge_id="ch-9", why="refunded", orders=(ordered(1),)),),
            },
            "Locks account 72 and refunds 3 charges, 1,964.66 USD; charge ch-9 was refunded yesterday by case-x, "
            "approved by ana and is left out.",
        ),
        (
            {"locks": True, "locked_by": (ordered(0), ordered(2, None))},
            "Keeps account 72 locked, which was locked today by case-x, approved by ana and on 2026-03-13 by an order "
            "of no case (under the key 'k').",
        ),
        ({"locks": True, "locked_by": ()}, "Keeps account 72 locked, which is locked already."),
        (
            {
                "left_out": (
                    LeftOut(charge_id="a", why="refunded"),
                    LeftOut(charge_id="b", why="part_refunded", rest=usd(5), orders=(ordered(0),)),
                    LeftOut(charge_id="c", why="disputed", rest=usd(5)),
                    LeftOut(charge_id="d", why="unknown"),
                )
            },
            "Refunds nothing; charge a was refunded already and is left out; of charge b only 0.05 USD are left, "
            "refunded in part today by case-x, approved by ana: it is left out; charge c is disputed and is left out; "
            "charge d is not a charge of the account and is left out.",
        ),
    ],
)
def test_dry_run_is_told_in_one_sentence(changes: dict[str, object], sentence: str) -> None:
    nothing = EffectPreview(customer_id=72, at=AT, locks=False, locked_by=None, refunds=(), left_out=())

    assert preview_sentence(nothing.model_copy(update=changes)) == sentence
