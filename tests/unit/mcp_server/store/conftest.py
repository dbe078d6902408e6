"""Every kind of customer store runs the suite in `test_store_*.py`: add new ones to `params`."""

import pytest

from mcp_server.records.bundle import CustomerRecords, Dataset
from mcp_server.store.customer_store import CustomerStore
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.unit.mcp_server.store.accounts import SOMEBODY


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, sqlite_store: SqliteCustomerStore) -> CustomerStore:
    stores: dict[str, CustomerStore] = {"sqlite": sqlite_store}
    return stores[request.param]


@pytest.fixture
def records(dataset: Dataset) -> CustomerRecords:
    return dataset.customers[SOMEBODY - 1]


@pytest.fixture
def charge_ids(records: CustomerRecords) -> list[str]:
    return [charge.charge_id for charge in records.charges[:3]]
