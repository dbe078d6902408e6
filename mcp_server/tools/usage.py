"""How much data the customer uses."""

from fastmcp import FastMCP

from mcp_server.records.subscription import monthly_cap_gb
from mcp_server.records.usage import DataUsage
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import CustomerIdArgument, Days
from mcp_server.tools.registration import add_read_tool


class UsageTools:
    """Daily data usage."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_read_tool(server, self.get_data_usage)

    def get_data_usage(self, customer_id: CustomerIdArgument, days: Days = 30) -> DataUsage:
        """A customer's mobile data per day in gigabytes, oldest first, with the mean and the cap per 30 days."""
        usage = self._store.data_usage(customer_id, days)
        return DataUsage(
            customer_id=customer_id,
            days=usage,
            average_gb=round(sum(day.gb for day in usage) / len(usage), 3) if usage else None,
            cap_gb=monthly_cap_gb(self._store.subscriptions(customer_id)),
        )
