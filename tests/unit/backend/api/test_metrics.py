from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from backend.api.metrics import Reading
from backend.app import create_app
from backend.ingest import IngestService
from backend.ingest.status import ingest_status
from backend.live.broadcast import Broadcast
from backend.wiring import Wiring, wire
from casebook.commands.deliveries import DeliveryResult, Failure
from casebook.commands.subscriptions import NewSecret
from casebook.commands.tasks import Origin
from casebook.database.transactions import Transactions, utc_now
from casebook.errors import TransitionRefused
from casebook.events_api import EventsApi
from casebook.queries.cursors import Backlog
from casebook.subscriptions_api import SubscriptionsApi
from casebook.tasks_api import TasksApi
from contracts.subscriptions import NewSubscription, SubscriptionChange
from contracts.tasks import NewTask
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.ingest.lines import ListSource, event
from tests.unit.backend.support import CONFIG, NOTHING_READ, SIGN_IN, answering, case_in_review
from tests.unit.casebook.builders import MANAGER, a_decision, open_case

OPERATIONS = (Path(__file__).parents[4] / "docs" / "operations.md").read_text()

pytestmark = pytest.mark.anyio


def values(text: str) -> dict[str, float]:
    """Each sample as `name{label}`."""
    return {
        sample.name + "".join(f"{{{label}}}" for label in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_cases_and_what_waits_for_the_scheduler_are_counted(
    wiring: Wiring, book: CaseBook, scheduler: FakeScheduler
) -> None:
    scheduler.reachable = False
    opening = case_in_review(book, 1)
    case_in_review(book, 2)
    open_case(book, 3)
    book.accept_decision(a_decision(opening), MANAGER)
    async with answering(wiring) as client:
        with wiring.services.broadcast.watching():
            answer = await client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    counted = values(answer.text)
    assert counted["casewright_cases{awaiting_review}"] == 2
    assert counted["casewright_cases{closed}"] == 0
    assert counted["casewright_relay_backlog{start}"] == 1
    assert counted["casewright_relay_backlog{decision}"] == 1
    assert counted["casewright_watchers"] == 1
    assert counted["casewright_cases_stalled"] == 0


async def test_what_was_read_is_counted(wiring: Wiring) -> None:
    counts = {
        "dead_letters": {"from_the_future": 4},
        "mended": {"amount_rounded": 5},
        "alerts": {"api_burst": 5},
        "opened": {"api_burst": 2},
    }
    report = NOTHING_READ.model_copy(update={"events": 159_899, "malformed": 3, **counts})
    app = create_app()
    app.state.services = wiring.services
    app.state.ingest_status = lambda: ingest_status(report)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        counted = values((await client.get("/metrics")).text)
    assert counted["casewright_telemetry_events_total"] == 159_899
    assert counted["casewright_telemetry_malformed_total"] == 3
    assert counted["casewright_telemetry_dead_letters_total{from_the_future}"] == 4
    assert counted["casewright_telemetry_mended_total{amount_rounded}"] == 5
    assert counted["casewright_alerts_total{api_burst}"] == 2


async def test_deletion_that_waits_or_fails_is_shown(wiring: Wiring, client: httpx.AsyncClient) -> None:
    old = wiring.services.old_records
    old.failed["tasks"] += 1
    await old.sweep()
    counted = values((await client.get("/metrics")).text)
    assert counted["casewright_retention_failed_total{tasks}"] == 1
    assert 6 * 86_400 < counted["casewright_retention_waits_seconds"] <= 7 * 86_400


async def test_every_name_is_documented() -> None:
    nothing = Reading(
        cases={},
        backlog=Backlog(unscheduled=0, undelivered=0),
        ingest=ingest_status(NOTHING_READ),
        watchers=0,
        stalled=0,
        refused={},
        consumers=(),
        security={},
        limited={},
        deleted={},
        needed={"fraud_cases": 1},
        undeleted={},
        deletion_waits_s=0.0,
        at=utc_now(),
    )
    for metric in nothing.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert f"`{name}" in OPERATIONS


async def test_an_alert_that_two_backends_raise_counts_once(wiring: Wiring, book: CaseBook) -> None:
    other = wire(book, wiring.services.scheduler, SIGN_IN, Broadcast(), CONFIG)
    attack = [event(second) for second in range(10)]
    counted, raised = 0.0, 0
    for backend in (wiring, other):
        service = IngestService(
            sources=[ListSource(attack)],
            open_alert=backend.services.cases.open_alert,
            on_telemetry=lambda _: None,
        )
        async with service:
            await service.wait_finished()
        status = ingest_status(service.report())
        reading = Reading(
            cases={},
            backlog=Backlog(unscheduled=0, undelivered=0),
            ingest=status,
            watchers=0,
            stalled=0,
            refused={},
            consumers=(),
            security={},
            limited={},
            deleted={},
            needed={},
            undeleted={},
            deletion_waits_s=0.0,
            at=utc_now(),
        )
        samples = [sample for metric in reading.collect() for sample in metric.samples]
        counted += sum(sample.value for sample in samples if sample.name == "casewright_alerts_total")
        raised += sum(status.alerts_by_rule.values())

    assert (counted, raised, len(book.list_cases().items)) == (1, 2, 1)


async def test_refused_transitions_are_counted_by_reason(wiring: Wiring, book: CaseBook) -> None:
    case_in_review(book, 1)
    (case,) = book.list_cases().items
    for _ in range(3):
        with pytest.raises(TransitionRefused):
            book.start_round(case.case_id, 2)
    with pytest.raises(TransitionRefused):
        book.accepted_decision("case-invented", "case-invented:r1")
    async with answering(wiring) as client:
        counted = values((await client.get("/metrics")).text)
    assert {name: value for name, value in counted.items() if "refused_transitions" in name} == {
        "casewright_refused_transitions_total{round-not-justified}": 3,
        "casewright_refused_transitions_total{question-not-asked}": 1,
    }


async def test_deliveries_that_wait_or_were_given_up_are_counted(wiring: Wiring, engine: Engine) -> None:
    own = Transactions(engine)
    api, events = SubscriptionsApi(own), EventsApi(own)
    new = NewSubscription(url="https://example.com")
    secret = NewSecret("sec-" + "1" * 32, "whsec_YQ==")
    made = api.create_subscription("sub-" + "1" * 32, new, secret, "alex").subscription
    for number in range(3):
        TasksApi(own).create_task(NewTask(title="Call"), Origin(f"task-{number}", "ana"))
    batch = events.take_batch(made.subscription_id, "one", timedelta(minutes=1))
    assert batch is not None
    later = utc_now() + timedelta(hours=1)
    failed = [
        Failure(each, utc_now(), "It broke.", at) for each, at in zip(batch.new, (None, later, later), strict=True)
    ]
    assert events.record_batch(batch, DeliveryResult([], failed, [], gone=False, outage_until=None), "one")
    api.change_subscription(made.subscription_id, None, SubscriptionChange(state="paused"), "alex")
    TasksApi(own).create_task(NewTask(title="Call"), Origin("task-4", "ana"))
    async with answering(wiring) as client:
        counted = values((await client.get("/metrics")).text)
    label = f"{{{made.subscription_id}}}"
    assert counted[f"casewright_events_behind{label}"] == 1
    assert counted[f"casewright_event_deliveries_waiting{label}"] == 2
    assert counted[f"casewright_event_dead_letters{label}"] == 1
