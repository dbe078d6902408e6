"""One backend and one worker for the orchestration tests of a module. What they speed up is as it was afterwards."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest
from durabletask import task
from durabletask.client import TaskHubGrpcClient
from durabletask.testing import create_test_backend
from durabletask.worker import TaskHubGrpcWorker

from tests.support.ports import free_port
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.lab import CONVERTER, AsItIs, Lab, register
from worker.orchestrations import activity_stubs, reconciliation


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One backend and worker for all tests of a module; a case of its own for each."""
    port = free_port()
    backend = create_test_backend(port=port)
    address = f"localhost:{port}"
    scripts: dict[str, CaseScript] = {}
    quickly = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=5), max_number_of_attempts=3)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for policy in ("RECORDING", "THINKING", "ACTING", "SENDING", "REMINDING"):
                patch.setattr(activity_stubs, policy, quickly)
            patch.setattr(reconciliation, "FIRST_WAIT", timedelta(milliseconds=20))
            with TaskHubGrpcWorker(host_address=address, data_converter=CONVERTER) as worker:
                register(worker, scripts)
                worker.start()
                with (
                    TaskHubGrpcClient(host_address=address, data_converter=CONVERTER) as client,
                    TaskHubGrpcClient(host_address=address, data_converter=AsItIs()) as rude_client,
                ):
                    yield Lab(client, rude_client, scripts, itertools.count(1))
    finally:
        backend.stop()
