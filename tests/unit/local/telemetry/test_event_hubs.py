"""The simulator sends to a hub: each customer in order on one partition, whatever happens to the hub meanwhile."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.telemetry import TelemetryEvent, telemetry_event
from local.telemetry.event_hubs import HubSender, produce_to_hub, sending_to
from local.telemetry.main import main
from local.telemetry.profiles import read_profiles
from local.telemetry.settings import NoHub, SimulatorSettings
from local.telemetry.simulator import Simulator
from runtime.backoff import Backoff, no_jitter
from runtime.cancellation import end
from runtime.event_hub_address import HubAddress
from tests.support.event_hubs import EventHubs

# The SDK leaves the socket of a connection that was broken by the hub to the garbage collector.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::ResourceWarning")]

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def hubs() -> AsyncGenerator[EventHubs]:
    async with EventHubs() as hubs:
        yield hubs
    gc.collect()


@pytest.fixture
def simulator(profiles_file: Path) -> Simulator:
    return Simulator(read_profiles(profiles_file), seed=1, start=NOW)


def address(hubs: EventHubs) -> HubAddress:
    return HubAddress(hubs.hub, connection_string=hubs.connection_string)


def stored_by_customer(hubs: EventHubs) -> dict[str, list[str]]:
    """The ids of each customer in the order of its partition, each where it came first."""
    found: dict[str, dict[str, None]] = {}
    for stored in hubs.events:
        found.setdefault(stored.partition_key, {})[telemetry_event.validate_json(stored.body).event_id] = None
    return {key: list(ids) for key, ids in found.items()}


def ids_by_customer(events: list[TelemetryEvent]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(str(event.customer_id), []).append(event.event_id)
    return found


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - the hub tells nobody what it keeps
            await asyncio.sleep(0.02)


async def test_events_of_a_customer_keep_their_order(hubs: EventHubs, simulator: Simulator) -> None:
    events = list(simulator.history())
    async with sending_to(address(hubs)) as sender:
        await sender.send(events)
    assert sender.sent == len(hubs.events) == len(events)
    assert stored_by_customer(hubs) == ids_by_customer(events)


async def test_hub_that_is_away_is_waited_for(hubs: EventHubs, simulator: Simulator) -> None:
    events = list(simulator.history())[:50]
    await hubs.stop()
    sender = HubSender(address(hubs), backoff=Backoff(0.05, 0.1, no_jitter))
    sending = asyncio.create_task(sender.send(events))
    await asyncio.sleep(0.5)
    assert not sending.done()
    await hubs.start()
    await sending
    await sender.close()
    assert stored_by_customer(hubs) == ids_by_customer(events)


async def test_broken_connection_loses_nothing(hubs: EventHubs, simulator: Simulator) -> None:
    events = list(simulator.history())[:200]
    fates = iter(["accept", "lose", "keep", "accept", "lose"])
    hubs.fate = lambda _: next(fates, "accept")  # type: ignore[return-value,arg-type]
    sender = HubSender(address(hubs), backoff=Backoff(0.01, 0.1, no_jitter))
    await sender.send(events)
    await sender.close()
    assert stored_by_customer(hubs) == ids_by_customer(events)


async def test_live_events_follow_the_history(hubs: EventHubs, simulator: Simulator) -> None:
    async with sending_to(address(hubs)) as sender:
        producing = asyncio.create_task(produce_to_hub(simulator, sender, interval=0, clock=lambda: NOW))
        await until(lambda: sender.sent > 1_000)
        await end(producing)
    assert len(hubs.events) >= 1_000


def test_half_a_hub_is_one_sentence(
    profiles_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EVENTHUB_TELEMETRY_NAMESPACE", raising=False)
    assert main(["--profiles", str(profiles_file), "--port", "0", "--to", "eventhubs", "--hub", "telemetry"]) == 1
    assert capsys.readouterr().err.startswith("The simulator cannot send to Event Hubs (give either a namespace")


def test_command_line_names_the_parts() -> None:
    settings = SimulatorSettings(eventhub_telemetry_name="one", eventhub_telemetry_namespace="a.example")
    assert settings.hub("two", None) == HubAddress("two", "a.example")
    with pytest.raises(NoHub):
        SimulatorSettings(eventhub_telemetry_name=None, eventhub_telemetry_namespace=None).hub(None, "a.example")
