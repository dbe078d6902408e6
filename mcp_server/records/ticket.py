"""What a customer told support."""

from typing import Literal

from contracts.base import Contract, UtcDateTime
from contracts.telemetry import CustomerId

Topic = Literal[
    "travel", "new_device", "dispute", "sim_swap", "gift", "family_plan", "password", "billing", "network", "plan"
]


class Ticket(Contract):
    """One support ticket; `body` is the customer's own text."""

    ticket_id: str
    opened_at: UtcDateTime
    channel: Literal["chat", "phone", "email", "store"]
    subject: str
    body: str
    status: Literal["open", "closed"]
    topics: tuple[Topic, ...]


class Tickets(Contract):
    """Answer of `get_support_tickets`, newest first."""

    customer_id: CustomerId
    tickets: tuple[Ticket, ...]
