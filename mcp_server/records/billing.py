"""Invoices, their payments, and the summary of both."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract
from contracts.telemetry import CustomerId
from mcp_server.records.charge import Charge
from mcp_server.records.customer import CurrencyCode, Customer

RECENT_DAYS = 30
COMPARED_MONTHS = 3


class Payment(Contract):
    """Money received for one invoice."""

    payment_id: str
    paid_on: date
    amount_minor: Annotated[int, Field(gt=0)]
    method: Literal["card", "direct_debit", "bank_transfer"]


class Invoice(Contract):
    """Plan fees and purchases from `period_start` up to, but not including, `issued_on`."""

    invoice_id: str
    period_start: date
    issued_on: date
    due_on: date
    fees_minor: Annotated[int, Field(ge=0)]
    charges_minor: Annotated[int, Field(ge=0)]
    amount_minor: Annotated[int, Field(ge=0)]
    """`fees_minor` + `charges_minor`."""
    currency: CurrencyCode
    status: Literal["open", "paid", "overdue"]
    payments: tuple[Payment, ...] = ()


class Invoices(Contract):
    """Answer of `get_invoices`, newest first."""

    customer_id: CustomerId
    invoices: tuple[Invoice, ...]


class BillingSummary(Contract):
    """Answer of `get_billing_summary`; amounts in minor units of `currency`."""

    customer_id: CustomerId
    currency: CurrencyCode
    balance_minor: int
    """Invoiced and unpaid, less refunds; below zero the customer is owed money."""
    overdue_invoices: int
    spend_last_30_days_minor: int
    """Purchases of the last 30 days, without plan fees and refunded charges."""
    average_monthly_spend_minor: int
    """The same per 30 days, over the 90 days before those."""
    autopay: bool


def summarise(
    customer: Customer, invoices: Iterable[Invoice], charges: Iterable[Charge], as_of: datetime
) -> BillingSummary:
    """The billing summary at `as_of`; the same for every kind of store."""
    unpaid = overdue = refunded = recent = earlier = 0
    for invoice in invoices:
        unpaid += invoice.amount_minor - sum(payment.amount_minor for payment in invoice.payments)
        overdue += invoice.status == "overdue"
    recent_from = as_of - timedelta(days=RECENT_DAYS)
    earlier_from = recent_from - timedelta(days=RECENT_DAYS * COMPARED_MONTHS)
    for charge in charges:
        kept = charge.rest_minor
        refunded += charge.amount_minor - kept
        if charge.at >= recent_from:
            recent += kept
        elif charge.at >= earlier_from:
            earlier += kept
    return BillingSummary(
        customer_id=customer.customer_id,
        currency=customer.currency,
        balance_minor=unpaid - refunded,
        overdue_invoices=overdue,
        spend_last_30_days_minor=recent,
        average_monthly_spend_minor=round(earlier / COMPARED_MONTHS),
        autopay=customer.autopay,
    )
