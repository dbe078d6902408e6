"""The worker process: command line, wiring, start and stop."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from contracts.investigation import InvestigationPolicy
from worker.agents.limits import Limits
from worker.draining import drain
from worker.logs import set_up_logging
from worker.settings import WorkerSettings
from worker.startup import CannotStart, Dependency, StopRequested, wait_for

if TYPE_CHECKING:
    from worker.adapters.case_record import Casebook
    from worker.adapters.client_loop import ClientLoop
    from worker.adapters.mcp_tools import McpToolBox
    from worker.adapters.openai_model import OpenAIModel
    from worker.adapters.providers import Provider
    from worker.ports.actions import ActionGateway

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until SIGTERM or SIGINT. Returns the exit code: 0, or 1 with one sentence on standard error."""
    _parser().parse_args(arguments)
    try:
        settings = _read_settings()
        set_up_logging(settings.log_level)
        _work(settings, _stop_signal())
    except StopRequested:
        log.info("Stopped before anything had begun.")
    except CannotStart as fault:
        sys.stderr.write(f"worker: {fault}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="python -m worker",
        description="Investigates cases: pulls work from the Durable Task Scheduler and needs no open port. "
        "Starts before its dependencies are up and waits for them. SIGTERM lets running work finish first.",
        epilog="Environment: DTS_ENDPOINT, DTS_TASKHUB, OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL, "
        "AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_CHAT_DEPLOYMENT, MCP_SERVER_URI, MCP_WRITE_TOKEN, CASEBOOK_URL, "
        "ANALYST_APPROVAL_TIMEOUT_HOURS, ESCALATION_TIMEOUT_HOURS, MAX_REVIEW_ATTEMPTS, AUTO_CLEAR_THRESHOLD, "
        "QUALITY_CHECK_SHARE, WORKER_THREADS, WORKER_DRAIN_SECONDS, WORKER_READY_FILE, AGENT_MAX_MODEL_CALLS, "
        "AGENT_MAX_TOOL_CALLS, AGENT_MAX_TOKENS, AGENT_MAX_SECONDS, MODEL_TIMEOUT_SECONDS, TOOL_TIMEOUT_SECONDS, "
        "LOG_LEVEL. See docs/configuration.md.",
    )


def _read_settings() -> WorkerSettings:
    try:
        return WorkerSettings()
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        message = fault["msg"].removeprefix("Value error, ").rstrip(".")
        name = "_".join(str(part) for part in fault["loc"][:1]).upper()
        raise CannotStart(f"{name} is wrong ({message}): correct it or unset it." if name else f"{message}.") from None


def _stop_signal() -> Event:
    """Set by SIGTERM or SIGINT. A second SIGINT ends the process at once, for whoever presses Ctrl-C again."""
    stop = Event()
    interrupted = Event()

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and interrupted.is_set():
            os._exit(1)
        if number == signal.SIGINT:
            interrupted.set()
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    return stop


def _work(settings: WorkerSettings, stop: Event) -> None:
    from worker.adapters.client_loop import ClientLoop
    from worker.adapters.scheduler import SchedulerAddress, open_worker, probe
    from worker.wiring import register, wire_activities

    address = SchedulerAddress.parse(settings.dts_endpoint)
    provider = _provider(settings)
    log.info("Model: %s.", provider.describe())
    with _open_casebook(settings.casebook_url) as casebook, ClientLoop() as loop:
        tools, gateway = _open_tools(settings, loop)
        model = _open_model(provider, loop)
        activities = wire_activities(casebook.record, model, tools, gateway, _policy(settings), _limits(settings))
        for dependency in (
            Dependency("casebook", casebook.where, partial(_upgrade, casebook)),
            Dependency("tool server", settings.mcp_server_uri, tools.describe),
            Dependency("scheduler", settings.dts_endpoint, partial(probe, address)),
        ):
            wait_for(dependency, stop)
        worker = open_worker(address, settings.dts_taskhub, settings.worker_threads)
        register(worker, activities)
        worker.start()
        with _ready(settings.worker_ready_file):
            log.info("Taking work from %s, task hub %s.", settings.dts_endpoint, settings.dts_taskhub)
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


def _provider(settings: WorkerSettings) -> "Provider":
    from worker.adapters.providers import NO_KEY, OPENAI_URL, AzureProvider, OpenAIProvider

    if settings.azure_openai_endpoint:
        return AzureProvider(settings.azure_openai_endpoint, settings.azure_openai_chat_deployment or "")
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else NO_KEY
    return OpenAIProvider(settings.openai_base_url or OPENAI_URL, settings.openai_model or "", key)


def _open_tools(settings: WorkerSettings, loop: "ClientLoop") -> tuple["McpToolBox", "ActionGateway"]:
    from worker.adapters.mcp_actions import McpActionGateway
    from worker.adapters.mcp_session import McpSession
    from worker.adapters.mcp_tools import McpToolBox

    token = settings.mcp_write_token.get_secret_value() if settings.mcp_write_token else None
    reading = McpSession(settings.mcp_server_uri)
    writing = McpSession(settings.mcp_server_uri, token)
    loop.close_with(reading.close)
    loop.close_with(writing.close)
    return McpToolBox(reading, loop), McpActionGateway(writing, loop)


def _open_model(provider: "Provider", loop: "ClientLoop") -> "OpenAIModel":
    from worker.adapters.openai_model import OpenAIModel
    from worker.adapters.providers import open_client

    client = open_client(provider)
    loop.close_with(client.close)
    return OpenAIModel(client, provider.model, loop)


def _policy(settings: WorkerSettings) -> InvestigationPolicy:
    return InvestigationPolicy(
        auto_clear_threshold=settings.auto_clear_threshold,
        quality_check_share=settings.quality_check_share,
        approval_timeout_hours=settings.analyst_approval_timeout_hours,
        escalation_timeout_hours=settings.escalation_timeout_hours,
        max_review_attempts=settings.max_review_attempts,
    )


def _limits(settings: WorkerSettings) -> Limits:
    return Limits(
        model_calls=settings.agent_max_model_calls,
        tool_calls=settings.agent_max_tool_calls,
        tokens=settings.agent_max_tokens,
        seconds=settings.agent_max_seconds,
        model_timeout_s=settings.model_timeout_seconds,
        tool_timeout_s=settings.tool_timeout_seconds,
    )


@contextmanager
def _ready(marker: Path | None) -> Generator[None]:
    """Show by a file that work is being taken."""
    if marker is None:
        yield
        return
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text("ready\n", encoding="utf-8")
    try:
        yield
    finally:
        marker.unlink(missing_ok=True)
