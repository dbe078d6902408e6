"""The worker process: command line, wiring, start and stop."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from contracts.addresses import without_credentials
from contracts.far_settings import why_far_from_desk
from contracts.investigation import InvestigationPolicy
from runtime.files import keep_private
from runtime.log_lines import set_up_logging
from runtime.settings import SettingsInvalid, read_settings
from runtime.signals import stop_requested
from runtime.signatures import PrivateKey
from worker.agents.budget import Budget
from worker.agents.limits import Limits
from worker.domain.sensitivity import Keywords
from worker.liveness import shown_alive
from worker.ports.actions import ActionsUnavailable
from worker.ports.tools import ToolsUnavailable
from worker.settings import WorkerSettings
from worker.shutdown import drain
from worker.startup import CannotStart, Dependency, StopRequested, wait_for

if TYPE_CHECKING:
    from worker.adapters.case_record import Casebook
    from worker.adapters.client_loop import ClientLoop
    from worker.adapters.mcp_actions import McpActionGateway
    from worker.adapters.mcp_tools import McpToolBox
    from worker.adapters.providers import Provider
    from worker.adapters.tool_tokens import TokenSource
    from worker.domain.deadlines import BusinessHours

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until SIGTERM or SIGINT. Returns the exit code: 0, or 1 with one sentence on standard error."""
    options = _parser().parse_args(arguments)
    keep_private()
    try:
        if (reason := why_far_from_desk(os.environ)) is not None:
            raise CannotStart(reason)
        settings = read_settings(WorkerSettings)
        if options.command == "models":
            return _check_models(settings, options.timeout)
        set_up_logging(settings.log_format, settings.log_level)
        settings.log_secret_sources()
        # Its own lines say every reconnection; the worker says what matters of them.
        logging.getLogger("worker.scheduler").setLevel(logging.WARNING)
        _work(settings, stop_requested())
    except StopRequested:
        log.info("Stopped before anything had begun.")
    except (CannotStart, SettingsInvalid) as fault:
        sys.stderr.write(f"worker: {fault}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m worker",
        description="Investigates cases: pulls work from the Durable Task Scheduler and needs no open port. "
        "Starts before its dependencies are up and waits for them. SIGTERM lets running work finish first.",
        epilog=f"Environment: {', '.join(name.upper() for name in WorkerSettings.model_fields)}. "
        "See docs/configuration.md.",
    )
    commands = parser.add_subparsers(dest="command")
    models = commands.add_parser("models", help="about the configured language models")
    asked = models.add_subparsers(dest="question", required=True)
    check = asked.add_parser("check", help="ask every configured model what it can do; exit code 1 if it is not enough")
    check.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="for one call (default 30)")
    return parser


def _check_models(settings: WorkerSettings, timeout_s: float) -> int:
    from worker.adapters.client_loop import ClientLoop
    from worker.adapters.model_check import check_models, table

    with ClientLoop() as loop:
        checks = check_models(providers_of(settings), loop, timeout_s)
    sys.stdout.write(table(checks) + "\n")
    return 0 if all(check.usable for check in checks) else 1


def _settle_memory() -> None:
    """Let the garbage collector leave alone what stays until the end: imported code and what it built.

    Going through it takes 0.1 s in which no thread does anything, a decision's neither.
    """
    gc.collect()
    gc.freeze()


def _work(settings: WorkerSettings, stop: Event) -> None:
    from worker.adapters.client_loop import ClientLoop
    from worker.adapters.deployments import open_models
    from worker.adapters.hub import require_own_hub
    from worker.adapters.scheduler import SchedulerAddress, open_worker, probe
    from worker.wiring import AssistantTerms, register, wire_activities

    address = SchedulerAddress.parse(settings.dts_endpoint)
    calendar = _calendar(settings)
    providers = providers_of(settings)
    log.info("Model: %s.", "; then ".join(provider.describe() for provider in providers))
    with _open_casebook(settings.casebook_url) as casebook, ClientLoop() as loop:
        tools, gateway = _open_tools(settings, loop)
        model = open_models(providers, loop, settings.model_circuit_failures, settings.model_circuit_seconds)
        activities = wire_activities(
            casebook.record,
            casebook.chat,
            casebook.tasks,
            casebook.schedules,
            model,
            tools,
            gateway,
            _policy(settings),
            _limits(settings),
            calendar,
            budget=_budget(settings),
            assistant=AssistantTerms(
                Keywords(settings.chat_review_keywords.split(",")),
                _policy(settings).model_copy(
                    update={
                        "approval_timeout_hours": settings.reply_timeout_hours,
                        "escalation_timeout_hours": settings.reply_escalation_hours,
                    }
                ),
            ),
        )
        for dependency in (
            Dependency("casebook", casebook.where, partial(_upgrade, casebook)),
            Dependency("tool server", without_credentials(settings.mcp_server_uri), partial(find_tools, tools)),
            Dependency("scheduler", without_credentials(settings.dts_endpoint), partial(probe, address)),
            Dependency(
                "task hub",
                f"{settings.dts_taskhub} of {without_credentials(settings.dts_endpoint)}",
                partial(require_own_hub, address, settings.dts_taskhub, casebook.identity),
            ),
        ):
            wait_for(dependency, stop)
        _check_access(gateway)
        worker = open_worker(address, settings.dts_taskhub, settings.worker_threads)
        register(worker, activities)
        _settle_memory()
        worker.start()
        with shown_alive(casebook.sign):
            with _ready(settings.worker_ready_file):
                scheduler = without_credentials(settings.dts_endpoint)
                log.info("Taking work from %s, task hub %s.", scheduler, settings.dts_taskhub)
                stop.wait()
            log.info("Stopping: no new work is taken.")
            # The SDK warns of the stream that it is closing itself.
            logging.getLogger("worker.scheduler").setLevel(logging.ERROR)
            if not drain(worker, settings.worker_drain_seconds):
                # Closing the clients now would make the running activities fail, and each failure uses up an attempt.
                logging.shutdown()
                os._exit(0)
    log.info("Stopped.")


@contextmanager
def _open_casebook(url: str) -> Generator["Casebook"]:
    from worker.adapters.case_record import BEYOND_WAITING, Casebook

    try:
        casebook = Casebook(url)
    except BEYOND_WAITING as fault:
        raise CannotStart(str(fault)) from None
    try:
        yield casebook
    finally:
        casebook.close()


def _upgrade(casebook: "Casebook") -> None:
    from worker.adapters.case_record import BEYOND_WAITING

    try:
        casebook.upgrade()
    except BEYOND_WAITING as fault:
        raise CannotStart(str(fault)) from None


def find_tools(tools: "McpToolBox") -> None:
    """Returns once the tool server has listed its tools. Raises CannotStart when it never will, or ToolsUnavailable."""
    try:
        tools.describe()
    except ToolsUnavailable as fault:
        if fault.permanent:
            raise CannotStart(str(fault)) from None
        raise


def _check_access(gateway: "McpActionGateway") -> None:
    """Say early that what people approve would wait: nobody may approve anything for days."""
    try:
        gateway.check_access()
    except ActionsUnavailable as fault:
        log.warning("Whether this worker may write is not known yet: %s", fault)


def providers_of(settings: WorkerSettings) -> list["Provider"]:
    """The configured deployments, each with the key that was given for it and with no other."""
    from worker.adapters.providers import NO_KEY, OPENAI_URL, RULES_MODEL, AzureProvider, OpenAIProvider

    providers: list[Provider] = []
    for choice in settings.models:
        how = (choice.model_tool_calling, choice.model_requests_per_minute)
        if choice.azure_openai_endpoint:
            deployment = choice.azure_openai_chat_deployment or ""
            providers.append(AzureProvider(choice.azure_openai_endpoint, deployment, *how))
            continue
        url, model = choice.openai_base_url or OPENAI_URL, choice.openai_model or ""
        given = choice.openai_api_key if model != RULES_MODEL else None
        key = given.get_secret_value() if given else NO_KEY
        providers.append(OpenAIProvider(url, model, key, *how))
    return providers


def _open_tools(settings: WorkerSettings, loop: "ClientLoop") -> tuple["McpToolBox", "McpActionGateway"]:
    from worker.adapters.mcp_actions import McpActionGateway
    from worker.adapters.mcp_session import McpSession
    from worker.adapters.mcp_tools import McpToolBox

    reading_tokens, acting_tokens = _tokens(settings, loop)
    reading = McpSession(settings.mcp_server_uri, reading_tokens)
    writing = McpSession(settings.mcp_server_uri, acting_tokens)
    loop.close_with(reading.close)
    loop.close_with(writing.close)
    return McpToolBox(reading, loop), McpActionGateway(writing, loop)


def _tokens(settings: WorkerSettings, loop: "ClientLoop") -> "tuple[TokenSource, TokenSource] | tuple[None, None]":
    """What agents show the tool server, and what the activities show it that act."""
    from worker.adapters.tool_tokens import ACTING, READING, ManagedIdentityTokens, OwnTokens

    if settings.mcp_audience:
        identity = ManagedIdentityTokens(settings.mcp_audience)
        loop.close_with(identity.close)
        return identity, identity
    if settings.mcp_caller_key:
        key = PrivateKey(settings.mcp_caller_key.get_secret_value())
        return OwnTokens(key, READING), OwnTokens(key, ACTING)
    log.warning(
        "MCP_CALLER_KEY is not set: this worker shows the tool server no token. Set MCP_CALLER_KEY_FILE to its key."
    )
    return None, None


def _policy(settings: WorkerSettings) -> InvestigationPolicy:
    return InvestigationPolicy(
        auto_clear_threshold=settings.auto_clear_threshold,
        quality_check_share=settings.quality_check_share,
        approval_timeout_hours=settings.analyst_approval_timeout_hours,
        escalation_timeout_hours=settings.escalation_timeout_hours,
        max_review_attempts=settings.max_review_attempts,
        four_eyes_refund_minor=settings.four_eyes_refund_limit_minor,
        review_hours_critical=settings.review_hours_critical,
        review_hours_high=settings.review_hours_high,
        remind_before_share=settings.remind_before_share,
        reconcile_hours=settings.reconcile_hours,
    )


def _calendar(settings: WorkerSettings) -> "BusinessHours | None":
    from worker.adapters.calendar import BadCalendar, open_calendar

    if settings.business_zone is None:
        return None
    longest = max(settings.analyst_approval_timeout_hours, settings.escalation_timeout_hours)
    try:
        return open_calendar(
            settings.business_zone,
            settings.business_days,
            settings.business_opens,
            settings.business_closes,
            settings.business_holidays,
            longest,
        )
    except BadCalendar as fault:
        raise CannotStart(str(fault)) from None


def _limits(settings: WorkerSettings) -> Limits:
    return Limits(
        model_calls=settings.agent_max_model_calls,
        tool_calls=settings.agent_max_tool_calls,
        tokens=settings.agent_max_tokens,
        seconds=settings.agent_max_seconds,
        retries=settings.agent_max_retries,
        tool_text=settings.agent_max_tool_text,
        model_timeout_s=settings.model_timeout_seconds,
        tool_timeout_s=settings.tool_timeout_seconds,
    )


def _budget(settings: WorkerSettings) -> Budget:
    return Budget(
        usd_per_case=settings.model_budget_usd_per_case,
        usd_per_day=settings.model_budget_usd_per_day,
        tokens_per_case=settings.model_budget_tokens_per_case or None,
        tokens_per_day=settings.model_budget_tokens_per_day or None,
    )


@contextmanager
def _ready(marker: Path | None) -> Generator[None]:
    """Write `WORKER_READY_FILE` while the worker takes work."""
    if marker is None:
        yield
        return
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text("ready\n", encoding="utf-8")
    try:
        yield
    finally:
        marker.unlink(missing_ok=True)
