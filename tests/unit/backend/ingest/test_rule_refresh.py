"""Rules that managers change judge the next event, without a restart; signals are counted by their fate."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from backend.detection import DEFAULT_RULES, Detector, RuleBook
from backend.ingest import IngestService, rule_refresh, signal_counts
from backend.ingest.opening import ingesting
from backend.ingest.rule_refresh import RuleRefresh
from backend.ingest.signal_counts import SignalCounts
from backend.services.rule_books import default_content, understood
from backend.wiring import Wiring
from casebook.commands.detection_rules import SignalKey
from casebook.detection_rules_api import DetectionRulesApi
from casebook.errors import CasebookUnavailable
from contracts.alert import Alert
from contracts.detection_rules import NewSnooze, RuleContent, RuleSwitch, StoredRules, SuppressionChange
from contracts.telemetry import TelemetryEvent
from tests.support.casebooks import CaseBook
from tests.unit.backend.ingest.lines import START, FakeTime, ListSource, event
from tests.unit.backend.support import signed_in

pytestmark = pytest.mark.anyio

RULE = "auth_failures"
MARIA = signed_in("maria")


class QueueSource(ListSource):
    """Live telemetry, as the test puts it in."""

    def __init__(self) -> None:
        super().__init__([], name="queue", source="live")
        self.queue = asyncio.Queue[TelemetryEvent]()

    async def read(self) -> AsyncGenerator[TelemetryEvent]:
        while True:
            reading = await self.queue.get()
            yield reading
            self.queue.task_done()


class Opened:
    """Keeps the alerts of one rule."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    async def open_alert(self, alert: Alert) -> None:
        if alert.rule_id == RULE:
            self.alerts.append(alert)

    @property
    def last(self) -> int:
        return self.alerts[-1].rule_version


def ignore(_: TelemetryEvent) -> None:
    pass


class Desk:
    """A manager at the API, and telemetry to judge: each attack is of another customer."""

    def __init__(self, client: httpx.AsyncClient, source: QueueSource) -> None:
        self._client = client
        self._source = source
        self._customers = count(100)

    async def change(self, verb: str, **order: Any) -> Any:
        revision = (await self.rule())["rule"]["revision"]
        order = {"revision": revision, "reason": "A test.", **order}
        answer = await self._client.post(f"/api/detection/rules/{RULE}/{verb}", json=order, headers=MARIA)
        assert answer.is_success, answer.text
        return answer.json()

    async def rule(self) -> Any:
        return (await self._client.get(f"/api/detection/rules/{RULE}", headers=MARIA)).json()

    async def attack(self, failures: int) -> int:
        customer = next(self._customers)
        for second in range(failures):
            self._source.queue.put_nowait(event(second, customer=customer))
        await self._source.queue.join()
        return customer


async def test_draft_is_counted_in_shadow_and_alerts_once_promoted(
    client: httpx.AsyncClient, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_refresh, "EVERY_S", 0.05)
    monkeypatch.setattr(signal_counts, "GATHER_S", 0.01)
    source, opened, services = QueueSource(), Opened(), wiring.services
    desk = Desk(client, source)

    def fail() -> None:
        raise AssertionError("a background job ended")

    async with (
        asyncio.timeout(120),
        ingesting(
            [source],
            opened.open_alert,
            ignore,
            services.dead_letters,
            services.detector_states,
            services.rule_record,
            services.score_record,
            timedelta(0),
            fail,
        ),
    ):
        await desk.attack(7)
        assert opened.last == 1
        await desk.change("versions", based_on=1, content={"parameters": {"min_failures": 3}})
        await desk.change("shadow", version=2)
        while not (await desk.rule())["rule"]["shadow_signals"]:
            await desk.attack(4)
        assert len(opened.alerts) == 1
        await desk.change("live", version=2)
        while len(opened.alerts) == 1:
            await desk.attack(4)
        assert opened.last == 2
        await desk.change("roll-back", version=1)
        while opened.last != 3:
            await desk.attack(7)
    # A count is of one day, and a midnight may have come.
    found = dict.fromkeys((each["fate"], each["version"]) for each in (await desk.rule())["counts"])
    assert [*found] == [("raised", 3), ("raised", 2), ("shadow", 2), ("raised", 1)]


async def test_new_rules_keep_what_is_known_of_customers() -> None:
    source, opened = QueueSource(), Opened()
    strict = understood(RULE, 2, RuleContent(parameters={"min_failures": 3}))
    ingest = IngestService(sources=[source], open_alert=opened.open_alert, on_telemetry=ignore)
    async with ingest:
        for second in range(5):
            source.queue.put_nowait(event(second))
        await source.queue.join()
        ingest.use(RuleBook(rules=(strict,)))
        source.queue.put_nowait(event(5))
        await source.queue.join()
    (alert,) = opened.alerts
    assert (alert.rule_version, len(alert.trigger_events)) == (2, 6)


async def test_look_reads_the_rules_only_when_they_changed(book: CaseBook, wiring: Wiring) -> None:
    record, refresh = DetectionRulesApi(book.transactions), RuleRefresh(wiring.services.rule_record)
    assert await refresh.read_first() == DEFAULT_RULES
    assert not await refresh.look()
    off = RuleSwitch(revision=0, reason="A test.", is_on=False)
    record.switch(RULE, default_content(RULE), off, "maria")
    assert await refresh.look()
    assert RULE not in {each.rule_id for each in refresh.rules.rules}
    assert not await refresh.look()


async def test_snoozed_signal_is_counted_and_suppressed_one_is_not(book: CaseBook, wiring: Wiring) -> None:
    record, opened = DetectionRulesApi(book.transactions), Opened()
    until = record.transactions.now() + timedelta(days=1)
    record.snooze(NewSnooze(rule_id=RULE, customer_id=7, until=until, reason="Moves."), "maria")
    record.add_suppression(SuppressionChange(kind="customer", value="8", reason="A test account."), "maria")
    rules = await RuleRefresh(wiring.services.rule_record).read_first()
    counts = SignalCounts(wiring.services.rule_record.count_signals)
    since = (record.transactions.now() - START).total_seconds()
    attacks = [event(since + second, customer=customer) for customer in (7, 8, 9) for second in range(7)]
    async with IngestService(
        sources=[ListSource(attacks)],
        open_alert=opened.open_alert,
        on_telemetry=ignore,
        rules=rules,
        on_signal=counts.add,
    ) as ingest:
        await ingest.wait_finished()
    await counts.write()
    assert [alert.customer_id for alert in opened.alerts] == [9]
    assert {(each.fate, each.count) for each in record.rule(RULE).counts} == {("raised", 1), ("snoozed", 1)}


class AwayRecord:
    """A casebook that is away so many times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.written: list[dict[SignalKey, int]] = []

    async def revision(self) -> int:
        if self.times:
            self.times -= 1
            raise CasebookUnavailable("The casebook is away.")
        return 1

    async def stored_rules(self) -> StoredRules:
        return StoredRules(revision=1, rules=(), snoozes=(), suppressions=())

    async def count_signals(self, counts: Any) -> None:
        await self.revision()
        self.written.append(dict(counts))


async def test_rules_are_awaited_while_casebook_is_away() -> None:
    time, record = FakeTime(), AwayRecord(3)
    await RuleRefresh(record, time.sleep).read_first()
    assert (len(time.slept), record.times) == (3, 0)


async def test_counts_wait_for_a_casebook_that_is_away() -> None:
    record = AwayRecord(1)
    counts = SignalCounts(record.count_signals)
    detector = Detector()
    for second in range(10):
        for signal in detector.observe(event(second)):
            counts.add(signal)
    with pytest.raises(CasebookUnavailable):
        await counts.write()
    await counts.write()
    await counts.write()
    assert record.written == [{(RULE, 1, "raised"): 1}]
