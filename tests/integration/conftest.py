from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.stack import LocalStack


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.integration)
            if "stack" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group("stack"))  # one process of pytest, so one stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    """The whole product without telemetry, shared by the tests that need no state of their own."""
    with LocalStack(tmp_path_factory.mktemp("stack") / "data", "--no-simulator") as running:
        yield running
