"""What the customer subscribes to."""

from fastmcp import FastMCP

from mcp_server.records.subscription import Subscriptions
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import CustomerIdArgument
from mcp_server.tools.registration import add_read_tool


class SubscriptionTools:
    """Plans, caps and roaming packages."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_read_tool(server, self.get_subscriptions)
        add_read_tool(server, self.get_subscription_detail)

    def get_subscriptions(self, customer_id: CustomerIdArgument) -> Subscriptions:
        """A customer's plans and packages: fee, data cap per 30 days (null: unlimited), countries with roaming."""
        return Subscriptions(customer_id=customer_id, subscriptions=self._store.subscriptions(customer_id))

    def get_subscription_detail(self, customer_id: CustomerIdArgument) -> Subscriptions:
        """The same as `get_subscriptions`, under the name by which other systems ask for it."""
        return self.get_subscriptions(customer_id)
