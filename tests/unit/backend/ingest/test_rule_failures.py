"""A version of a rule that fails is counted, logged once and shown, and telemetry is read on."""

import logging
from datetime import timedelta

import pytest

from backend.detection import DEFAULT_RULES, RuleBook
from backend.ingest import IngestService
from backend.ingest.signal_counts import SignalCounts
from backend.ingest.status import ingest_status
from backend.lab.trial import Trial, TrialRun
from backend.services.telemetry_metrics import telemetry_metrics
from backend.wiring import Wiring
from casebook.database.transactions import utc_now
from casebook.detection_rules_api import DetectionRulesApi
from contracts.alert import Alert
from tests.support.casebooks import CaseBook
from tests.unit.backend.detection.events import unchecked
from tests.unit.backend.ingest.lines import ListSource, event

pytestmark = pytest.mark.anyio

RULE = "auth_failures"
FAILING = RuleBook(rules=(unchecked(RULE, window_hours=1e-12), *DEFAULT_RULES.rules))
ATTACKS = [event(second, customer=customer) for customer in (7, 8) for second in range(8)]


async def test_a_source_survives_a_failing_rule(
    book: CaseBook, wiring: Wiring, caplog: pytest.LogCaptureFixture
) -> None:
    opened = list[Alert]()
    counts = SignalCounts(wiring.services.rule_record.count_signals)

    async def open_alert(alert: Alert) -> None:
        opened.append(alert)

    with caplog.at_level(logging.ERROR):
        async with IngestService(
            sources=[ListSource(ATTACKS)],
            open_alert=open_alert,
            on_telemetry=lambda _: None,
            rules=FAILING,
            on_signal=counts.add,
        ) as ingest:
            await ingest.wait_finished()
    await counts.write()
    status = ingest_status(ingest.report(), counts.failures)
    assert ([alert.customer_id for alert in opened], status.sources[0].state) == ([7, 8], "finished")
    (failure,) = status.rule_failures
    assert (failure.rule_id, failure.version, failure.reason.split(":")[0]) == (RULE, 2, "ZeroDivisionError")
    (said,) = [each for each in caplog.messages if "failed at event" in each]
    assert failure.event_id in said
    failed = {
        each.version: each.count
        for each in DetectionRulesApi(book.transactions).rule(RULE).counts
        if each.fate == "failed"
    }
    assert failed == {2: failure.events}
    metrics = {each.name: each.samples for each in telemetry_metrics(status, utc_now())}
    (sample,) = metrics["casewright_rule_failures"]
    assert (sample.labels, sample.value) == ({"rule": RULE, "version": "2"}, failure.events)


async def test_a_back_test_says_that_a_version_failed() -> None:
    run = TrialRun(
        Trial(sources=[ListSource(ATTACKS)], rules=FAILING, compared_with=1, version=2, lateness=timedelta(0))
    )
    async with run.service:
        await run.service.wait_finished()
    (note,) = run.result({}).notes
    assert note.startswith("Version 2 failed at ")
    assert "ZeroDivisionError" in note
