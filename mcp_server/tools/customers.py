"""Who the customer is."""

from fastmcp import FastMCP

from mcp_server.records.customer import Customer, CustomerMatches
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import CustomerIdArgument, Limit, Query
from mcp_server.tools.registration import add_read_tool


class CustomerTools:
    """Look-up and search."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_read_tool(server, self.get_customer)
        add_read_tool(server, self.search_customers)
        add_read_tool(server, self.get_customer_detail)

    def get_customer(self, customer_id: CustomerIdArgument) -> Customer:
        """A customer's profile: name, home, usual countries and devices, usual spending and data use, account status.

        Fields that are null are not known: a `neutral` profile says nothing about what is usual.
        """
        return self._store.customer(customer_id)

    def get_customer_detail(self, customer_id: CustomerIdArgument) -> Customer:
        """The same as `get_customer`, under the name by which other systems ask for it."""
        return self.get_customer(customer_id)

    def search_customers(self, query: Query, limit: Limit = 10) -> CustomerMatches:
        """Find customers by id, or by words of their name or e-mail address."""
        return CustomerMatches(query=query, customers=self._store.search_customers(query, limit))
