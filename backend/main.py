"""The backend process: reads the settings, wires the parts, serves until SIGTERM or SIGINT."""

import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import timedelta
from functools import partial

import uvicorn
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from backend.api.dependencies import Services
from backend.app import create_app
from backend.auth.cookies import Cookies
from backend.auth.credentials import caller_of
from backend.auth.oidc.opening import open_provider
from backend.auth.personas import PERSONAS
from backend.auth.sessions import SignIn
from backend.consumers.opening import open_sinks
from backend.delivery.webhooks import WebhookSender
from backend.http.connections.config import server_config
from backend.http.connections.limits import DEFAULT_LIMITS, ConnectionLimits
from backend.http.front import front
from backend.http.site import LOOPBACK, Site
from backend.http.startup_server import StartupServer
from backend.http.web_bundle import WebBundle
from backend.ingest.opening import ingesting, sources_of
from backend.lab.options import lab_options
from backend.live.broadcast import Broadcast
from backend.services.customer_store import McpCustomerReader
from backend.services.grants import ONE_KEY, is_one_key
from backend.services.installation import (
    PublicConfig,
    TelemetrySource,
)
from backend.services.rate_limits import RateLimits
from backend.services.scheduler import open_scheduler
from backend.services.tool_tokens import open_tool_tokens
from backend.settings import BackendSettings
from backend.wiring import serving, wire
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import CasebookFull, CasebookUnavailable
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.policy.chat_limits import ChatLimits
from casebook.relay_api import RelayApi
from casebook.workspace_api import WorkspaceApi
from contracts.closing import REASON_CODES
from contracts.far_settings import why_far_from_desk
from contracts.kinds import ANSWERS
from contracts.release import VERSION
from runtime.files import keep_private
from runtime.listening import CannotListen, listen
from runtime.log_lines import set_up_logging
from runtime.open_files import allow_open_files
from runtime.server import StoppableServer
from runtime.settings import SettingsInvalid, read_settings
from runtime.signatures import PrivateKey

log = logging.getLogger("casewright.backend")

RULES_MODEL = "casewright-rules-1"

RULES_BADGE = "Rules model: verdicts come from fixed rules over the records, not from a language model."
STOP_TIMEOUT_S = 3
READ_LIMIT_S = 30.0
"""How long the casebook may think about what somebody asks, who waits no longer than twice as long."""
NOTHING_GRANTED = (
    "GRANT_KEY is not set: what people approve waits, because the tool server does nothing without a grant. Set "
    "GRANT_KEY_FILE to the private key of grants."
)


def main() -> None:
    """Serves until SIGINT or SIGTERM. Exits with 1 and one sentence when it cannot start."""
    keep_private()
    try:
        if (reason := why_far_from_desk(os.environ, unless_said="local")) is not None:
            raise SettingsInvalid(reason)
        settings = read_settings(BackendSettings)
        if is_one_key(settings.grant_key, settings.mcp_caller_key):
            raise SettingsInvalid(ONE_KEY)
        set_up_logging(settings.log_format, settings.log_level)
        if (too_few := allow_open_files(settings.connection_limits.open_files)) is not None:
            log.warning(too_few)
        listener = listen(settings.backend_host, settings.backend_port, instead="set BACKEND_PORT to a free port")
        # Workers of a reloading server inherit it.
        listener.set_inheritable(True)
        casebook = open_casebook(settings.casebook_url, listener, settings.site, settings.connection_limits)
        casebook_id = "" if casebook is None else RelayApi(casebook).identity()
    except (SettingsInvalid, CannotListen, CasebookUnavailable) as error:
        sys.exit(f"backend: {error}")
    if casebook is not None:
        settings.log_secret_sources()
        _serve(settings, casebook, casebook_id, listener)


def print_openapi() -> None:
    """Prints the OpenAPI document, keys sorted. Starts nothing and needs no settings."""
    sys.stdout.write(json.dumps(create_app().openapi(), indent=2, sort_keys=True) + "\n")


def open_casebook(
    url: str, listener: socket.socket, site: Site = LOOPBACK, limits: ConnectionLimits = DEFAULT_LIMITS
) -> Transactions | None:
    """The casebook, brought to this release's schema, or None when a signal ended the wait for its server.

    Raises a CasebookUnavailable that waiting cannot mend. Says on `listener` meanwhile that it waits.
    """
    engine = open_engine(url)
    try:
        upgrade(engine)
    except CasebookUnavailable as error:
        # A server comes up later; a file does not.
        if engine.dialect.name == "sqlite" or not is_transient(error):
            raise
        if not StartupServer(partial(upgrade, engine), error, is_transient, site, limits=limits).run(listener):
            return None
    return Transactions(engine, read_limit_s=READ_LIMIT_S)


def is_transient(fault: CasebookUnavailable) -> bool:
    """Whether the database may answer later: every fault that does not need mending has the general class, and a full
    disk of a server is made room on while this waits."""
    return type(fault) in (CasebookUnavailable, CasebookFull)


def note_refusal(app: FastAPI, connection: HTTPConnection, reason: str) -> None:
    """Tell the security log of what the guard refused; before the application is ready nobody hears of it."""
    services: Services | None = getattr(app.state, "services", None)
    if services is not None:
        address = caller_of(connection).address
        services.security.refused("origin_refused", None, address, connection.scope.get("method", "WS"), reason)


class BackendServer(StoppableServer):
    """Lets those who watch go first, so that open streams do not hold up the stop."""

    def __init__(self, config: uvicorn.Config, broadcast: Broadcast) -> None:
        super().__init__(config)
        self._broadcast = broadcast

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the streams, then the server."""
        self._broadcast.stop()
        await super().shutdown(sockets)


def _serve(
    settings: BackendSettings,
    casebook: Transactions,
    casebook_id: str,
    listener: socket.socket,
) -> None:
    broadcast = Broadcast()
    fault = _FatalFault()
    app = create_app(
        _lifespan(settings, casebook, casebook_id, broadcast, fault.stop_server),
        WebBundle(settings.web_dist),
    )
    guarded = front(app, settings.site, settings.attachment_max_bytes, partial(note_refusal, app))
    config = server_config(guarded, settings.connection_limits, STOP_TIMEOUT_S, settings.site)
    server = BackendServer(config, broadcast)
    server.run(sockets=[listener])
    if fault.happened or not server.started:
        sys.exit(1)


class _FatalFault:
    """Remembers that a part died on which everything rests, and stops the server as a signal would."""

    def __init__(self) -> None:
        self.happened = False

    def stop_server(self) -> None:
        self.happened = True
        signal.raise_signal(signal.SIGTERM)


def _lifespan(
    settings: BackendSettings,
    casebook: Transactions,
    casebook_id: str,
    broadcast: Broadcast,
    fail: Callable[[], None],
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs as long as the application does."""

    workspace = WorkspaceApi(
        casebook,
        claim_lease=timedelta(minutes=settings.claim_minutes),
        attachment_max_bytes=settings.attachment_max_bytes,
        notes_per_case=settings.notes_per_case,
        closing_policy=settings.closing_policy,
        decision_hold=timedelta(seconds=settings.decision_hold_seconds),
        joins=JoinPolicy(JoinRule(hours=settings.alert_join_hours), settings.alert_join_rules),
    )

    sign_in = SignIn(
        () if settings.auth_mode == "oidc" else PERSONAS,
        timedelta(hours=settings.session_hours),
        timedelta(minutes=settings.session_idle_minutes),
        settings.oidc_issuer if settings.auth_mode == "oidc" and settings.oidc_issuer else settings.auth_mode,
    )
    provider = settings.provider()
    grant_key = None if settings.grant_key is None else PrivateKey(settings.grant_key.get_secret_value())
    if grant_key is None:
        log.warning("%s", NOTHING_GRANTED)

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncGenerator[None]:
        async with (
            open_scheduler(settings.dts_endpoint, settings.dts_taskhub, casebook_id) as scheduler,
            open_sinks(event_log=settings.event_log_enabled, event_hub=settings.event_hub) as sinks,
            nullcontext() if provider is None else open_provider(provider) as open_sign_in,
            open_tool_tokens(settings.mcp_caller_key, settings.mcp_audience) as tool_token,
        ):
            wiring = wire(
                workspace,
                scheduler,
                sign_in,
                broadcast,
                public_config(settings),
                settings.investigations_at_once,
                McpCustomerReader(settings.mcp_server_uri, tool_token),
                ChatLimits(
                    settings.chat_messages_per_minute, settings.chat_open_turns, settings.chat_conversation_turns
                ),
                webhooks=WebhookSender(settings.webhook_allowed_networks),
                sinks=sinks,
                consumes_events=settings.event_consumers_enabled,
                lab=lab_options(settings),
                keep_security_log=timedelta(days=settings.security_log_days),
                kept_for=settings.kept_for(),
                open_provider=open_sign_in,
                cookies=Cookies(secure=(settings.public_origin or "").startswith("https://")),
                grant_key=grant_key,
                rates=RateLimits(settings.requests_per_minute),
            )
            sources = sources_of(settings) if settings.event_ingest_enabled else ()
            services = wiring.services
            async with (
                serving(app, wiring, lambda: ingest.status, fail),
                ingesting(
                    sources,
                    services.cases.open_alert,
                    wiring.sampler.take,
                    services.dead_letters,
                    services.detector_states,
                    services.rule_record,
                    services.score_record,
                    timedelta(seconds=settings.telemetry_lateness_seconds),
                    fail,
                ) as ingest,
            ):
                log.info("ready to serve http://%s:%d", settings.backend_host, settings.backend_port)
                yield

    return run


def public_config(settings: BackendSettings) -> PublicConfig:
    """What the settings say that anyone may know."""
    source: TelemetrySource = "none"
    if settings.replay_files:
        source = "replay"
    elif settings.eventhub_telemetry_name is not None:
        source = "event_hub"
    elif settings.event_producer_enabled and settings.telemetry_url:
        source = "simulator"
    return PublicConfig(
        version=VERSION,
        auth_mode=settings.auth_mode,
        auto_clear_threshold=settings.auto_clear_threshold,
        approval_timeout_hours=settings.analyst_approval_timeout_hours,
        decision_hold_seconds=settings.decision_hold_seconds,
        max_review_attempts=settings.max_review_attempts,
        model=settings.model_name,
        model_badge=RULES_BADGE if settings.model_name == RULES_MODEL else None,
        telemetry_source=source,
        required_fields={answer: settings.closing_policy.of(answer) for answer in ANSWERS},
        reason_codes=REASON_CODES,
    )
