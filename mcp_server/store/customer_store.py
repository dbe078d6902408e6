"""The interface of every customer store. All of them run the same tests (tests/unit/mcp_server/store)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from pydantic import JsonValue

from contracts.base import Contract
from contracts.money import Money
from contracts.preview import EffectPreview
from mcp_server.records.article import Article
from mcp_server.records.billing import BillingSummary, Invoice
from mcp_server.records.charge import Charge
from mcp_server.records.customer import Customer, CustomerMatch
from mcp_server.records.effect import AccountEffects, EffectRow, LockResult, RefundResult, UnlockResult
from mcp_server.records.order import Order
from mcp_server.records.profile import TelemetryProfile
from mcp_server.records.security import SecurityEntry
from mcp_server.records.subscription import Subscription
from mcp_server.records.ticket import Ticket
from mcp_server.records.usage import UsageDay

ResultT = TypeVar("ResultT", bound=Contract)


class Ledger(Protocol):
    """What is checked before an order is written, in the same transaction."""

    def customer(self, customer_id: int) -> Customer:
        """The profile. Raises `CustomerNotFound`."""
        ...

    def row(self, idempotency_key: str) -> EffectRow | None:
        """What was done under this key, or None."""
        ...

    def first_about(self, tool: str, customer_id: int, argument: str, value: str) -> EffectRow | None:
        """The first write of `tool` on this customer whose `argument` has this value, or None."""
        ...

    def charge_again(self, refund_key: str, idempotency_key: str) -> None:
        """Count what was refunded under `refund_key` as charged again, by the order that is being written."""
        ...


class CustomerStore(Protocol):
    """Customers and their records, as they were at `as_of`, and the effects that were had on them since.

    Every method is synchronous, may be called from many threads at once, and sees only whole
    transactions. A method that takes a `customer_id` raises `CustomerNotFound` for an unknown one.

    Each write takes an idempotency key and happens together with its ledger row or not at all.
    The same key with the same arguments returns the first result with `replayed` true and
    changes nothing, however often and from however many threads it comes; the same key with
    other arguments raises `IdempotencyKeyReused`. Once a write has returned, it survives the
    loss of power.

    Reads are called on the server's event loop and so take milliseconds at most; writes, which wait
    for one another and for the disk, are called on threads.
    """

    def as_of(self) -> datetime:
        """The instant to which the records lead up: "recent" means shortly before it."""
        ...

    def recorded_until(self) -> datetime:
        """The instant up to which the security log and the charges show all that happened to the customers."""
        ...

    def customer(self, customer_id: int) -> Customer:
        """The profile, with the lock that may lie on the account."""
        ...

    def search_customers(self, query: str, limit: int) -> tuple[CustomerMatch, ...]:
        """Customers with this id, or whose name or e-mail address contains every word of `query`, by id.

        Case and accents do not matter.
        """
        ...

    def subscriptions(self, customer_id: int) -> tuple[Subscription, ...]:
        """All subscriptions, oldest first."""
        ...

    def billing_summary(self, customer_id: int) -> BillingSummary:
        """What is owed and spent, as `records.billing.summarise` defines it."""
        ...

    def invoices(self, customer_id: int, limit: int) -> tuple[Invoice, ...]:
        """The newest invoices with their payments, newest first."""
        ...

    def orders(self, customer_id: int, limit: int) -> tuple[Order, ...]:
        """The newest orders, newest first."""
        ...

    def data_usage(self, customer_id: int, days: int) -> tuple[UsageDay, ...]:
        """The last `days` whole days before `as_of`, oldest first."""
        ...

    def security_log(self, customer_id: int, days: int, limit: int) -> tuple[SecurityEntry, ...]:
        """The newest entries of the `days` before `as_of`, newest first."""
        ...

    def charges(self, customer_id: int, days: int) -> tuple[Charge, ...]:
        """All charges of the `days` before `as_of`, newest first."""
        ...

    def tickets(self, customer_id: int, limit: int) -> tuple[Ticket, ...]:
        """The newest support tickets, newest first."""
        ...

    def search_articles(self, query: str, limit: int) -> tuple[Article, ...]:
        """Articles of the knowledge base, ranked by `records.article.best_articles`."""
        ...

    def lock_account(self, customer_id: int, reason: str, idempotency_key: str) -> LockResult:
        """Lock the account. Locking a locked one succeeds: all orders are active, and the first gives the reason.

        The answer names those that were before it.
        """
        ...

    def unlock_account(
        self, customer_id: int, reason: str, idempotency_key: str, lock_key: str | None = None
    ) -> UnlockResult:
        """Reverse the lock that was ordered under `lock_key`. The account is unlocked when no other order is active.

        Raises `LockNotActive` when that order is not active. Without `lock_key` the only order is reversed:
        with several it raises `SeveralActiveLocks`, with none it is a success that changes nothing.
        """
        ...

    def refund_charges(
        self,
        customer_id: int,
        charge_ids: Iterable[str],
        reason: str,
        idempotency_key: str,
        expected_total: Iterable[Money] | None = None,
        amounts: Mapping[str, int] | None = None,
    ) -> RefundResult:
        """Refund all of these charges, or none. Order and repetition of the ids do not matter.

        `amounts`: what of a charge is refunded, in minor units of its currency; a charge that it does not name is
        refunded in full: all that is left of it. Whatever orders there are, no more is given back of a charge than it
        is. Raises `ChargeNotFound`, `ChargeAlreadyRefunded` with all charges of which less is left and who was first,
        and `RefundTotalChanged` when the amounts do not add up to `expected_total`, one amount per currency. That is a
        condition of the first call, and none of the arguments that a repeated one must have in common with it.
        """
        ...

    def record_order(
        self,
        tool: str,
        customer_id: int,
        arguments: dict[str, JsonValue],
        idempotency_key: str,
        result: type[ResultT],
        answer: Callable[[Ledger, datetime], ResultT],
    ) -> ResultT:
        """Write an order into the ledger, for those who carry it out; nothing else in the store changes.

        `answer` is the first result. It runs in the transaction of the order, and refuses it by what it raises.
        """
        ...

    def account_effects(self, customer_id: int) -> AccountEffects:
        """What orders have done to the account and its charges."""
        ...

    def preview(self, customer_id: int, *, lock: bool, wanted: Mapping[str, int | None]) -> EffectPreview:
        """What `lock_account` and `refund_charges` would do now; None: all that is left of a charge."""
        ...

    def effect(self, idempotency_key: str) -> EffectRow | None:
        """The ledger row of this key, or None when nothing was done under it."""
        ...

    def add_neutral_customers(self, customer_ids: Iterable[int]) -> int:
        """Add those that are unknown, with a neutral profile and no records. Returns how many were added."""
        ...

    def telemetry_profiles(self) -> Iterator[TelemetryProfile]:
        """What the telemetry simulator must know of each generated customer, by id."""
        ...

    def close(self) -> None:
        """Let go of files and connections. Nothing else may be called afterwards."""
        ...
