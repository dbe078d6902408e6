"""Every kind of customer store runs the suite in `test_customer_store.py`: add new ones to `params`."""

import pytest

from mcp_server.store.customer_store import CustomerStore
from mcp_server.store.sqlite.store import SqliteCustomerStore


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, sqlite_store: SqliteCustomerStore) -> CustomerStore:
    stores: dict[str, CustomerStore] = {"sqlite": sqlite_store}
    return stores[request.param]
