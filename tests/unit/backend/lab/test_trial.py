"""A trial reads as live ingestion does, and its result says what was counted and what was not."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from backend.detection import RuleVersion
from backend.ingest import IngestService, ReplaySource, StreamSource
from backend.ingest.source import TelemetrySource
from backend.lab.history import HistoryUnavailable, StreamHistory
from backend.lab.trial import Trial, TrialRun
from backend.services.rule_books import DEFAULTS, content_of, trial_book, understood
from contracts.alert import Alert
from contracts.back_tests import BackTestResult
from contracts.detection_rules import StoredRules, Suppression
from contracts.telemetry import TelemetryEvent
from tests.support.stack import free_ports
from tests.support.week import week_of_events, write_recording
from tests.unit.backend.detection.events import at
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

LATENESS = timedelta(seconds=5)
NOTHING_SET = StoredRules(revision=0, rules=(), snoozes=(), suppressions=())
RULE = "auth_failures"


def draft(**parameters: float) -> RuleVersion:
    base = content_of(DEFAULTS[RULE])
    return understood(RULE, 2, base.model_copy(update={"parameters": {**base.parameters, **parameters}}))


async def tried(
    sources: Sequence[TelemetrySource],
    version: RuleVersion = DEFAULTS[RULE],
    stored: StoredRules = NOTHING_SET,
    counted_from: datetime | None = None,
    labelled: frozenset[str] | None = None,
) -> BackTestResult:
    trial = Trial(
        sources=sources,
        rules=trial_book(stored, DEFAULTS[RULE], version),
        compared_with=1,
        version=version.version,
        lateness=LATENESS,
        counted_from=counted_from,
        labelled=labelled,
    )
    run = TrialRun(trial)
    async with run.service:
        await run.service.wait_finished()
    (report,) = run.service.report().sources
    if report.error is not None:
        raise HistoryUnavailable(report.error)
    return run.result({})


async def live(*files: Path) -> list[Alert]:
    opened: list[Alert] = []

    async def open_alert(alert: Alert) -> None:
        opened.append(alert)

    service = IngestService(
        sources=[ReplaySource(files)], open_alert=open_alert, on_telemetry=lambda _: None, lateness=LATENESS
    )
    async with service:
        await service.wait_finished()
    return [alert for alert in opened if alert.rule_id == RULE]


@pytest.fixture(scope="module")
def events() -> list[TelemetryEvent]:
    return week_of_events(customers=12)


async def test_disorder_and_duplicates_change_nothing(tmp_path: Path, events: list[TelemetryEvent]) -> None:
    random, shaken = Random(7), list(events)
    for at_ in range(0, len(shaken) - 1, 9):
        if shaken[at_ + 1].occurred_at - shaken[at_].occurred_at < LATENESS:
            shaken[at_], shaken[at_ + 1] = shaken[at_ + 1], shaken[at_]
    again = [event for event in shaken for _ in range(1 + (random.random() < 0.1))]
    file = write_recording(tmp_path / "shaken.jsonl.gz", again)
    alerts = await live(file)
    result = await tried([ReplaySource([file])])
    assert {each.alert_id for each in result.kept.items} == {alert.alert_id for alert in alerts}
    assert (result.total.gained, result.total.lost) == (0, 0)
    assert result.total.kept == len(alerts) > 5


async def test_milder_version_gains_and_stricter_loses(tmp_path: Path, events: list[TelemetryEvent]) -> None:
    file = write_recording(tmp_path / "week.jsonl", events)
    milder, stricter = (
        await tried([ReplaySource([file])], draft(min_failures=4)),
        await tried([ReplaySource([file])], draft(min_failures=12)),
    )
    assert milder.total.gained > 0
    assert stricter.total.lost > 0
    assert milder.total.before == stricter.total.before
    assert milder.after_digest != milder.before_digest == stricter.before_digest


async def test_suppressed_customers_count_on_neither_side(tmp_path: Path, events: list[TelemetryEvent]) -> None:
    file = write_recording(tmp_path / "week.jsonl", events)
    everybody = await tried([ReplaySource([file])])
    loudest = everybody.customers[0].customer_id
    test_account = Suppression(kind="customer", value=str(loudest), reason="A test.", added_by="maria", added_at=NOON)
    rest = await tried([ReplaySource([file])], stored=NOTHING_SET.model_copy(update={"suppressions": (test_account,)}))
    assert loudest not in {each.customer_id for each in rest.customers}
    assert rest.total.kept == everybody.total.kept - everybody.customers[0].kept


async def test_what_was_skipped_is_said(tmp_path: Path, events: list[TelemetryEvent]) -> None:
    file = write_recording(tmp_path / "week.jsonl", events[:100])
    file.write_bytes(b"nonsense\n" + file.read_bytes())
    result = await tried([ReplaySource([file])], labelled=frozenset({"elsewhere"}))
    assert (result.events, result.skipped) == (100, 1)
    assert result.notes[0].startswith("1 pieces of input were skipped, as in live ingestion. First: line 1, ")
    assert result.notes[1] == "None of the labelled events is in the recording: check that the labels are of this one."


async def test_source_that_does_not_reach_back_is_said(tmp_path: Path, events: list[TelemetryEvent]) -> None:
    file = write_recording(tmp_path / "week.jsonl", events)
    early = await tried([ReplaySource([file])], counted_from=at(days=-3))
    assert early.notes == (
        "The source holds telemetry from 2026-03-02 12:00 UTC on only: what was before it is not in this result.",
    )
    late = await tried([ReplaySource([file])], counted_from=at(days=4))
    assert late.notes == ()
    assert 0 < late.total.kept < early.total.kept
    assert all(each.raised_at >= at(days=4) for each in late.kept.items)
    assert late.events == early.events


@pytest.fixture
async def stream(events: list[TelemetryEvent]) -> AsyncGenerator[str]:
    """A server that gives this week from its beginning, and then waits for more that never comes."""
    ended = asyncio.Event()
    lines = "".join(
        f'{{"offset": {number}, "event": {event.model_dump_json()}}}\n' for number, event in enumerate(events)
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
        writer.write(lines.encode())
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/events"
    ended.set()
    server.close()
    await server.wait_closed()


async def test_stream_is_read_from_its_beginning_to_now(
    stream: str, tmp_path: Path, events: list[TelemetryEvent]
) -> None:
    recorded = await tried([ReplaySource([write_recording(tmp_path / "week.jsonl", events)])])
    whole = await tried([StreamHistory(StreamSource(stream), at(days=100), idle_s=3.0)])
    assert whole.before_digest == recorded.before_digest
    assert whole.events == len(events)
    half = await tried([StreamHistory(StreamSource(stream), at(days=3), idle_s=3.0)])
    assert 0 < half.events < len(events)


async def test_stream_that_is_away_is_one_sentence() -> None:
    (port,) = free_ports(1)
    source = StreamSource(f"http://127.0.0.1:{port}/events")
    with pytest.raises(HistoryUnavailable, match=r"gives no telemetry: "):
        await tried([StreamHistory(source, at(), idle_s=3.0)])
