"""Goods that a customer ordered. Every order has its charge."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract, UtcDateTime
from contracts.telemetry import CountryCode, CustomerId
from mcp_server.records.customer import CurrencyCode


class Order(Contract):
    """One order; `charge_id` names the charge that pays for it."""

    order_id: str
    ordered_at: UtcDateTime
    item: str
    amount_minor: Annotated[int, Field(gt=0)]
    currency: CurrencyCode
    ship_to_country: CountryCode
    device_id: str | None
    status: Literal["processing", "shipped", "delivered"]
    charge_id: str


class Orders(Contract):
    """Answer of `get_orders`, newest first."""

    customer_id: CustomerId
    orders: tuple[Order, ...]
