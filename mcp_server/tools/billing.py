"""What the customer owes, spends and has paid."""

from datetime import datetime

from fastmcp import FastMCP
from pydantic import JsonValue

from mcp_server.records.billing import BillingSummary, Invoices
from mcp_server.records.charge import RecentCharges
from mcp_server.records.effect import RefundResult, RefundReversalResult
from mcp_server.store.customer_store import CustomerStore, Ledger
from mcp_server.store.errors import RefundAlreadyReversed, RefundNotFound
from mcp_server.tools.arguments import (
    ChargeIds,
    CustomerIdArgument,
    Days,
    ExpectedTotal,
    IdempotencyKey,
    Limit,
    Reason,
    RefundAmounts,
    RefundKey,
)
from mcp_server.tools.registration import add_read_tool, add_write_tool


class BillingTools:
    """Summary, invoices, charges and refunds. Amounts are integer minor units of the customer's currency."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_read_tool(server, self.get_billing_summary)
        add_read_tool(server, self.get_invoices)
        add_read_tool(server, self.get_recent_charges)
        add_write_tool(server, self.refund_charges)
        add_write_tool(server, self.record_refund_reversal)

    def get_billing_summary(self, customer_id: CustomerIdArgument) -> BillingSummary:
        """What a customer owes, has spent in 30 days, and spent on average in 30 days before those."""
        return self._store.billing_summary(customer_id)

    def get_invoices(self, customer_id: CustomerIdArgument, limit: Limit = 12) -> Invoices:
        """A customer's invoices and their payments, newest first."""
        return Invoices(customer_id=customer_id, invoices=self._store.invoices(customer_id, limit))

    def get_recent_charges(self, customer_id: CustomerIdArgument, days: Days = 30) -> RecentCharges:
        """Purchases charged to a customer: merchant, country, amount, ordering device or card present; newest first."""
        charges = self._store.charges(customer_id, days)
        return RecentCharges(customer_id=customer_id, as_of=self._store.recorded_until(), charges=charges)

    def refund_charges(
        self,
        customer_id: CustomerIdArgument,
        charge_ids: ChargeIds,
        reason: Reason,
        idempotency_key: IdempotencyKey,
        expected_total: ExpectedTotal = None,
        amounts: RefundAmounts = None,
    ) -> RefundResult:
        """Refund charges of a customer, in full or in part: all of them or, when one cannot be refunded, none."""
        return self._store.refund_charges(customer_id, charge_ids, reason, idempotency_key, expected_total, amounts)

    def record_refund_reversal(
        self, customer_id: CustomerIdArgument, refund_key: RefundKey, reason: Reason, idempotency_key: IdempotencyKey
    ) -> RefundReversalResult:
        """Reverse a refund, once: what it gave back is charged again, and may be refunded by a later order."""

        def record(ledger: Ledger, now: datetime) -> RefundReversalResult:
            ledger.customer(customer_id)
            refund = _refund_to_reverse(ledger, customer_id, refund_key)
            ledger.charge_again(refund_key, idempotency_key)
            return RefundReversalResult(
                customer_id=customer_id,
                refund_key=refund_key,
                charges=refund.refunded,
                amount_minor=refund.amount_minor,
                currency=refund.currency,
                recorded_at=now,
                reason=reason,
                idempotency_key=idempotency_key,
            )

        arguments: dict[str, JsonValue] = {"refund_key": refund_key, "reason": reason}
        tool, key = "record_refund_reversal", idempotency_key
        return self._store.record_order(tool, customer_id, arguments, key, RefundReversalResult, record)


def _refund_to_reverse(ledger: Ledger, customer_id: int, refund_key: str) -> RefundResult:
    """What was refunded under this key. The ledger itself tells whether that has been reversed."""
    refund = ledger.row(refund_key)
    if refund is None or (refund.action, refund.customer_id) != ("refund_charges", customer_id):
        raise RefundNotFound(refund_key, customer_id)
    earlier = ledger.first_about("record_refund_reversal", customer_id, "refund_key", refund_key)
    if earlier is not None:
        raise RefundAlreadyReversed(refund_key, earlier.at, earlier.idempotency_key)
    return RefundResult.model_validate(refund.result)
