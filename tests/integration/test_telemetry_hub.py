"""Two processes of the ingest share a hub; when one is killed, the other goes on, and every alert has one case."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.dead_letters_api import DeadLettersApi
from casebook.queries.telemetry_dead_letters import LetterQuery
from casebook.workspace_api import WorkspaceApi
from contracts.telemetry_dead_letters import LetterChoice
from tests.support.blob_store import BlobServer
from tests.support.event_hubs import EventHubs
from tests.support.stack import ROOT, STOP_TIMEOUT_S, free_ports
from tests.unit.local.telemetry.conftest import customers

# The SDK leaves the socket of a connection that was broken by the hub to the garbage collector.
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.xdist_group("azurite"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PATIENCE_S = 240.0
ATTACK = 7
"""Failed logins that raise an alert."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def blobs() -> Generator[BlobServer]:
    with BlobServer() as server:
        yield server


@pytest.fixture
async def hubs() -> AsyncGenerator[EventHubs]:
    async with EventHubs(hub="telemetry") as hubs:
        yield hubs
    gc.collect()


@dataclass
class Ingest:
    """One process, and its health port."""

    process: asyncio.subprocess.Process
    url: str

    async def metrics(self) -> dict[str, float]:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            text = (await client.get(f"{self.url}/metrics")).text
        return {
            "/".join([sample.name, *sorted(sample.labels.values())]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def owned(self) -> int:
        return int((await self.metrics()).get("casewright_source_partitions/event hub telemetry", 0))

    async def is_ready(self) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
                return (await client.get(f"{self.url}/ready")).status_code == 200
        except httpx.HTTPError:
            return False


@asynccontextmanager
async def ingest(casebook: str, hubs: EventHubs, blobs: BlobServer) -> AsyncGenerator[Ingest]:
    (port,) = free_ports(1)
    env = {
        **os.environ,
        "CASEBOOK_URL": casebook,
        "ALERT_JOIN_HOURS": "0",
        "EVENT_PRODUCER_ENABLED": "false",
        "INGEST_HEALTH_PORT": str(port),
        "EVENTHUB_TELEMETRY_NAME": hubs.hub,
        "EVENTHUB_TELEMETRY_CONNECTION_STRING": hubs.connection_string,
        "EVENTHUB_TELEMETRY_BALANCE_SECONDS": "0.5",
        "EVENTHUB_CHECKPOINT_CONNECTION_STRING": blobs.connection_string,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "backend.ingest", cwd=ROOT, env=env)
    try:
        yield Ingest(process, f"http://127.0.0.1:{port}")
    finally:
        if process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S) in (0, -9)


async def until(condition: Callable[[], object]) -> None:
    """Until it is true, or what it awaits is."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.1)


def attack(hubs: EventHubs, customers: range) -> None:
    """Enough failed logins of each customer, each to the partition of the customer, and each message twice."""
    # All within one minute: behind the end of a rule's period the same customer would alert again.
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=4)
    for second in range(ATTACK):
        for customer in customers:
            event = {
                "event_id": f"e-{customer}-{second}",
                "customer_id": customer,
                "occurred_at": (start + timedelta(seconds=second)).isoformat(),
                "kind": "auth_failure",
                "attributes": {"ip": f"192.0.2.{customer}"},  # from one address it would be spraying, too
            }
            for _ in range(2):
                hubs.send(json.dumps(event).encode(), key=str(customer))


@asynccontextmanager
async def simulator(profiles: Path, hubs: EventHubs) -> AsyncGenerator[None]:
    env = {**os.environ, "EVENTHUB_TELEMETRY_CONNECTION_STRING": hubs.connection_string}
    arguments = ("--profiles", str(profiles), "--port", "0", "--interval", "0", "--to", "eventhubs", "--hub", hubs.hub)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local.telemetry", *arguments, cwd=ROOT, env=env
    )
    try:
        yield
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S) == 0


async def test_simulated_fraud_becomes_cases_through_the_hub(
    tmp_path: Path, hubs: EventHubs, blobs: BlobServer
) -> None:
    profiles = tmp_path / "profiles.jsonl"
    profiles.write_text("".join(json.dumps(each) + "\n" for each in customers()))
    url = f"sqlite:///{tmp_path / 'casebook.db'}"
    engine = open_engine(url)
    upgrade(engine)
    workspace = WorkspaceApi(Transactions(engine))
    async with simulator(profiles, hubs), ingest(url, hubs, blobs):
        await until(lambda: sum(workspace.count_states().values()) >= 3)
    assert {event.partition_key for event in hubs.events} <= {str(number) for number in range(1, 10)}
    engine.dispose()


async def test_killed_process_is_replaced_and_alerts_count_once(
    tmp_path: Path, hubs: EventHubs, blobs: BlobServer
) -> None:
    url = f"sqlite:///{tmp_path / 'casebook.db'}"
    engine = open_engine(url)
    upgrade(engine)
    transactions = Transactions(engine)
    letters, workspace = DeadLettersApi(transactions), WorkspaceApi(transactions)

    def cases() -> int:
        return sum(workspace.count_states().values())

    async with ingest(url, hubs, blobs) as one, ingest(url, hubs, blobs) as two:
        await until(one.is_ready)
        await until(two.is_ready)

        async def are_shared() -> bool:
            return await one.owned() == await two.owned() == 2

        await until(are_shared)
        attack(hubs, range(1, 21))
        hubs.send(b"nonsense", partition=0)
        await until(lambda: cases() == 20)
        await until(lambda: len(letters.list_letters(LetterQuery()).items) == 1)

        one.process.kill()
        await one.process.wait()
        attack(hubs, range(21, 41))
        await until(lambda: cases() == 40)

        async def has_all() -> bool:
            return await two.owned() == 4

        await until(has_all)
        letters.request_retry(LetterChoice(), "maria")
        await until(lambda: letters.list_letters(LetterQuery()).items[0].state == "failed_again")

        async def has_read_all() -> bool:
            return (await two.metrics())["casewright_source_behind/0/event hub telemetry"] == 0

        # What was judged is read again from the last checkpoint.
        await until(has_read_all)
    alerts = workspace.list_alerts(limit=500).items
    assert sorted(each.alert.customer_id for each in alerts) == list(range(1, 41))
    engine.dispose()
