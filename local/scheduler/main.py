"""Command line and wiring."""

import argparse
import asyncio
import gc
import importlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from local.loopback import LoopbackOnly, require_loopback
from local.scheduler.errors import CannotOpen
from runtime.files import keep_private
from runtime.log_lines import set_up_logging
from runtime.settings import ProcessSettings, SettingsInvalid, read_settings
from runtime.signals import stop_event


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(
        prog="python -m local.scheduler",
        description="A durable task scheduler for one machine. Stands in for Azure Durable Task Scheduler.",
    )
    root.add_argument("command", nargs="?", choices=("serve", "status"), default="serve", help="default: serve")
    root.add_argument("--data", type=Path, required=True, help="folder of the database; created if needed")
    root.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default 127.0.0.1)")
    root.add_argument("--port", type=int, default=8080, help="gRPC port (default 8080, 0: any free one)")
    root.add_argument("--http-port", type=int, default=None, help="port of /metrics and /healthz (default: off)")
    root.add_argument(
        "--durability",
        choices=("full", "normal"),
        default="full",
        help="full: an answer means it is on disk; normal: it survives the process, not a power cut (default full)",
    )
    root.add_argument("--retain", type=float, default=None, metavar="DAYS", help="purge what ended longer ago")
    root.add_argument(
        "--grace", type=float, default=30.0, metavar="SECONDS", help="how long a lost worker may take to come back"
    )
    root.add_argument(
        "--max-deliveries",
        type=_count,
        default=10,
        metavar="N",
        help="work with which N workers were lost fails; 0: it is handed out for ever (default 10)",
    )
    root.add_argument("--no-auto-hubs", action="store_true", help="do not create task hubs on first use")
    return root


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns the exit code."""
    arguments = parser().parse_args(argv)
    keep_private()
    try:
        if arguments.command == "status":
            from local.scheduler.status import report

            sys.stdout.write(report(arguments.data) + "\n")
            return 0
        require_loopback(arguments.host, instead="Azure Durable Task Scheduler (DTS_ENDPOINT=https://…)")
        settings = read_settings(ProcessSettings)
        set_up_logging(settings.log_format, settings.log_level)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve(arguments))
    except (SettingsInvalid, LoopbackOnly, CannotOpen) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop's event loop where it is installed: it needs less processor time."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def serve(arguments: argparse.Namespace) -> None:
    """Serves until SIGINT or SIGTERM."""
    from local.scheduler.engine import Engine, Options
    from local.scheduler.metrics import Metrics
    from local.scheduler.monitoring import MonitoringServer
    from local.scheduler.rpc.server import Server
    from local.scheduler.services.servicer import Servicer

    engine = Engine(
        Options(
            data=arguments.data,
            durable=arguments.durability == "full",
            grace=arguments.grace,
            max_deliveries=arguments.max_deliveries,
            retain_days=arguments.retain,
            auto_hubs=not arguments.no_auto_hubs,
            failpoint=os.environ.get("CASEWRIGHT_SCHEDULER_FAILPOINT"),
        )
    )
    metrics = Metrics()
    metrics.add_gauges(engine.dispatcher.gauges)
    metrics.add_gauges(
        lambda: {"commits_total": engine.group_commit.commits, "operations_total": engine.group_commit.operations}
    )
    try:
        server = Server(Servicer(engine), metrics, arguments.host, arguments.port)
    except CannotOpen:
        await engine.stop()
        raise
    await engine.start()
    await server.start()
    http = None if arguments.http_port is None else MonitoringServer(metrics, arguments.host, arguments.http_port)
    if http is not None:
        http.start()
    # Every call makes and drops many small objects without cycles: collecting them often finds nothing.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    log = logging.getLogger("casewright.scheduler")
    log.info(
        "Listening on %s:%d, data in '%s', durability %s.",
        arguments.host,
        server.port,
        arguments.data,
        arguments.durability,
    )
    stop = stop_event()
    await stop.wait()
    log.info("Stopping.")
    engine.dispatcher.close_streams()
    await server.stop(1.0)
    if http is not None:
        await http.stop()
    await engine.stop()
