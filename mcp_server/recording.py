"""Which customers a recording speaks of."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.telemetry import CustomerId


class UnreadableRecording(Exception):
    """The file cannot be read; the message is one sentence that says how to mend it."""


@dataclass(frozen=True)
class RecordedCustomers:
    """What was found: the ids, how many lines named one, and the numbers of the lines that did not parse (from 1)."""

    customer_ids: frozenset[int]
    lines: int
    bad_lines: tuple[int, ...]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True)

    customer_id: CustomerId


def recorded_customers(path: Path) -> RecordedCustomers:
    """The customers in a recording of telemetry events, JSON lines, gzipped when the name ends in `.gz`.

    Lines that do not parse are counted and skipped. Raises `UnreadableRecording` when the file itself is no good.
    """
    customer_ids: set[int] = set()
    bad_lines: list[int] = []
    lines = 0
    try:
        for number, line in enumerate(_lines(path), start=1):
            if not line.strip():
                continue
            lines += 1
            try:
                customer_ids.add(_Line.model_validate_json(line).customer_id)
            except ValidationError:
                bad_lines.append(number)
    except (OSError, EOFError) as error:
        raise UnreadableRecording(
            f"The recording {path} cannot be read ({error}): give the path of a .jsonl or .jsonl.gz file."
        ) from error
    return RecordedCustomers(frozenset(customer_ids), lines - len(bad_lines), tuple(bad_lines))


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        yield from stream
