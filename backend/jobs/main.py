"""The process of a job: does one thing, says what it did, and ends."""

import argparse
import os
import sys
from collections.abc import Sequence

from backend.desk_settings import DeskSettings
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import CasebookUnavailable
from casebook.schedules_api import SchedulesApi
from contracts.far_settings import why_far_from_desk
from contracts.schedules import BY_JOB, RESET_COUNTS
from runtime.files import keep_private
from runtime.log_lines import set_up_logging
from runtime.settings import SettingsInvalid, read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job. Returns the exit code: 0 also where there was nothing to do, 1 with one sentence on standard error."""
    _parser().parse_args(arguments)
    keep_private()
    try:
        if (reason := why_far_from_desk(os.environ, unless_said="local")) is not None:
            raise SettingsInvalid(reason)
        settings = read_settings(DeskSettings)
        set_up_logging(settings.log_format, settings.log_level)
        engine = open_engine(settings.casebook_url)
        try:
            upgrade(engine)
            settings.log_secret_sources()
            said = _reset_counts(SchedulesApi(Transactions(engine)))
        finally:
            engine.dispose()
    except (SettingsInvalid, CasebookUnavailable) as error:
        sys.stderr.write(f"jobs: {error}\n")
        return 1
    sys.stdout.write(said + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backend.jobs",
        description="Does once what the backend's schedules do, for a scheduler outside. Reads CASEBOOK_URL.",
    )
    jobs = parser.add_subparsers(dest="job", required=True)
    jobs.add_parser(
        RESET_COUNTS,
        help="set the message counts of all users to 0, unless that was done today (UTC) or the schedule is paused",
    )
    return parser


def _reset_counts(schedules: SchedulesApi) -> str:
    if schedules.run_due(RESET_COUNTS, BY_JOB):
        return "The message counts of all users are 0."
    (schedule,) = schedules.list_schedules().items
    if schedule.state == "paused":
        return "Nothing was done: the schedule is paused."
    return "Nothing was done: the counts were reset today already, or are counted since today."
