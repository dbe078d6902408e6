"""Several processes, or connections, that give back the charges of one store file at the same time."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path

import pytest

from mcp_server.records.bundle import Dataset
from mcp_server.store.errors import ChargeAlreadyRefunded
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.unit.mcp_server.support import ROOT

TIMES = 200
REFUNDS = """
import json, sys
from pathlib import Path
from mcp_server.store.errors import ChargeAlreadyRefunded
from mcp_server.store.sqlite.store import SqliteCustomerStore

path, case, part = sys.argv[1:]
store, given = SqliteCustomerStore(Path(path), lambda: None), []
print("ready", flush=True)
for customer, charge, amount in json.loads(sys.stdin.readline()):
    try:
        amounts = {charge: amount // 2 + 1} if part == "part" else None
        store.refund_charges(customer, [charge], f"{case}: approved by ana", f"{case}:{charge}", None, amounts)
        given.append(charge)
    except ChargeAlreadyRefunded:
        pass
print(json.dumps(given))
"""


@pytest.fixture
def charges(dataset: Dataset) -> list[tuple[int, str, int]]:
    """Of many customers, with their amounts."""
    every = (
        (records.customer.customer_id, charge.charge_id, charge.amount_minor)
        for records in dataset.customers
        for charge in records.charges
        if charge.status == "posted"
    )
    return list(islice(every, TIMES))


def test_two_connections_refund_each_charge_once(
    store_path: Path, dataset: Dataset, charges: list[tuple[int, str, int]]
) -> None:
    ready = threading.Barrier(2)

    def refund(store: SqliteCustomerStore, case: str) -> set[str]:
        given: set[str] = set()
        for customer, charge, _ in charges:
            ready.wait(60)
            try:
                store.refund_charges(customer, [charge], f"{case}: approved by ana", f"{case}:{charge}")
                given.add(charge)
            except ChargeAlreadyRefunded as refusal:
                (spent,) = refusal.charges
                assert [order.approved_by for order in spent.orders] == ["ana"]
        return given

    with ExitStack() as stack, ThreadPoolExecutor(2) as people:
        stores = [stack.enter_context(closing(SqliteCustomerStore(store_path, lambda: dataset))) for _ in range(2)]
        first, second = people.map(refund, stores, ("case-1", "case-2"))

    assert (first & second, len(first | second)) == (set(), TIMES)


@pytest.mark.integration
@pytest.mark.parametrize("part", ["whole", "part"])
def test_two_processes_refund_each_charge_once(
    store_path: Path, charges: list[tuple[int, str, int]], part: str
) -> None:
    command = [sys.executable, "-c", REFUNDS, str(store_path)]
    with ExitStack() as stack:
        pair = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, case, part], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            )
            for case in ("case-1", "case-2")
        ]
        for process in pair:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in pair:
            assert process.stdin is not None
            process.stdin.write(json.dumps(charges) + "\n")
            process.stdin.flush()
        first, second = (set(json.loads(process.communicate(timeout=120)[0])) for process in pair)

    assert (first & second, len(first | second)) == (set(), TIMES)
