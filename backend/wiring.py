"""Wires the parts of a backend, and runs them together."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from backend.api.dependencies import Services
from backend.auth.callers import Callers
from backend.auth.cookies import Cookies
from backend.auth.oidc.opening import OpenProvider
from backend.auth.people import People
from backend.auth.sessions import Sessions, SignIn
from backend.background_jobs import jobs_running
from backend.consumers.event_consumers import EventConsumers
from backend.delivery.sinks import Sink
from backend.delivery.webhooks import WebhookSender, new_secret
from backend.executor import BlockingExecutor
from backend.lab.options import LabOptions
from backend.lab.runner import BackTestRunner
from backend.lab.service import RuleLab
from backend.live.broadcast import Broadcast
from backend.live.change_feed import ChangeFeed
from backend.live.service_status import SchedulerFault, ServiceMonitor
from backend.live.session_watch import SessionWatch
from backend.live.sse import EventStream
from backend.live.telemetry_sampler import TelemetrySampler
from backend.personal_data.known_people import KnownPeople
from backend.services.absences import AbsenceReturns
from backend.services.access_recorder import AccessRecorder
from backend.services.admission import INVESTIGATIONS_AT_ONCE
from backend.services.assignments import AssignmentService
from backend.services.bulk import BulkActions
from backend.services.cases import CaseService
from backend.services.chat import ChatService
from backend.services.customer_store import CustomerStoreReader, McpCustomerReader
from backend.services.decisions import DecisionService
from backend.services.detection_rules import DetectionRuleService
from backend.services.errors import SchedulerUnavailable, TaskHubTaken
from backend.services.grants import GrantKeeper
from backend.services.installation import (
    IngestStatus,
    PublicConfig,
)
from backend.services.kept_for import KeptFor
from backend.services.masking import Masking
from backend.services.merges import MergeService
from backend.services.old_records import OldRecords
from backend.services.open_streams import OpenStreams
from backend.services.outbox_relay import OutboxRelay
from backend.services.previews import PreviewService
from backend.services.rate_limits import RateLimits
from backend.services.readiness import ReadinessProbe
from backend.services.reminder_relay import ReminderRelay
from backend.services.reopenings import ReopeningService
from backend.services.retention import Retention
from backend.services.reversals import ReversalService
from backend.services.risk_score import RiskScoreService
from backend.services.schedule_keeper import ScheduleKeeper
from backend.services.scheduler import Scheduler
from backend.services.security_recorder import SecurityRecorder
from backend.services.subscriptions import SubscriptionService
from backend.services.tasks import TaskService
from backend.services.turn_feed import TurnFeed
from backend.services.turn_relay import TurnRelay
from casebook.access_api import AccessApi
from casebook.async_api import (
    AsyncAccesses,
    AsyncBackTests,
    AsyncChat,
    AsyncDeadLetters,
    AsyncDesk,
    AsyncDetectionRules,
    AsyncDetectorStates,
    AsyncEvents,
    AsyncGrants,
    AsyncRelay,
    AsyncRiskScore,
    AsyncSchedules,
    AsyncSecurityLog,
    AsyncSessions,
    AsyncSubscriptions,
    AsyncTasks,
    AsyncWorkspace,
)
from casebook.async_retention import AsyncRetention
from casebook.back_tests_api import BackTestsApi
from casebook.chat_api import ChatApi
from casebook.dead_letters_api import DeadLettersApi
from casebook.desk_api import DeskApi
from casebook.detection_rules_api import DetectionRulesApi
from casebook.detector_states_api import DetectorStatesApi
from casebook.events_api import EventsApi
from casebook.grants_api import GrantsApi
from casebook.policy.chat_limits import DEFAULT_LIMITS, ChatLimits
from casebook.queries.change_feed import LogReader
from casebook.queries.recorded_customers import CustomerReader
from casebook.relay_api import RelayApi
from casebook.retention_api import RetentionApi
from casebook.risk_score_api import RiskScoreApi
from casebook.schedules_api import SchedulesApi
from casebook.security_log_api import SecurityLogApi
from casebook.sessions_api import SessionsApi
from casebook.subscriptions_api import SubscriptionsApi
from casebook.tasks_api import TasksApi
from casebook.workspace_api import WorkspaceApi
from runtime.signatures import PrivateKey

SECURITY_LOG_KEPT = timedelta(days=400)
FOR_AS_LONG_AS_USUAL = KeptFor()
PLAIN_COOKIES = Cookies()
NO_RECORDINGS = LabOptions(recordings=Path("no-recordings"))
"""Of who tries no rules."""


@dataclass(frozen=True)
class Wiring:
    """What runs in a backend besides the server and the ingest."""

    services: Services
    sampler: TelemetrySampler
    relay: OutboxRelay
    absences: AbsenceReturns
    turn_relay: TurnRelay
    turn_feed: TurnFeed
    reminders: ReminderRelay
    schedules: ScheduleKeeper
    back_tests: BackTestRunner
    retention: Retention
    old_records: OldRecords
    consumers: EventConsumers | None
    """None: a process of its own consumes and delivers domain events."""


def wire(
    facade: WorkspaceApi,
    scheduler: Scheduler,
    sign_in: SignIn,
    broadcast: Broadcast,
    config: PublicConfig,
    investigations_at_once: int = INVESTIGATIONS_AT_ONCE,
    customer_store: CustomerStoreReader | None = None,
    chat_limits: ChatLimits = DEFAULT_LIMITS,
    *,
    webhooks: WebhookSender | None = None,
    sinks: Mapping[str, Sink] | None = None,
    consumes_events: bool = True,
    lab: LabOptions = NO_RECORDINGS,
    keep_security_log: timedelta = SECURITY_LOG_KEPT,
    kept_for: KeptFor = FOR_AS_LONG_AS_USUAL,
    open_provider: OpenProvider | None = None,
    cookies: Cookies = PLAIN_COOKIES,
    grant_key: PrivateKey | None = None,
    rates: RateLimits | None = None,
) -> Wiring:
    """Puts the parts together. Nothing runs yet. `sinks`: where all events go, by the names of their consumers."""
    now = facade.transactions.now
    threads = BlockingExecutor(facade.transactions.callers_at_once)
    webhooks = webhooks or WebhookSender(())
    consumers = EventConsumers(facade.transactions, webhooks, sinks or {}) if consumes_events else None
    subscription_record = AsyncSubscriptions(SubscriptionsApi(facade.transactions), threads)
    wake_consumers = _nobody if consumers is None else consumers.wake
    workspace = AsyncWorkspace(facade, threads)
    record = AsyncRelay(RelayApi(facade.transactions), threads)
    access_record = AsyncAccesses(AccessApi(facade.transactions), threads)
    session_record = AsyncSessions(SessionsApi(facade.transactions), threads)
    session_watch = SessionWatch(session_record.still_open, broadcast)
    sessions = Sessions(session_record, sign_in, now, session_watch.wake)
    provider_sign_in = None if open_provider is None else open_provider(sessions, session_record, now)
    people = People(sessions.people, session_record, now)
    security_log = AsyncSecurityLog(SecurityLogApi(facade.transactions), threads)
    desk = AsyncDesk(DeskApi(facade.transactions), threads)
    absences = AbsenceReturns(desk, now)
    sampler = TelemetrySampler(broadcast, now)
    reader = LogReader(facade.transactions)
    known_people = KnownPeople(CustomerReader(facade.transactions))
    feed = ChangeFeed(reader, threads, broadcast, known=known_people)
    grants = GrantKeeper(AsyncGrants(GrantsApi(facade.transactions), threads), grant_key)
    keeps = timedelta(days=kept_for.orchestrations) if kept_for.orchestrations else None
    relay = OutboxRelay(
        record, scheduler, at_once=investigations_at_once, grants=grants, keeps_orchestrations=keeps, now=now
    )
    decisions = DecisionService(workspace, relay)
    monitor = ServiceMonitor(partial(_fault_of, scheduler), record.not_begun, record.signs, broadcast, now)
    store = customer_store or McpCustomerReader(None)
    chat_record = AsyncChat(ChatApi(facade.transactions), threads)
    turn_relay = TurnRelay(chat_record, scheduler)
    turn_feed = TurnFeed(chat_record, reader.open_change_detector, broadcast.notify_all, turn_relay.wake)
    broadcast.on_stop(turn_feed.leave)
    task_record = AsyncTasks(TasksApi(facade.transactions), threads)
    reminders = ReminderRelay(task_record, scheduler)
    schedule_record = AsyncSchedules(SchedulesApi(facade.transactions), threads)
    schedules = ScheduleKeeper(schedule_record, scheduler.schedules, now)
    rule_record = AsyncDetectionRules(DetectionRulesApi(facade.transactions), threads)
    score_record = AsyncRiskScore(RiskScoreApi(facade.transactions), threads)
    back_test_record = AsyncBackTests(BackTestsApi(facade.transactions), threads)
    back_tests = BackTestRunner(back_test_record)
    retention_record = AsyncRetention(RetentionApi(facade.transactions), threads)
    old_records = OldRecords(retention_record, scheduler, kept_for, now)
    services = Services(
        workspace=workspace,
        record=record,
        access_record=access_record,
        accesses=AccessRecorder(access_record, now),
        masking=Masking(known_people, threads),
        desk=desk,
        assignments=AssignmentService(desk, people, absences.wake),
        failed=relay.failed,
        scheduler=scheduler,
        cases=CaseService(workspace, record, scheduler, relay),
        decisions=decisions,
        reversals=ReversalService(workspace, relay),
        merges=MergeService(workspace, scheduler, relay),
        reopenings=ReopeningService(workspace, relay),
        readiness=ReadinessProbe(facade.transactions, threads),
        bulk=BulkActions(workspace, decisions, now),
        previews=PreviewService(workspace, store),
        chat_record=chat_record,
        chat=ChatService(chat_record, turn_relay, turn_feed, store, chat_limits),
        task_record=task_record,
        tasks=TaskService(task_record, store, reminders.wake),
        event_record=AsyncEvents(EventsApi(facade.transactions), threads),
        dead_letters=AsyncDeadLetters(DeadLettersApi(facade.transactions), threads),
        detector_states=AsyncDetectorStates(DetectorStatesApi(facade.transactions), threads),
        rule_record=rule_record,
        rules=DetectionRuleService(rule_record),
        score_record=score_record,
        risk_score=RiskScoreService(score_record),
        lab=RuleLab(rule_record, back_test_record, lab, back_tests.wake),
        schedule_record=schedule_record,
        schedules=schedules,
        subscription_record=subscription_record,
        subscriptions=SubscriptionService(subscription_record, webhooks, new_secret, wake_consumers),
        change_feed=feed,
        broadcast=broadcast,
        event_stream=EventStream(feed, sampler, broadcast, monitor=monitor, turns=turn_feed, sessions=session_watch),
        monitor=monitor,
        sessions=sessions,
        callers=Callers(sessions, provider_sign_in, now),
        cookies=cookies,
        people=people,
        provider_sign_in=provider_sign_in,
        session_record=session_record,
        session_watch=session_watch,
        open_streams=OpenStreams(),
        rates=rates or RateLimits(),
        security=SecurityRecorder(security_log, now),
        security_log=security_log,
        public_config=config,
        old_records=old_records,
    )
    retention = Retention(session_record, security_log, keep_security_log, now)
    return Wiring(
        services,
        sampler,
        relay,
        absences,
        turn_relay,
        turn_feed,
        reminders,
        schedules,
        back_tests,
        retention,
        old_records,
        consumers,
    )


def _nobody() -> None:
    """Wakes nobody: another process finds what is to be delivered."""


async def _fault_of(scheduler: Scheduler) -> SchedulerFault | None:
    try:
        await scheduler.probe()
    except TaskHubTaken:
        return "hub_taken"
    except SchedulerUnavailable:
        return "away"
    return None


@asynccontextmanager
async def serving(
    app: FastAPI, wiring: Wiring, read_ingest: Callable[[], IngestStatus], fail: Callable[[], None]
) -> AsyncGenerator[None]:
    """Lets `app` answer, and its background jobs run, while the context is open."""
    app.state.services = wiring.services
    app.state.ingest_status = read_ingest
    await wiring.services.change_feed.start()
    jobs = (
        wiring.services.change_feed.run,
        wiring.sampler.run,
        wiring.services.monitor.run,
        wiring.relay.run,
        wiring.relay.acks.run,
        wiring.services.accesses.run,
        wiring.services.security.run,
        wiring.services.session_watch.run,
        wiring.retention.run,
        wiring.old_records.run,
        wiring.absences.run,
        wiring.turn_relay.run,
        wiring.turn_feed.run,
        wiring.reminders.run,
        wiring.schedules.run,
        wiring.back_tests.run,
        *(() if wiring.consumers is None else wiring.consumers.jobs),
    )
    tell = partial(asyncio.get_running_loop().call_soon_threadsafe, partial(_wake_followers, wiring))
    handing_over = nullcontext() if wiring.consumers is None else wiring.consumers.handing_over()
    with wiring.services.record.blocking.transactions.on_commit(tell):
        try:
            async with handing_over, jobs_running(*jobs, on_failure=fail):
                yield
        finally:
            # Nobody is answered any more.
            await wiring.services.accesses.close()
            await wiring.services.security.close()


def _wake_followers(wiring: Wiring) -> None:
    wiring.services.change_feed.wake()
    if wiring.consumers is not None:
        wiring.consumers.wake()
