"""Finds the customers in a recording of telemetry."""

from dataclasses import dataclass
from pathlib import Path

from contracts.recordings import UNREADABLE, file_problem, recorded_lines
from contracts.telemetry_dead_letters import DeadLetter
from contracts.telemetry_reader import TelemetryReader

MAX_CUSTOMERS = 100_000
"""How many customers one command adds: they are kept in memory until all files are read."""
MAX_IDLE_LINES = 1_000_000
"""How many more lines than events a recording may have."""


class UnreadableRecording(Exception):
    """The file cannot be read; the message is one sentence that says how to mend it."""


@dataclass(frozen=True)
class RecordedCustomers:
    """What was found: the ids, how many events named one, how many lines did not parse, and the first of these.

    `broken_off`: why nothing was read after that.
    """

    customer_ids: frozenset[int]
    events: int
    bad_lines: int
    first_bad_line: int | None
    """Counted from 1."""
    broken_off: str | None = None


def recorded_customers(path: Path, room: int = MAX_CUSTOMERS) -> RecordedCustomers:
    """The customers in a recording of telemetry events, as the backend reads it: JSON lines, gzipped or not.

    Lines that do not parse are counted and skipped, and of a file that is cut off or damaged what comes before counts,
    as it is played. Raises `UnreadableRecording` when there is nothing before, the file itself is no good, has far more
    lines without an event than with one, or names more than `room` customers.
    """
    customer_ids: set[int] = set()
    events, bad_lines, first_bad_line, broken_off = 0, 0, None, None
    reader = TelemetryReader()
    try:
        for line in recorded_lines(path):
            for customer in reader.customers(line):
                if isinstance(customer, DeadLetter):
                    bad_lines, first_bad_line = bad_lines + 1, first_bad_line or line.number
                else:
                    events += 1
                    customer_ids.add(customer)
            _refuse_endless(path, line.number, events, len(customer_ids), room)
    except UNREADABLE as error:
        broken_off = file_problem(error)
        if not events:
            raise UnreadableRecording(
                f"The recording {path} cannot be read ({broken_off}): give the path of a .jsonl or .jsonl.gz file."
            ) from error
    return RecordedCustomers(frozenset(customer_ids), events, bad_lines, first_bad_line, broken_off)


def _refuse_endless(path: Path, lines: int, events: int, customers: int, room: int) -> None:
    """A few hundred kilobytes, gzipped, can be minutes of blank lines."""
    if lines > events + MAX_IDLE_LINES:
        raise UnreadableRecording(
            f"The recording {path} has more than {MAX_IDLE_LINES:,} lines without an event: "
            "give a recording of telemetry, one event a line."
        )
    if customers > room:
        raise UnreadableRecording(
            f"With the recording {path} there are more than {MAX_CUSTOMERS:,} customers to add at once: "
            "add smaller recordings one after the other."
        )
