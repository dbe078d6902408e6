"""The hash chain of lines that belong to no case: the access record, the desk log. Pure: no database, no clock.

A line that is changed, removed, added or moved breaks its chain.
"""

from typing import TypeVar

from contracts.base import Contract
from contracts.hashing import content_hash

UNSEALED = content_hash([])
"""The hash of a line that has none yet."""

Line = TypeVar("Line", bound=Contract)


def line_hash(previous: str | None, line: Contract) -> str:
    """The hash of a line that follows the line with the hash `previous`."""
    said = line.model_dump(mode="json", exclude={"hash"})
    return content_hash({"previous": previous, **said})


def sealed(previous: str | None, line: Line) -> Line:
    """The line with its hash, after the line with the hash `previous`."""
    return line.model_copy(update={"hash": line_hash(previous, line)})
