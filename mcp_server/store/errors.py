"""The errors of a customer store, each as one exact sentence.

StoreError
├── StoreUnusable           the file, folder or schema is no good: nothing works until a person mends it
├── StoreUnavailable        the store cannot be read or written right now: the same call may work later
└── Refused                 this call is refused and nothing was changed
    ├── CustomerNotFound
    ├── ChargeNotFound
    ├── ChargeAlreadyRefunded
    ├── RefundTotalChanged
    ├── LockNotActive
    ├── SeveralActiveLocks
    ├── RefundNotFound
    ├── RefundAlreadyReversed
    └── IdempotencyKeyReused
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.effect import EffectOrder
from contracts.money import in_major_units, written


class StoreError(Exception):
    """Base of everything that a customer store raises; the message is one sentence for a person."""


class StoreUnusable(StoreError):
    """The store cannot be opened or created at all."""


class StoreUnavailable(StoreError):
    """Locked for too long, disk full or the like. A write that failed so may be repeated under the same key."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The customer store is not available ({reason}): try again, under the same idempotency key.")


class Refused(StoreError):
    """The call was refused and nothing was changed."""


class CustomerNotFound(Refused):
    def __init__(self, customer_id: int) -> None:
        super().__init__(f"Customer {customer_id} is not in the customer store: check the id or search by name.")


class ChargeNotFound(Refused):
    """The charge does not exist, or belongs to somebody else: the sentence does not say which."""

    def __init__(self, charge_id: str, customer_id: int) -> None:
        super().__init__(
            f"Charge {charge_id} is not a charge of customer {customer_id}: nothing was refunded, check the charge ids."
        )


@dataclass(frozen=True)
class SpentCharge:
    """A charge of which less is left than is to be given back."""

    charge_id: str
    amount_minor: int
    rest_minor: int
    currency: str
    orders: tuple[EffectOrder, ...]
    """What gave it back, oldest first; empty: the records themselves say so."""

    @property
    def sentence(self) -> str:
        """What was given back of it, when, and for whom; without the stop."""
        by = " and at ".join(order.spoken for order in self.orders)
        when = f"at {by}" if by else "before the records begin"
        if not self.rest_minor:
            return f"Charge {self.charge_id} was already refunded {when}"
        given = _amount(self.amount_minor - self.rest_minor, self.currency)
        left, whole = _amount(self.rest_minor, self.currency), _amount(self.amount_minor, self.currency)
        return f"Of the {whole} of charge {self.charge_id}, {given} were refunded {when}, and {left} are left"


class ChargeAlreadyRefunded(Refused):
    """Of one or more charges less is left than is to be given back: it names all of them, and who was first."""

    def __init__(self, charges: Sequence[SpentCharge]) -> None:
        self.charges = tuple(charges)
        said = ". ".join(charge.sentence for charge in charges)
        what = "leave it out" if len(charges) == 1 else "leave them out"
        rest = ", or refund what is left" if any(charge.rest_minor for charge in charges) else ""
        super().__init__(f"{said}: nothing was refunded, {what}{rest}.")


class RefundTotalChanged(Refused):
    """The charges add up to another sum than the approved one."""

    def __init__(self, found: Mapping[str, int], expected: Mapping[str, int]) -> None:
        super().__init__(
            f"The charges add up to {_amounts(found)}, not to {_amounts(expected)} as expected: nothing was refunded, "
            "look at the charges and decide again."
        )


class LockNotActive(Refused):
    """The lock that is to be reversed does not lie on the account, or no longer does."""

    def __init__(self, customer_id: int, lock_key: str, active: Sequence[str]) -> None:
        others = f", others are ({_listed(active)})" if active else ""
        super().__init__(
            f"No lock under the key '{lock_key}' is on the account of customer {customer_id}{others}: "
            "there is nothing to reverse and nothing was changed."
        )


class SeveralActiveLocks(Refused):
    """The account was locked more than once, and the caller does not say which order is reversed."""

    def __init__(self, customer_id: int, active: Sequence[str]) -> None:
        super().__init__(
            f"The account of customer {customer_id} is locked under several keys ({_listed(active)}): "
            "nothing was changed, name one as lock_key."
        )


class RefundNotFound(Refused):
    def __init__(self, refund_key: str, customer_id: int) -> None:
        super().__init__(
            f"No refund was made to customer {customer_id} under the key '{refund_key}': "
            "nothing was recorded, check the key."
        )


class RefundAlreadyReversed(Refused):
    def __init__(self, refund_key: str, reversed_at: datetime, reversed_by: str) -> None:
        super().__init__(
            f"The refund '{refund_key}' was already reversed at {reversed_at:%Y-%m-%dT%H:%M:%SZ} under the key "
            f"'{reversed_by}': nothing was recorded."
        )


class IdempotencyKeyReused(Refused):
    def __init__(self, idempotency_key: str, action: str) -> None:
        super().__init__(
            f"The idempotency key '{idempotency_key}' was already used for {action} with other arguments: "
            "nothing was changed, use a new key for a new action."
        )


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys)


def _amounts(sums: Mapping[str, int]) -> str:
    return " and ".join(_amount(amount, currency) for currency, amount in sums.items()) or "nothing"


def _amount(amount_minor: int, currency: str) -> str:
    return written(in_major_units(amount_minor, currency), currency)
