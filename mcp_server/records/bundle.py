"""All records that a store is seeded with."""

from datetime import datetime

from contracts.base import Contract, UtcDateTime
from mcp_server.records.article import Article
from mcp_server.records.billing import Invoice
from mcp_server.records.charge import Charge
from mcp_server.records.customer import Customer
from mcp_server.records.order import Order
from mcp_server.records.profile import TelemetryProfile
from mcp_server.records.security import SecurityEntry
from mcp_server.records.subscription import Subscription
from mcp_server.records.ticket import Ticket
from mcp_server.records.usage import UsageDay


class CustomerRecords(Contract):
    """All records of one customer; `telemetry` is null for a neutral one."""

    customer: Customer
    subscriptions: tuple[Subscription, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    orders: tuple[Order, ...] = ()
    charges: tuple[Charge, ...] = ()
    usage: tuple[UsageDay, ...] = ()
    security: tuple[SecurityEntry, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    telemetry: TelemetryProfile | None = None


class Dataset(Contract):
    """The generated company at `as_of`: every date in it is relative to that instant."""

    as_of: UtcDateTime
    seed: int
    customers: tuple[CustomerRecords, ...]
    articles: tuple[Article, ...]


def neutral_customer(customer_id: int, as_of: datetime) -> Customer:
    """The profile of a customer that only a recording knows: nothing is claimed to be usual for them."""
    return Customer(
        customer_id=customer_id,
        name=f"Customer {customer_id}",
        email=f"customer-{customer_id}@recorded.example",
        segment="unknown",
        customer_since=as_of.date(),
        currency="USD",
        profile="neutral",
    )
