"""What the customer told support."""

from fastmcp import FastMCP

from mcp_server.records.ticket import Tickets
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import CustomerIdArgument, Limit
from mcp_server.tools.registration import add_read_tool


class TicketTools:
    """Support tickets."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_read_tool(server, self.get_support_tickets)

    def get_support_tickets(self, customer_id: CustomerIdArgument, limit: Limit = 10) -> Tickets:
        """A customer's support tickets with their topics, newest first. The body is the customer's own text."""
        return Tickets(customer_id=customer_id, tickets=self._store.tickets(customer_id, limit))
