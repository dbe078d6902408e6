"""Backends for the conformance suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.harness import Backend, ReferenceBackend, RunningScheduler, Wire


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[RunningScheduler]:
    running = RunningScheduler(tmp_path / "data")
    yield running
    running.stop()


@pytest.fixture
def wire(scheduler: RunningScheduler) -> Iterator[Wire]:
    connection = Wire(scheduler.address)
    yield connection
    connection.close()


@pytest.fixture(params=["scheduler", "oracle"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Both must pass: the SDK's own backend says what is right."""
    yield from _backend(request.param, tmp_path)


@pytest.fixture(
    params=[
        "scheduler",
        pytest.param("oracle", marks=pytest.mark.xfail(strict=True, reason="a weakness of the SDK's test backend")),
    ]
)
def better(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """The scheduler passes where the SDK's test backend fails."""
    yield from _backend(request.param, tmp_path)


def _backend(kind: str, tmp_path: Path) -> Iterator[Backend]:
    running: Backend = (
        RunningScheduler(tmp_path / "data", ping_seconds=0.5) if kind == "scheduler" else ReferenceBackend()
    )
    yield running
    running.stop()
