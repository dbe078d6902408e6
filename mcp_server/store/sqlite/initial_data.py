"""How a generated dataset is written into a new store."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contracts.base import Contract
from mcp_server.records.bundle import Dataset
from mcp_server.records.customer import Customer
from mcp_server.store.sqlite.locks import note_recorded_locks
from mcp_server.store.sqlite.rows import insert, to_row
from mcp_server.text import folded


def fill(connection: sqlite3.Connection, dataset: Dataset) -> None:
    """Write all of `dataset`; the caller owns the transaction."""
    customers = dataset.customers
    head = dataset.model_dump(mode="json", include={"as_of", "seed"})
    insert(connection, "dataset", [{"only_row": 1, **head}])
    insert(connection, "article", [to_row(article) for article in dataset.articles])
    insert(connection, "customer", [customer_row(records.customer) for records in customers])
    note_recorded_locks(connection)
    tables: Mapping[str, Iterable[tuple[Customer, Sequence[Contract]]]] = {
        "subscription": [(records.customer, records.subscriptions) for records in customers],
        "invoice": [(records.customer, records.invoices) for records in customers],
        "charge": [(records.customer, records.charges) for records in customers],
        "customer_order": [(records.customer, records.orders) for records in customers],
        "usage_day": [(records.customer, records.usage) for records in customers],
        "security_entry": [(records.customer, records.security) for records in customers],
        "ticket": [(records.customer, records.tickets) for records in customers],
    }
    for table, owned in tables.items():
        rows = ({"customer_id": owner.customer_id, **to_row(record)} for owner, records in owned for record in records)
        insert(connection, table, rows)
    # What the records call refunded is given back, by no order.
    connection.execute("UPDATE charge SET refunded_minor = amount_minor WHERE status = 'refunded'")
    profiles = [records.telemetry for records in customers if records.telemetry]
    insert(
        connection,
        "telemetry_profile",
        [{"customer_id": profile.customer_id, "profile": profile.model_dump_json()} for profile in profiles],
    )


def customer_row(customer: Customer) -> dict[str, Any]:
    """The row of `customer`, with the text that a search looks into."""
    return to_row(customer) | {"search_text": folded(f"{customer.name} {customer.email}")}
