"""Pages of lists with their opaque cursors, and other results of queries that are no contracts."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import Field, NonNegativeInt, TypeAdapter, ValidationError

from casebook.errors import MalformedCursor
from contracts.base import Contract
from contracts.case import CaseEvent, CaseSummary
from contracts.fraud_case import RecordedAlert
from contracts.hashing import HASH_PREFIX, content_hash
from contracts.ids import CaseId
from contracts.note import Note

T = TypeVar("T")
Position: TypeAlias = tuple[Any, ...]
"""Where a page of the case list ended: the query's fingerprint, then the values of its order's columns."""
Seq = Annotated[int, Field(ge=0, lt=2**63)]

BEFORE_ANY = 2**63 - 1
"""Sorts after every `seq`: where a list starts without a cursor."""

MAX_PAGE = 500
"""No page is longer, whatever was asked for."""


class OpenedCase(Contract):
    """The case of an alert. `created` and `joined` are false when the alert was on record already."""

    case_id: CaseId
    created: bool
    joined: bool = False
    """Whether the alert has just joined an open case."""
    overtaken_round: int | None = None
    """The round whose question it overtook: its orchestration must be woken."""


class Backlog(Contract):
    """How many starts and decisions the scheduler has not acknowledged."""

    unscheduled: NonNegativeInt
    """Cases whose orchestration has not been confirmed scheduled."""
    undelivered: NonNegativeInt
    """Decisions that the scheduler has not acknowledged."""


class CasePage(Contract):
    """One page of the case list. `next_cursor` is null on the last."""

    items: tuple[CaseSummary, ...]
    next_cursor: str | None
    total: int | None
    """How many cases the whole list has; null when counting them would cost more than it tells."""


class AlertPage(Contract):
    """One page of the alert list, newest first. `next_cursor` is null on the last."""

    items: tuple[RecordedAlert, ...]
    next_cursor: str | None


class NotePage(Contract):
    """Notes of one case, oldest first: its newest, or those before another page. `next_cursor` leads further back."""

    items: tuple[Note, ...]
    next_cursor: str | None
    total: NonNegativeInt
    """How many notes the case has."""


class EventPage(Contract):
    """Events of one case, oldest first: its newest, or those before another page. `next_cursor` leads further back."""

    items: tuple[CaseEvent, ...]
    next_cursor: str | None
    total: NonNegativeInt
    """How many events the whole list has."""


def back_from(newest_first: Sequence[T], length: int) -> tuple[tuple[T, ...], bool]:
    """The page of at most `length` in the order in which they happened, and whether more happened before them."""
    return tuple(reversed(newest_first[:length])), len(newest_first) > length


def write_cursor(listed: str, seq: int) -> str:
    """The opaque cursor that continues the list of this name below `seq`. Safe in a URL."""
    return _opaque(f"{listed}:{seq}".encode())


def read_cursor(listed: str, cursor: str | None) -> int:
    """The `seq` to continue below. Raises MalformedCursor for anything that `write_cursor` did not write."""
    if cursor is None:
        return BEFORE_ANY
    name, _, number = _transparent(cursor).rpartition(b":")
    if name != listed.encode() or not number.isdigit() or not 0 < int(number[:20]) <= BEFORE_ANY:
        raise MalformedCursor
    seq = int(number[:20])
    if write_cursor(listed, seq) != cursor:
        raise MalformedCursor
    return seq


def write_position(shape: TypeAdapter[Position], query: Contract, values: Sequence[Any]) -> str:
    """The opaque cursor that continues the answer to `query` after `values`. Safe in a URL."""
    return _opaque(shape.dump_json((_fingerprint(query), *values)))


def read_position(shape: TypeAdapter[Position], query: Contract, cursor: str) -> Sequence[Any]:
    """The values to continue after. Raises MalformedCursor for a cursor of another query, or of none."""
    try:
        fingerprint, *values = shape.validate_json(_transparent(cursor))
    except ValidationError:
        raise MalformedCursor from None
    if fingerprint != _fingerprint(query) or write_position(shape, query, values) != cursor:
        raise MalformedCursor
    return values


def page_length(limit: int) -> int:
    """`limit`, clamped to 1 … `MAX_PAGE`."""
    return max(1, min(limit, MAX_PAGE))


def _fingerprint(query: Contract) -> str:
    return content_hash(query).removeprefix(HASH_PREFIX)[:16]


def _opaque(plain: bytes) -> str:
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def _transparent(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise MalformedCursor from None
