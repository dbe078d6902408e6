"""Which customers a recording speaks of."""

from dataclasses import dataclass
from pathlib import Path

from contracts.recordings import UNREADABLE, file_problem, recorded_lines
from contracts.telemetry_reader import SetAside, TelemetryReader


class UnreadableRecording(Exception):
    """The file cannot be read; the message is one sentence that says how to mend it."""


@dataclass(frozen=True)
class RecordedCustomers:
    """What was found: the ids, how many lines named one, and the numbers of the lines that did not parse (from 1)."""

    customer_ids: frozenset[int]
    lines: int
    bad_lines: tuple[int, ...]


def recorded_customers(path: Path) -> RecordedCustomers:
    """The customers in a recording of telemetry events, as the desk would read it: JSON lines, gzipped or not.

    Lines that do not parse are counted and skipped. Raises `UnreadableRecording` when the file itself is no good.
    """
    customer_ids: set[int] = set()
    bad_lines: list[int] = []
    lines = 0
    reader = TelemetryReader()
    try:
        for line in recorded_lines(path):
            for customer in reader.customers(line):
                lines += 1
                if isinstance(customer, SetAside):
                    bad_lines.append(line.number)
                else:
                    customer_ids.add(customer)
    except UNREADABLE as error:
        raise UnreadableRecording(
            f"The recording {path} cannot be read ({file_problem(error)}): give the path of a .jsonl or .jsonl.gz file."
        ) from error
    return RecordedCustomers(frozenset(customer_ids), lines - len(bad_lines), tuple(bad_lines))
