"""What the customer ordered."""

from fastmcp import FastMCP

from mcp_server.records.order import Orders
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import CustomerIdArgument, Limit
from mcp_server.tools.registration import add_read_tool


class OrderTools:
    """Orders of goods."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_read_tool(server, self.get_orders)

    def get_orders(self, customer_id: CustomerIdArgument, limit: Limit = 20) -> Orders:
        """A customer's orders: item, amount, country shipped to, ordering device; newest first."""
        return Orders(customer_id=customer_id, orders=self._store.orders(customer_id, limit))
