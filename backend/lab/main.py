"""The process of one back-test: started by a backend, which holds its standard input open as long as it lives."""

import argparse
import asyncio
import logging
import os
import sys
import threading
from collections.abc import Sequence

from backend.executor import BlockingExecutor
from backend.ingest.settings import TelemetrySettings
from backend.lab.back_test import STOPPED, TOLD_TO_END, BackTestRun
from backend.lab.options import lab_options
from casebook.async_api import AsyncBackTests, AsyncDetectionRules
from casebook.back_tests_api import BackTestsApi
from casebook.database.engine import open_engine, require_current
from casebook.database.transactions import Transactions
from casebook.detection_rules_api import DetectionRulesApi
from casebook.errors import CasebookError
from runtime.files import keep_private
from runtime.log_lines import set_up_logging
from runtime.settings import SettingsInvalid, read_settings
from runtime.signals import stop_event

NICENESS = 10
"""Live ingestion and answers to people come first."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one back-test to its end. Exits with 1 and one sentence when it cannot start."""
    asked = _parser().parse_args(arguments)
    keep_private()
    try:
        settings = read_settings(TelemetrySettings)
        set_up_logging(settings.log_format, settings.log_level)
        os.nice(NICENESS)
        engine = open_engine(settings.casebook_url)
        require_current(engine)
        logging.getLogger("backend.ingest").setLevel(logging.ERROR)
        transactions = Transactions(engine)
        threads = BlockingExecutor()
        run = BackTestRun(
            AsyncBackTests(BackTestsApi(transactions), threads),
            AsyncDetectionRules(DetectionRulesApi(transactions), threads),
            lab_options(settings),
            asked.back_test_id,
            asked.owner,
        )
        settings.log_secret_sources()
        asyncio.run(_run(run))
        engine.dispose()
    except (SettingsInvalid, CasebookError) as error:
        sys.exit(f"lab: {error}")


async def _run(run: BackTestRun) -> None:
    stop = stop_event()
    loop, orphaned = asyncio.get_running_loop(), threading.Event()

    def follow_parent() -> None:
        # Ends when the backend does, however it does: nobody else has the other end of the pipe.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        orphaned.set()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=follow_parent, name="parent", daemon=True).start()
    await run.run(stop, lambda: STOPPED if orphaned.is_set() else TOLD_TO_END)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backend.lab",
        description="Runs one back-test that a backend has taken, until it is done, cancelled, or standard input ends.",
    )
    parser.add_argument("back_test_id", help="as it is on record")
    parser.add_argument("owner", help="who holds the lease of it")
    return parser
