"""Answers of the repository that are no contract of their own, and the opaque cursors of its lists."""

import base64
import binascii
from typing import Literal

from pydantic import NonNegativeInt

from casebook.errors import MalformedCursor
from contracts.alert import Alert
from contracts.case import CaseSummary
from contracts.ids import CaseId
from contracts.model import Contract

ListName = Literal["cases", "alerts"]

BEFORE_ANY = 2**63 - 1
"""Sorts after every `seq`: where a list starts without a cursor."""

MAX_PAGE = 500
"""No page is longer, whatever was asked for."""


class OpenedCase(Contract):
    """The case of an alert. `created` is false when the alert already had one."""

    case_id: CaseId
    created: bool


class Backlog(Contract):
    """How much the scheduler has yet to be told of."""

    unscheduled: NonNegativeInt
    """Cases whose orchestration has not been confirmed scheduled."""
    undelivered: NonNegativeInt
    """Decisions of which the orchestration has not been told."""


class CasePage(Contract):
    """One page of the case list, newest first. `next_cursor` is null on the last."""

    items: tuple[CaseSummary, ...]
    next_cursor: str | None


class AlertPage(Contract):
    """One page of the alert list, newest first. `next_cursor` is null on the last."""

    items: tuple[Alert, ...]
    next_cursor: str | None


def write_cursor(listed: ListName, seq: int) -> str:
    """The opaque cursor that continues a list below `seq`. Safe in a URL."""
    return base64.urlsafe_b64encode(f"{listed}:{seq}".encode()).decode().rstrip("=")


def read_cursor(listed: ListName, cursor: str | None) -> int:
    """The `seq` to continue below. Raises MalformedCursor for anything that `write_cursor` did not write."""
    if cursor is None:
        return BEFORE_ANY
    try:
        text = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise MalformedCursor from None
    name, _, number = text.partition(":")
    if name != listed or not (number.isascii() and number.isdigit()) or not 0 < int(number[:20]) <= BEFORE_ANY:
        raise MalformedCursor
    seq = int(number[:20])
    if write_cursor(listed, seq) != cursor:
        raise MalformedCursor
    return seq


def page_length(limit: int) -> int:
    """`limit`, held between 1 and `MAX_PAGE`."""
    return max(1, min(limit, MAX_PAGE))
