"""Invoices and payments that follow from the fees and the charges of each billing period."""

from datetime import date, timedelta
from itertools import pairwise

from mcp_server.contoso.draft import Draft
from mcp_server.records.billing import Invoice, Payment

INVOICES = 3
DUE_AFTER_DAYS = 14


def invoice(draft: Draft) -> tuple[Invoice, ...]:
    """The invoices of the last three whole billing periods, oldest first."""
    issue_dates = [draft.as_of.date().replace(day=draft.person.billing_day)]
    if issue_dates[0] > draft.as_of.date():
        issue_dates[0] = _a_month_before(issue_dates[0])
    while len(issue_dates) <= INVOICES:
        issue_dates.append(_a_month_before(issue_dates[-1]))
    issue_dates.reverse()
    periods = pairwise(issue_dates)
    return tuple(_one(draft, number, start, end) for number, (start, end) in enumerate(periods, start=1))


def _one(draft: Draft, number: int, period_start: date, issued_on: date) -> Invoice:
    invoice_id = f"inv-{draft.person.customer_id:04}-{number}"
    fees = sum(line.monthly_fee_minor for line in draft.subscriptions if line.started_on < issued_on)
    charges = sum(charge.amount_minor for charge in draft.charges if period_start <= charge.at.date() < issued_on)
    due_on = issued_on + timedelta(days=DUE_AFTER_DAYS)
    payments = _payments(draft, invoice_id, number, fees + charges, issued_on, due_on)
    unpaid = "overdue" if due_on < draft.as_of.date() else "open"
    return Invoice(
        invoice_id=invoice_id,
        period_start=period_start,
        issued_on=issued_on,
        due_on=due_on,
        fees_minor=fees,
        charges_minor=charges,
        amount_minor=fees + charges,
        currency=draft.person.country.currency,
        status="paid" if payments else unpaid,
        payments=payments,
    )


def _payments(
    draft: Draft, invoice_id: str, number: int, amount_minor: int, issued_on: date, due_on: date
) -> tuple[Payment, ...]:
    """One payment of the whole amount, if it has been made by `as_of`."""
    if not draft.pays_invoices and number > 1:
        return ()
    autopay = draft.person.autopay
    paid_on = due_on if autopay else issued_on + timedelta(days=draft.chance.randint(3, DUE_AFTER_DAYS))
    if paid_on >= draft.as_of.date():
        return ()
    payment = Payment(
        payment_id=invoice_id.replace("inv-", "pay-"),
        paid_on=paid_on,
        amount_minor=amount_minor,
        method="direct_debit" if autopay else draft.chance.choice(("card", "bank_transfer")),
    )
    return (payment,)


def _a_month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=day.day)
