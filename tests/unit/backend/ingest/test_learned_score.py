"""From a verdict to an alert: what a person decides about one customer warns of the next, by a model on record."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from backend.ingest import rule_refresh, score_feed
from backend.ingest.opening import Ingest, ingesting
from backend.ingest.report import PartitionReport
from backend.ingest.source import OpenPartition, Received
from backend.wiring import Wiring
from casebook.risk_score_api import RiskScoreApi
from contracts.alert import Alert, AlertSource
from contracts.telemetry import TransactionEvent
from contracts.telemetry_reader import TelemetryReader
from tests.support.casebooks import CaseBook
from tests.unit.backend.api.test_risk_score import made_of
from tests.unit.backend.scoring.score_world import trained
from tests.unit.backend.scoring.vectors import vector
from tests.unit.backend.support import signed_in
from tests.unit.casebook.builders import MANAGER, a_decision, an_opening, put
from tests.unit.casebook.test_risk_score import a_charge, about

pytestmark = pytest.mark.anyio

MARIA = signed_in("maria")
RULE = "/api/detection/rules/learned_score"


class Hub:
    """A hub of two partitions, which the test fills."""

    name = "a hub"
    alert_source: AlertSource = "live"
    problem = None
    partitions: Sequence[PartitionReport] = ()

    def __init__(self) -> None:
        self.mended = Counter[str]()
        self.brought = 0
        self._batches = asyncio.Queue[tuple[str, list[Received]]]()
        self._positions = Counter[str]()

    def new_reader(self) -> TelemetryReader:
        return TelemetryReader()

    async def run(self, open_partition: OpenPartition) -> None:
        async with open_partition("0") as first, open_partition("1") as second:
            while True:
                partition, batch = await self._batches.get()
                await (first if partition == "0" else second).take(batch)
                self._batches.task_done()

    async def bring(self, partition: str, *charges: TransactionEvent) -> None:
        """Charges arrive when they happen."""
        batch: list[Received] = []
        for each in charges:
            self._positions[partition] += 1
            self.brought += 1
            batch.append(Received(each, self._positions[partition], each.occurred_at))
        self._batches.put_nowait((partition, batch))
        await self._batches.join()


class Opened:
    """Keeps the alerts of the score."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    async def open_alert(self, alert: Alert) -> None:
        if alert.rule_id == "learned_score":
            self.alerts.append(alert)


def paid(event_id: str, customer: int, when: datetime, terminal: str = "t1") -> TransactionEvent:
    return a_charge(event_id, terminal).model_copy(update={"customer_id": customer, "occurred_at": when})


def confirm_fraud(book: CaseBook, charge: TransactionEvent) -> datetime:
    """A case about a charge is decided; when that was."""
    opening = an_opening(book.open_case(about(charge)).case_id)
    put(book, opening)
    book.accept_decision(a_decision(opening), MANAGER)
    return RiskScoreApi(book.transactions).labels_after(0)[0][-1].at


async def change_rule(client: httpx.AsyncClient, verb: str, revision: int, **order: Any) -> None:
    answer = await client.post(f"{RULE}/{verb}", json={"revision": revision, "reason": "Why.", **order}, headers=MARIA)
    assert answer.is_success, answer.text


def put_model(score: RiskScoreApi) -> None:
    """A version that may alert, and takes frauds in a row at a terminal for fraud."""
    card = trained(*(vector(streak=level) for level in range(2, 6)))
    score.save_learner(0, None, b"", [], made_of(card, may_alert=True))


def scored(wiring: Wiring, hub: Hub, opened: Opened) -> AbstractAsyncContextManager[Ingest]:
    """Ingestion as a process has it."""

    def fail() -> None:
        raise AssertionError("a background job ended")

    of = wiring.services
    records = (of.dead_letters, of.detector_states, of.rule_record, of.score_record)
    return ingesting([hub], opened.open_alert, lambda _: None, *records, timedelta(0), fail)


async def test_verdict_about_one_customer_warns_of_the_next(
    client: httpx.AsyncClient, wiring: Wiring, book: CaseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_refresh, "EVERY_S", 0.05)
    monkeypatch.setattr(score_feed, "EVERY_S", 0.05)
    monkeypatch.setattr("casebook.commands.risk_score.EFFECTIVE_AFTER", -timedelta(days=400))
    score, start = RiskScoreApi(book.transactions), book.transactions.now()
    put_model(score)
    await change_rule(client, "versions", 0, based_on=1, content={"parameters": {"least_score": 0.3}})
    hub, opened, number = Hub(), Opened(), 0
    async with asyncio.timeout(120), scored(wiring, hub, opened) as ingest:
        stolen = paid("c1", 1, start)
        await hub.bring("0", stolen)
        later = confirm_fraud(book, stolen) + timedelta(minutes=11)
        newest = score.state()[0]
        while any(each.read_to < newest for each in ingest.service.scorers):
            await hub.bring("1", paid(f"before {hub.brought}", 2, start))
        await hub.bring("1", paid("in shadow", 3, later))
        assert opened.alerts == []
        await change_rule(client, "live", 1, version=2)
        while not opened.alerts:
            number = hub.brought
            await hub.bring("1", paid(f"after {number}", 100 + number, later + timedelta(seconds=number)))
        await hub.bring("0", paid("c0", 1, later))
        report = ingest.service.report().sources[0].scores
        assert report is not None
        assert (report.model, report.charges) == (1, hub.brought)
    alert = opened.alerts[0]
    assert "by model 1 (alert from 30.0%); most of it by confirmed frauds at the terminal" in alert.description
    assert (alert.rule_version, alert.trigger_events[0].event_id) == (2, f"after {number}")
    assert [(each.partition, each.source) for each in score.reports()] == [("0", "a hub"), ("1", "a hub")]
    assert len(score.lessons(5)) == 1
