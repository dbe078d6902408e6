"""The key of an approved effect: which order of its case it is. Pure: no database, no clock.

A key makes a repeated order the same one, whatever round repeats it; so an order keeps its key until it is done. A
later approval of what is done is another order only where something can be left to do.
"""

from typing import NamedTuple

from contracts.actions import REFUNDS
from contracts.ids import effect_key


class LastOrder(NamedTuple):
    """The newest order of its action in a case."""

    number: int
    """How many there are with it."""
    key: str
    is_done: bool
    done_for: str | None = None
    """The review whose approval it was done for."""
    is_reversed: bool = False


def order_key(case_id: str, action: str, customer_id: int | None, review_id: str, last: LastOrder | None) -> str:
    """The key under which what was approved on the review is done.

    What is not done goes on under the key under which it was begun. What is done is not done again for the same
    approval, and a lock not while it lasts. A later approval of a refund is about other charges, or other parts.
    """
    target = str(customer_id)
    if last is None:
        return effect_key(case_id, action, target)
    lasts = action not in REFUNDS and not last.is_reversed
    if not last.is_done or last.done_for == review_id or lasts:
        return last.key
    return effect_key(case_id, action, target, last.number + 1)
