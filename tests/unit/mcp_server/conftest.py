"""One generated Contoso for all tests, and a fresh copy of its store for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastmcp import FastMCP

from mcp_server.contoso.generator import generate
from mcp_server.records.bundle import Dataset
from mcp_server.server import build_server
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.support.tool_access import OPEN
from tests.unit.mcp_server.support import AS_OF, NOW, SEED


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return generate(SEED, AS_OF)


@pytest.fixture(scope="session")
def store_template(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished store file, made once, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "customers.db"
    SqliteCustomerStore(path, lambda: dataset).close()
    return path


@pytest.fixture
def store_path(store_template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(store_template, tmp_path / "customers.db"))


@pytest.fixture
def sqlite_store(store_path: Path, dataset: Dataset) -> Iterator[SqliteCustomerStore]:
    store = SqliteCustomerStore(store_path, lambda: dataset, clock=lambda: NOW)
    yield store
    store.close()


@pytest.fixture
def server(sqlite_store: SqliteCustomerStore) -> FastMCP:
    return build_server(sqlite_store, OPEN)
