"""Every source is read, every alert is opened, and the report says what happened."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from backend.ingest import IngestService, MalformedLine, TelemetrySource
from contracts.alert import Alert
from contracts.telemetry import AuthFailureAttributes, TelemetryEvent
from runtime.backoff import Backoff, no_jitter
from tests.unit.backend.ingest.lines import FakeTime, ListSource, event

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 3, tzinfo=UTC)
ATTACK = [event(second) for second in range(10)]
"""Seven failed logins raise an alert; three more belong to it."""


class FakeCases:
    """Opens alerts, or fails so many times first."""

    def __init__(self, *, failures: int = 0, error: Exception | None = None) -> None:
        self.opened: list[str] = []
        self.attempts = 0
        self._failures = failures
        self._error = error or TimeoutError("the casebook is busy")

    async def open_alert(self, alert: Alert) -> None:
        self.attempts += 1
        if self.attempts <= self._failures:
            raise self._error
        self.opened.append(alert.alert_id)


class BrokenSource(ListSource):
    async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
        yield event(0, customer=99)
        raise RuntimeError("a fault in the program")


class IdUnusable(Exception):
    pass


def ignore(_: TelemetryEvent) -> None:
    pass


def service(cases: FakeCases, *sources: TelemetrySource, time: FakeTime | None = None) -> IngestService:
    time = time or FakeTime()
    return IngestService(
        sources=sources,
        open_alert=cases.open_alert,
        on_telemetry=ignore,
        gives_up_on=(IdUnusable,),
        now=lambda: NOW,
        monotonic=time.monotonic,
        sleep=time.sleep,
        backoff=Backoff(0.1, 5.0, no_jitter),
    )


async def test_every_alert_of_every_source_is_opened() -> None:
    cases = FakeCases()
    other = [event(second, customer=8) for second in range(10)]
    async with service(cases, ListSource(ATTACK), ListSource(other, source="live")) as ingest:
        await ingest.wait_finished()
    assert sorted(cases.opened) == ["auth_failures-7-20260302t120000z", "auth_failures-8-20260302t120000z"]


async def test_huge_optional_attributes_cost_neither_event_nor_alert() -> None:
    opened: list[Alert] = []

    async def open_alert(alert: Alert) -> None:
        opened.append(alert)

    huge = [
        each.model_copy(
            update={"attributes": AuthFailureAttributes.model_validate({"ip": "192.0.2.1", "blob": "x" * 900_000})}
        )
        for each in ATTACK
    ]
    async with IngestService(sources=[ListSource(huge)], open_alert=open_alert, on_telemetry=ignore) as ingest:
        await ingest.wait_finished()

    (alert,) = opened
    assert len(alert.trigger_events) == 7
    assert {event.trimmed for event in alert.trigger_events} == {
        "1 optional attribute was left out: the attributes took 900,083 bytes."
    }


async def test_every_event_is_shown_before_its_alert_is_opened() -> None:
    order: list[str] = []

    async def open_alert(alert: Alert) -> None:
        order.append(alert.rule_id)

    ingest = IngestService(
        sources=[ListSource(ATTACK)],
        open_alert=open_alert,
        on_telemetry=lambda telemetry: order.append(telemetry.event_id),
    )
    async with ingest:
        await ingest.wait_finished()
    expected = [each.event_id for each in ATTACK]
    assert order == [*expected[:7], "auth_failures", *expected[7:]]


async def test_the_report_counts_what_happened() -> None:
    bad = [MalformedLine(file="a.jsonl", line=number, reason="no event") for number in range(1, 31)]
    time = FakeTime()

    class Timed(ListSource):
        async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
            async for reading in super().read():
                time.now += 0.125
                yield reading

    async with service(FakeCases(), Timed([*ATTACK, *bad], name="recording"), time=time) as ingest:
        await ingest.wait_finished()
        time.now += 1_000
        report = ingest.report()
    (source,) = report.sources
    assert (report.events, report.malformed, report.finished, report.started_at) == (10, 30, True, NOW)
    assert report.alerts == source.alerts == {"auth_failures": 1}
    assert (source.name, source.alert_source, source.state) == ("recording", "replay", "finished")
    assert source.malformed_details == tuple(bad[:20])
    assert source.events_per_second == 2.0
    assert (source.error, source.waiting_for, source.refused) == (None, None, 0)


async def test_dead_letters_and_mended_events_are_counted_by_kind() -> None:
    early = MalformedLine(file="a", line=1, reason="lies before 1990", kind="from_the_far_past")
    late = MalformedLine(file="a", line=2, reason="lies ahead", kind="from_the_future")
    one, other = ListSource([early, late, *ATTACK, late]), ListSource([late])
    one.mended = {"amount_rounded": 2, "leap_second": 1}
    other.mended = {"amount_rounded": 1}
    async with service(FakeCases(), one, other) as ingest:
        await ingest.wait_finished()
        report = ingest.report()

    assert (report.events, report.malformed, report.alerts) == (10, 0, {"auth_failures": 1})
    assert report.dead_letters == {"from_the_far_past": 1, "from_the_future": 3}
    assert report.mended == {"amount_rounded": 3, "leap_second": 1}
    assert report.sources[0].dead_letters == {"from_the_far_past": 1, "from_the_future": 2}
    assert report.sources[0].malformed_details == (early, late, late)


async def test_nothing_is_reported_before_the_start() -> None:
    report = service(FakeCases(), ListSource(ATTACK)).report()
    assert (report.started_at, report.finished, report.sources) == (None, False, ())


async def test_without_sources_there_is_nothing_to_finish() -> None:
    async with service(FakeCases()) as ingest:
        await ingest.wait_finished()
        assert not ingest.report().finished


async def test_unopened_alert_is_retried_with_growing_pauses() -> None:
    cases, time = FakeCases(failures=8), FakeTime()
    async with service(cases, ListSource(ATTACK), time=time) as ingest:
        await ingest.wait_finished()
        report = ingest.report()
    assert cases.opened == ["auth_failures-7-20260302t120000z"]
    assert time.slept == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert report.alerts == {"auth_failures": 1}


async def test_a_source_waits_while_its_alert_is_being_opened() -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def open_alert(_: Alert) -> None:
        arrived.set()
        await release.wait()

    source = ListSource(ATTACK)
    ingest = IngestService(sources=[source], open_alert=open_alert, on_telemetry=ignore)
    async with ingest, asyncio.timeout(60):
        await arrived.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert source.given == 7
        (report,) = ingest.report().sources
        assert (report.waiting_for, report.alerts) == ("auth_failures-7-20260302t120000z", {})
        release.set()
        await ingest.wait_finished()
        assert source.given == 10


async def test_alert_that_never_opens_blocks_no_other(caplog: pytest.LogCaptureFixture) -> None:
    cases = FakeCases(failures=1, error=IdUnusable("the id belongs to another case"))
    two = [*ATTACK, *[event(100 + second, customer=8) for second in range(7)]]
    async with service(cases, ListSource(two)) as ingest:
        await ingest.wait_finished()
        (source,) = ingest.report().sources
    assert cases.opened == ["auth_failures-8-20260302t120000z"]
    assert (source.refused, source.alerts) == (1, {"auth_failures": 1})
    assert "auth_failures-7-20260302t120000z was refused" in caplog.text


@pytest.mark.filterwarnings("error")
async def test_a_fault_in_one_source_leaves_the_others_running() -> None:
    cases = FakeCases()
    async with service(cases, BrokenSource([]), ListSource(ATTACK)) as ingest:
        await ingest.wait_finished()
        broken, whole = ingest.report().sources
    assert (broken.state, broken.error) == ("failed", "RuntimeError: a fault in the program")
    assert (whole.state, len(cases.opened)) == ("finished", 1)
    assert not ingest.report().finished


async def test_a_source_whose_peer_does_not_answer_is_waiting() -> None:
    class Silent(ListSource):
        async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
            self.problem = "nobody answers"
            await asyncio.Event().wait()
            yield event(0)

    async with service(FakeCases(), Silent([], source="live")) as ingest:
        await asyncio.sleep(0)
        (source,) = ingest.report().sources
    assert (source.state, source.error) == ("waiting", "nobody answers")


async def test_leaving_stops_a_source_that_never_ends(caplog: pytest.LogCaptureFixture) -> None:
    stopped = False
    pouring = asyncio.Event()

    class Endless(ListSource):
        async def read(self) -> AsyncGenerator[TelemetryEvent | MalformedLine]:
            nonlocal stopped
            try:
                for second in range(10**9):
                    yield event(second)
                    if second == 1_000:
                        pouring.set()
            finally:
                stopped = True

    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(60), service(FakeCases(), Endless([])):
            await pouring.wait()
    assert stopped
    assert not caplog.records


async def test_other_work_continues_while_a_source_floods() -> None:
    turns = 0

    async def other_work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    worker = asyncio.create_task(other_work())
    async with service(FakeCases(), ListSource([event(second * 1_000) for second in range(5_000)])) as ingest:
        await ingest.wait_finished()
    worker.cancel()
    assert turns >= 50


async def test_an_event_whose_attributes_were_cut_is_counted() -> None:
    large = event(0).model_copy(update={"attributes": AuthFailureAttributes(user="x" * 20_000)})
    async with service(FakeCases(), ListSource([large, event(1)])) as ingest:
        await ingest.wait_finished()
        assert ingest.report().mended == {"attributes_trimmed": 1}
