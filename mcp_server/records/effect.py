"""The effects of write tools, and their ledger."""

from pydantic import JsonValue

from contracts.base import Contract, UtcDateTime, added_later
from contracts.telemetry import CustomerId
from mcp_server.records.customer import AccountStatus, CurrencyCode


class EffectRow(Contract):
    """One row of the effect ledger, written in the same transaction as the effect itself."""

    idempotency_key: str
    action: str
    """The write tool that did it."""
    customer_id: CustomerId
    arguments: dict[str, JsonValue]
    result: dict[str, JsonValue]
    """The first result, as it was given."""
    at: UtcDateTime


class ActiveLock(Contract):
    """One order to lock an account that has not been reversed: `idempotency_key` is that of `lock_account`."""

    idempotency_key: str
    reason: str
    locked_at: UtcDateTime


class LockResult(Contract):
    """Answer of `lock_account`. `already_locked`: the account was locked before, and its first reason remains."""

    customer_id: CustomerId
    status: AccountStatus
    locked_at: UtcDateTime
    lock_reason: str
    already_locked: bool
    idempotency_key: str
    also_locked_by: tuple[ActiveLock, ...] | None = added_later()
    """The orders that had locked it before, oldest first; left out where there was none."""
    replayed: bool = False


class UnlockResult(Contract):
    """Answer of `unlock_account`. `already_active`: there was no lock to take off.

    `still_locked_by`: the lock orders that are still active, oldest first; with any, `status` is `locked`.
    """

    customer_id: CustomerId
    status: AccountStatus
    unlocked_at: UtcDateTime
    reason: str
    already_active: bool
    idempotency_key: str
    still_locked_by: tuple[ActiveLock, ...] = ()
    replayed: bool = False


class RefundedCharge(Contract):
    """What a refund gave back of one charge."""

    charge_id: str
    amount_minor: int
    currency: CurrencyCode
    rest_minor: int | None = added_later()
    """What can still be given back of the charge; left out where that is nothing."""


class RefundResult(Contract):
    """Answer of `refund_charges`; `amount_minor` is the sum over `refunded`."""

    customer_id: CustomerId
    refunded: tuple[RefundedCharge, ...]
    amount_minor: int
    currency: CurrencyCode
    refunded_at: UtcDateTime
    reason: str
    idempotency_key: str
    replayed: bool = False


class RefundReversalResult(Contract):
    """Answer of `record_refund_reversal`: the refund that is reversed, as the ledger shows it.

    The order to charge the customer again: from then on the charges count as charged, and may be refunded once more.
    """

    customer_id: CustomerId
    refund_key: str
    charges: tuple[RefundedCharge, ...]
    amount_minor: int
    currency: CurrencyCode
    recorded_at: UtcDateTime
    reason: str
    idempotency_key: str
    replayed: bool = False


class ChargeRefund(Contract):
    """What one order gave back of one charge. `idempotency_key` and `reason` are those of `refund_charges`."""

    charge_id: str
    amount_minor: int
    currency: CurrencyCode
    idempotency_key: str
    reason: str
    refunded_at: UtcDateTime
    reversed_at: UtcDateTime | None = None
    """When it was ordered to charge this again; null: it stands."""


class AccountEffects(Contract):
    """Answer of `get_account_effects`: what orders have done to an account and its charges, oldest first."""

    customer_id: CustomerId
    status: AccountStatus
    locks: tuple[ActiveLock, ...]
    """The orders that keep the account locked."""
    refunds: tuple[ChargeRefund, ...]
