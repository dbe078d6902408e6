"""Where the scheduler is, and how the worker signs on."""

import pytest
from durabletask.testing import create_test_backend

from worker.adapters.scheduler import SchedulerAddress, SchedulerDown, open_worker, probe


@pytest.mark.parametrize(
    ("endpoint", "host", "secure"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", False),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080", False),
        ("http://scheduler", "scheduler:80", False),
        ("http://[::1]:8080", "[::1]:8080", False),
        ("https://desk.northeurope.durabletask.io", "desk.northeurope.durabletask.io:443", True),
        ("https://localhost:8443", "localhost:8443", True),
    ],
)
def test_an_endpoint_becomes_a_grpc_address(endpoint: str, host: str, secure: bool) -> None:
    assert SchedulerAddress.parse(endpoint) == SchedulerAddress(host, secure)


def test_only_a_scheduler_that_is_away_is_down(free_port: int) -> None:
    address = SchedulerAddress(f"127.0.0.1:{free_port}", secure=False)
    with pytest.raises(SchedulerDown):
        probe(address)

    backend = create_test_backend(port=free_port)
    try:
        probe(address)
    finally:
        backend.stop()


@pytest.mark.parametrize("threads", [8, 64])
def test_some_threads_are_kept_for_orchestrations(threads: int) -> None:
    options = open_worker(SchedulerAddress("127.0.0.1:9", secure=False), "default", threads).concurrency_options

    assert options.maximum_thread_pool_workers == threads
    kept = options.maximum_concurrent_orchestration_work_items
    assert kept >= 2
    assert options.maximum_concurrent_activity_work_items + kept == threads
