"""What anybody can cause fills no log."""

import logging

import pytest

from runtime.log_floods import PER_MINUTE, FloodLimit
from runtime.log_lines import CAUSED_BY_ANYBODY, set_up_logging


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def passed(limit: FloodLimit, times: int, level: int = logging.WARNING) -> list[str]:
    records = [logging.LogRecord("x", level, "x.py", 1, "Refused: %d", (each,), None) for each in range(times)]
    return [record.getMessage() for record in records if limit.filter(record)]


def test_more_lines_than_a_minute_has_are_counted() -> None:
    clock = Clock()
    limit = FloodLimit(clock)
    assert passed(limit, 1_000) == [f"Refused: {each}" for each in range(PER_MINUTE)]
    clock.now += 59
    assert passed(limit, 1) == []
    clock.now += 1
    assert passed(limit, 2) == [f"Refused: 0 ({1_001 - PER_MINUTE} more lines were left out before)", "Refused: 1"]


def test_errors_are_never_left_out() -> None:
    limit = FloodLimit(Clock())
    passed(limit, 1_000)
    assert len(passed(limit, 1_000, logging.ERROR)) == 1_000


def test_line_that_cannot_be_written_ends_nobody() -> None:
    clock = Clock()
    limit = FloodLimit(clock)
    passed(limit, 1_000)
    clock.now += 60
    assert limit.filter(logging.LogRecord("x", logging.WARNING, "x.py", 1, "%d of %d", ("one",), None))


@pytest.mark.parametrize("name", CAUSED_BY_ANYBODY)
def test_every_process_limits_what_strangers_cause(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("text", "INFO")
    for _ in range(1_000):
        logging.getLogger(name).warning("Refused.")
    # Two minutes at most: one may end meanwhile.
    assert PER_MINUTE <= capsys.readouterr().err.count("Refused.") <= 2 * PER_MINUTE
