"""What surrounds every step."""

import logging

from durabletask import task

from runtime.log_lines import TextFormatter
from worker.activities.recorded import for_the_scheduler


def line_of_a_library(_: task.ActivityContext, order: str) -> str:
    return TextFormatter().format(logging.LogRecord("mcp.client", logging.WARNING, "x.py", 1, order, (), None))


def test_every_log_line_of_a_step_names_its_case() -> None:
    step = for_the_scheduler(line_of_a_library)

    of_a_case = step(task.ActivityContext("case-7", 1), "The server is slow.")
    of_a_reversal = step(task.ActivityContext("case-8:unlock_account:1", 1), "The server is slow.")

    assert "case_id=case-7 " in of_a_case
    assert "case_id=case-8 " in of_a_reversal
    assert "case_id" not in line_of_a_library(task.ActivityContext("case-7", 1), "The server is slow.")
