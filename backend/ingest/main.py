"""The process of the ingest: reads the settings, reads telemetry until SIGTERM or SIGINT."""

import asyncio
import logging
import os
import socket
import sys
from datetime import timedelta

from backend.executor import BlockingExecutor
from backend.http.connections.config import server_config
from backend.http.connections.limits import DEFAULT_LIMITS
from backend.ingest.health import health_app
from backend.ingest.opening import ingesting, sources_of
from backend.ingest.settings import TelemetrySettings
from backend.services.cases import CaseRecorder
from backend.services.readiness import ReadinessProbe
from casebook.async_api import (
    AsyncDeadLetters,
    AsyncDetectionRules,
    AsyncDetectorStates,
    AsyncRiskScore,
    AsyncWorkspace,
)
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.dead_letters_api import DeadLettersApi
from casebook.detection_rules_api import DetectionRulesApi
from casebook.detector_states_api import DetectorStatesApi
from casebook.errors import CasebookUnavailable
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.risk_score_api import RiskScoreApi
from casebook.workspace_api import WorkspaceApi
from contracts.far_settings import why_far_from_desk
from contracts.telemetry import TelemetryEvent
from runtime.files import keep_private
from runtime.listening import CannotListen, listen, url_of
from runtime.log_lines import set_up_logging
from runtime.server import StoppableServer
from runtime.settings import SettingsInvalid, read_settings

log = logging.getLogger("casewright.ingest")

STOP_TIMEOUT_S = 1


def main() -> None:
    """Read telemetry until SIGINT or SIGTERM. Exits with 1 and one sentence when it cannot start."""
    keep_private()
    try:
        if (reason := why_far_from_desk(os.environ)) is not None:
            raise SettingsInvalid(reason)
        settings = read_settings(TelemetrySettings)
        set_up_logging(settings.log_format, settings.log_level)
        listener = listen(
            settings.ingest_health_host, settings.ingest_health_port, instead="set INGEST_HEALTH_PORT to a free port"
        )
        engine = open_engine(settings.casebook_url)
        upgrade(engine)
    except (SettingsInvalid, CasebookUnavailable, CannotListen) as error:
        sys.exit(f"ingest: {error}")
    settings.log_secret_sources()
    failed = asyncio.run(_ingest(settings, Transactions(engine), listener))
    engine.dispose()
    if failed:
        sys.exit(1)


async def _ingest(settings: TelemetrySettings, transactions: Transactions, listener: socket.socket) -> bool:
    """Read until stopped; whether a part died on which everything rests."""
    failed = False
    threads = BlockingExecutor(transactions.callers_at_once)
    joins = JoinPolicy(JoinRule(hours=settings.alert_join_hours), settings.alert_join_rules)
    cases = CaseRecorder(AsyncWorkspace(WorkspaceApi(transactions, joins=joins), threads))
    letters = AsyncDeadLetters(DeadLettersApi(transactions), threads)
    states = AsyncDetectorStates(DetectorStatesApi(transactions), threads)
    rules = AsyncDetectionRules(DetectionRulesApi(transactions), threads)
    scores = AsyncRiskScore(RiskScoreApi(transactions), threads)
    readiness = ReadinessProbe(transactions, threads)

    def fail() -> None:
        nonlocal failed
        failed = True
        server.stop()

    app = health_app(lambda: ingest.status, readiness, settings.health_names)
    server = StoppableServer(server_config(app, DEFAULT_LIMITS, STOP_TIMEOUT_S))
    lateness = timedelta(seconds=settings.telemetry_lateness_seconds)
    async with ingesting(
        sources_of(settings), cases.open_alert, _show_nobody, letters, states, rules, scores, lateness, fail
    ) as ingest:
        log.info("ingest reads; its health is at %s", url_of(listener))
        await server.serve(sockets=[listener])
    return failed


def _show_nobody(_: TelemetryEvent) -> None:
    """Those who watch telemetry live are with a backend."""
