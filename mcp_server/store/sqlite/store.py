"""The customer store in one SQLite file."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue

from contracts.base import Contract
from contracts.effect import read_order
from contracts.hashing import canonical_json
from contracts.money import Money
from contracts.preview import EffectPreview
from mcp_server.records.article import Article, best_articles
from mcp_server.records.billing import BillingSummary, Invoice, summarise
from mcp_server.records.bundle import Dataset, neutral_customer
from mcp_server.records.charge import Charge
from mcp_server.records.customer import Customer, CustomerMatch
from mcp_server.records.effect import (
    AccountEffects,
    EffectRow,
    LockResult,
    RefundResult,
    UnlockResult,
)
from mcp_server.records.order import Order
from mcp_server.records.profile import TelemetryProfile
from mcp_server.records.security import SecurityEntry
from mcp_server.records.subscription import Subscription
from mcp_server.records.ticket import Ticket
from mcp_server.records.usage import UsageDay
from mcp_server.store.customer_store import Ledger
from mcp_server.store.errors import CustomerNotFound, IdempotencyKeyReused
from mcp_server.store.sqlite.database import Database, nothing
from mcp_server.store.sqlite.initial_data import customer_row, fill
from mcp_server.store.sqlite.locks import active_locks, add_lock, reverse_lock
from mcp_server.store.sqlite.refunds import charge_again, give_back, preview_refunds, refunds_of_customer
from mcp_server.store.sqlite.rows import insert, instant_text, select
from mcp_server.text import folded

RecordT = TypeVar("RecordT", bound=Contract)
ResultT = TypeVar("ResultT", bound=Contract)


def utc_now() -> datetime:
    """The clock of this machine, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


class SqliteCustomerStore:
    """A `CustomerStore` in the file `path`; where there is none, it is made from what `dataset` returns.

    Raises `StoreUnusable` when the file cannot be opened or made. `clock` dates the effects.
    `before_commit` and `after_commit` run around every commit of a write, for tests that crash there.
    """

    def __init__(
        self,
        path: Path,
        dataset: Callable[[], Dataset],
        *,
        clock: Callable[[], datetime] = utc_now,
        before_commit: Callable[[], None] = nothing,
        after_commit: Callable[[], None] = nothing,
    ) -> None:
        self._clock = clock
        self._database = Database(
            path,
            lambda connection: fill(connection, dataset()),
            before_commit=before_commit,
            after_commit=after_commit,
        )
        with self._database.read() as connection:
            (text,) = connection.execute("SELECT as_of FROM dataset").fetchone()
        self._as_of = datetime.fromisoformat(text)

    def close(self) -> None:
        self._database.close()

    # Reading

    def as_of(self) -> datetime:
        return self._as_of

    def recorded_until(self) -> datetime:
        # Nothing happens to invented customers but what was invented.
        return max(self._as_of, self._clock())

    def customer(self, customer_id: int) -> Customer:
        with self._database.read() as connection:
            return _customer(connection, customer_id)

    def search_customers(self, query: str, limit: int) -> tuple[CustomerMatch, ...]:
        words = folded(query).split()
        if not words:
            return ()
        by_text = " AND ".join(["instr(search_text, ?) > 0"] * len(words))
        by_id = int(query) if query.strip().isdecimal() and len(query) < 17 else 0
        tail = f"WHERE ({by_text}) OR customer_id = ? ORDER BY customer_id <> ?, customer_id LIMIT ?"
        with self._database.read() as connection:
            return select(connection, CustomerMatch, "customer", tail, (*words, by_id, by_id, limit))

    def subscriptions(self, customer_id: int) -> tuple[Subscription, ...]:
        return self._owned(Subscription, "subscription", customer_id, "ORDER BY started_on, subscription_id")

    def billing_summary(self, customer_id: int) -> BillingSummary:
        owned = "WHERE customer_id = ?"
        with self._database.read() as connection:
            customer = _customer(connection, customer_id)
            invoices = select(connection, Invoice, "invoice", owned, (customer_id,))
            charges = select(connection, Charge, "charge", owned, (customer_id,))
        return summarise(customer, invoices, charges, self._as_of)

    def invoices(self, customer_id: int, limit: int) -> tuple[Invoice, ...]:
        return self._owned(Invoice, "invoice", customer_id, "ORDER BY issued_on DESC LIMIT ?", limit)

    def orders(self, customer_id: int, limit: int) -> tuple[Order, ...]:
        tail = "ORDER BY ordered_at DESC, order_id DESC LIMIT ?"
        return self._owned(Order, "customer_order", customer_id, tail, limit)

    def data_usage(self, customer_id: int, days: int) -> tuple[UsageDay, ...]:
        first = self._as_of.date() - timedelta(days=days)
        return self._owned(UsageDay, "usage_day", customer_id, "AND day >= ? ORDER BY day", first.isoformat())

    def security_log(self, customer_id: int, days: int, limit: int) -> tuple[SecurityEntry, ...]:
        tail = "AND at >= ? ORDER BY at DESC, entry_id DESC LIMIT ?"
        return self._owned(SecurityEntry, "security_entry", customer_id, tail, self._days_ago(days), limit)

    def charges(self, customer_id: int, days: int) -> tuple[Charge, ...]:
        tail = "AND at >= ? ORDER BY at DESC, charge_id DESC"
        return self._owned(Charge, "charge", customer_id, tail, self._days_ago(days))

    def tickets(self, customer_id: int, limit: int) -> tuple[Ticket, ...]:
        return self._owned(Ticket, "ticket", customer_id, "ORDER BY opened_at DESC, ticket_id DESC LIMIT ?", limit)

    def search_articles(self, query: str, limit: int) -> tuple[Article, ...]:
        with self._database.read() as connection:
            articles = select(connection, Article, "article", "ORDER BY article_id", ())
        return best_articles(query, articles, limit)

    def effect(self, idempotency_key: str) -> EffectRow | None:
        with self._database.read() as connection:
            return _ledger_row(connection, idempotency_key)

    def account_effects(self, customer_id: int) -> AccountEffects:
        with self._database.read() as connection:
            return AccountEffects(
                customer_id=customer_id,
                status=_customer(connection, customer_id).status,
                locks=active_locks(connection, customer_id),
                refunds=refunds_of_customer(connection, customer_id),
            )

    def preview(self, customer_id: int, *, lock: bool, wanted: Mapping[str, int | None]) -> EffectPreview:
        with self._database.read() as connection:
            _customer(connection, customer_id)
            locks = active_locks(connection, customer_id)
            orders = tuple(read_order(each.idempotency_key, each.locked_at, each.reason) for each in locks)
            refunds, left_out = preview_refunds(connection, customer_id, wanted)
            return EffectPreview(
                customer_id=customer_id,
                at=self._clock(),
                locks=lock,
                locked_by=orders or None,
                refunds=refunds,
                left_out=left_out,
            )

    def telemetry_profiles(self) -> Iterator[TelemetryProfile]:
        with self._database.read() as connection:
            texts = connection.execute("SELECT profile FROM telemetry_profile ORDER BY customer_id").fetchall()
        return (TelemetryProfile.model_validate_json(text) for (text,) in texts)

    # Writing

    def lock_account(self, customer_id: int, reason: str, idempotency_key: str) -> LockResult:
        def lock(connection: sqlite3.Connection, now: datetime) -> LockResult:
            customer = _customer(connection, customer_id)
            before = active_locks(connection, customer_id)
            add_lock(connection, customer_id, reason, idempotency_key, now)
            return LockResult(
                customer_id=customer_id,
                status="locked",
                locked_at=customer.locked_at or now,
                lock_reason=customer.lock_reason or reason,
                already_locked=customer.status == "locked",
                idempotency_key=idempotency_key,
                also_locked_by=before or None,
            )

        return self._once("lock_account", customer_id, {"reason": reason}, idempotency_key, LockResult, lock)

    def unlock_account(
        self, customer_id: int, reason: str, idempotency_key: str, lock_key: str | None = None
    ) -> UnlockResult:
        def unlock(connection: sqlite3.Connection, now: datetime) -> UnlockResult:
            customer = _customer(connection, customer_id)
            remaining = reverse_lock(connection, customer_id, lock_key)
            return UnlockResult(
                customer_id=customer_id,
                status="locked" if remaining else "active",
                unlocked_at=now,
                reason=reason,
                already_active=customer.status == "active",
                idempotency_key=idempotency_key,
                still_locked_by=remaining,
            )

        arguments: dict[str, JsonValue] = {"reason": reason}
        if lock_key is not None:
            arguments["lock_key"] = lock_key
        return self._once("unlock_account", customer_id, arguments, idempotency_key, UnlockResult, unlock)

    def refund_charges(
        self,
        customer_id: int,
        charge_ids: Iterable[str],
        reason: str,
        idempotency_key: str,
        expected_total: Iterable[Money] | None = None,
        amounts: Mapping[str, int] | None = None,
    ) -> RefundResult:
        given: Mapping[str, int] = amounts or {}
        wanted = sorted(set(charge_ids) | set(given))
        parts = {charge_id: given.get(charge_id) for charge_id in wanted}
        expected = None if expected_total is None else tuple(expected_total)

        def refund(connection: sqlite3.Connection, now: datetime) -> RefundResult:
            customer = _customer(connection, customer_id)
            refunded = give_back(connection, customer_id, parts, idempotency_key, now, expected)
            return RefundResult(
                customer_id=customer_id,
                refunded=refunded,
                amount_minor=sum(charge.amount_minor for charge in refunded),
                currency=customer.currency,
                refunded_at=now,
                reason=reason,
                idempotency_key=idempotency_key,
            )

        arguments: dict[str, JsonValue] = {"charge_ids": list[JsonValue](wanted), "reason": reason}
        if amounts is not None:
            arguments["amounts"] = dict[str, JsonValue](amounts)
        return self._once("refund_charges", customer_id, arguments, idempotency_key, RefundResult, refund)

    def record_order(
        self,
        tool: str,
        customer_id: int,
        arguments: dict[str, JsonValue],
        idempotency_key: str,
        result: type[ResultT],
        answer: Callable[[Ledger, datetime], ResultT],
    ) -> ResultT:
        def record(connection: sqlite3.Connection, now: datetime) -> ResultT:
            return answer(_SqliteLedger(connection), now)

        return self._once(tool, customer_id, arguments, idempotency_key, result, record)

    def add_neutral_customers(self, customer_ids: Iterable[int]) -> int:
        with self._database.write() as connection:
            known = {row[0] for row in connection.execute("SELECT customer_id FROM customer")}
            unknown = sorted(set(customer_ids) - known)
            rows = [customer_row(neutral_customer(customer_id, self._as_of)) for customer_id in unknown]
            return insert(connection, "customer", rows)

    def _once(
        self,
        action: str,
        customer_id: int,
        arguments: dict[str, JsonValue],
        idempotency_key: str,
        result_type: type[ResultT],
        effect: Callable[[sqlite3.Connection, datetime], ResultT],
    ) -> ResultT:
        """Do `effect` and write its ledger row, or return what it gave the first time."""
        with self._database.write() as connection:
            earlier = _ledger_row(connection, idempotency_key)
            if earlier is None:
                now = self._clock().replace(microsecond=0)
                result = effect(connection, now)
                row = {
                    "idempotency_key": idempotency_key,
                    "action": action,
                    "customer_id": customer_id,
                    "arguments": canonical_json(arguments),
                    "result": result.model_dump_json(),
                    "at": instant_text(now),
                }
                insert(connection, "effect", [row])
                return result
        if (earlier.action, earlier.customer_id) != (action, customer_id) or not _same(earlier.arguments, arguments):
            raise IdempotencyKeyReused(idempotency_key, earlier.action)
        return result_type.model_validate(earlier.result | {"replayed": True})

    def _owned(
        self, record: type[RecordT], table: str, customer_id: int, tail: str, *parameters: str | int
    ) -> tuple[RecordT, ...]:
        with self._database.read() as connection:
            if connection.execute("SELECT 1 FROM customer WHERE customer_id = ?", (customer_id,)).fetchone() is None:
                raise CustomerNotFound(customer_id)
            return select(connection, record, table, f"WHERE customer_id = ? {tail}", (customer_id, *parameters))

    def _days_ago(self, days: int) -> str:
        return instant_text(self._as_of - timedelta(days=days))


def _same(earlier: dict[str, JsonValue], arguments: dict[str, JsonValue]) -> bool:
    """Whether a call is the one of the ledger, also when that is of a time when no unlocking named its lock."""
    return earlier in (arguments, {name: value for name, value in arguments.items() if name != "lock_key"})


def _customer(connection: sqlite3.Connection, customer_id: int) -> Customer:
    found = select(connection, Customer, "customer", "WHERE customer_id = ?", (customer_id,))
    if not found:
        raise CustomerNotFound(customer_id)
    return found[0]


class _SqliteLedger:
    """The `Ledger` as one transaction sees it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def customer(self, customer_id: int) -> Customer:
        return _customer(self._connection, customer_id)

    def row(self, idempotency_key: str) -> EffectRow | None:
        return _ledger_row(self._connection, idempotency_key)

    def first_about(self, tool: str, customer_id: int, argument: str, value: str) -> EffectRow | None:
        found = self._connection.execute(
            "SELECT idempotency_key FROM effect WHERE action = ? AND customer_id = ? "
            "AND json_extract(arguments, ?) = ? ORDER BY rowid LIMIT 1",
            (tool, customer_id, f"$.{argument}", value),
        ).fetchone()
        return None if found is None else self.row(found[0])

    def charge_again(self, refund_key: str, idempotency_key: str) -> None:
        charge_again(self._connection, refund_key, idempotency_key)


def _ledger_row(connection: sqlite3.Connection, idempotency_key: str) -> EffectRow | None:
    row = connection.execute(
        "SELECT action, customer_id, arguments, result, at FROM effect WHERE idempotency_key = ?", (idempotency_key,)
    ).fetchone()
    if row is None:
        return None
    action, customer_id, arguments, result, at = row
    return EffectRow(
        idempotency_key=idempotency_key,
        action=action,
        customer_id=customer_id,
        arguments=json.loads(arguments),
        result=json.loads(result),
        at=datetime.fromisoformat(at),
    )
