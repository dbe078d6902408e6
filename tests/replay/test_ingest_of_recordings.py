"""The recordings through the whole of ingest, as `scripts/up --replay` plays them."""

import gzip
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from backend.ingest import IngestService, ReplaySource
from contracts.alert import Alert
from contracts.telemetry import TelemetryEvent
from tests.replay.recordings import alerts_of, events_of, needs_recordings, one_process, recording

pytestmark = [needs_recordings, one_process, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def replay(*files: Path) -> tuple[IngestService, list[Alert], list[TelemetryEvent]]:
    """Everything played: the service, the alerts that it opened and the events that it showed."""
    opened: list[Alert] = []
    seen: list[TelemetryEvent] = []

    async def open_alert(alert: Alert) -> None:
        opened.append(alert)

    service = IngestService(sources=[ReplaySource(files)], open_alert=open_alert, on_telemetry=seen.append)
    async with service:
        await service.wait_finished()
    return service, opened, seen


@pytest.mark.slow
async def test_two_recordings_play_as_one_in_order_of_time() -> None:
    service, opened, seen = await replay(recording("data_usage"), recording("logins"))

    report = service.report()
    assert report.finished
    assert report.malformed == 0
    assert report.events == len(seen) == len(events_of("data_usage")) + len(events_of("logins"))
    assert all(one.occurred_at <= other.occurred_at for one, other in pairwise(seen))
    assert opened == [*alerts_of("data_usage"), *alerts_of("logins")]
    assert report.alerts == Counter(alert.rule_id for alert in opened)


async def test_a_damaged_copy_loses_only_its_damaged_lines(tmp_path: Path) -> None:
    with gzip.open(recording("logins")) as file:
        lines = file.readlines()
    for number in range(99, len(lines), 100):
        lines[number] = lines[number][: len(lines[number]) // 2] + b"\n"
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_bytes(b"".join(lines))

    service, opened, _ = await replay(damaged)

    (source,) = service.report().sources
    assert (source.state, source.malformed) == ("finished", 12)
    assert [detail.line for detail in source.malformed_details] == list(range(100, 1_201, 100))
    assert {alert.rule_id for alert in opened} == {"auth_failures", "impossible_travel"}
