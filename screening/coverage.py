"""Do the records that were read show what calm needs to see? Whoever reads little must not look calm for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from contracts.instants import moved
from screening import thresholds
from screening.answers import Answers, ToolAnswer


@dataclass(frozen=True)
class _Listing:
    """A tool that lists by time: the field of the list, that of an entry's time, and how it is asked for less."""

    entries: str
    at: str
    limited: bool
    """Whether it shows the newest `limit` entries."""
    dated: bool
    """Whether it shows the last `days` days."""


_LISTINGS: Mapping[str, _Listing] = {
    "get_data_usage": _Listing("days", "day", limited=False, dated=True),
    "get_security_logs": _Listing("entries", "at", limited=True, dated=True),
    "get_recent_charges": _Listing("charges", "at", limited=False, dated=True),
    "get_orders": _Listing("orders", "ordered_at", limited=True, dated=False),
    "get_support_tickets": _Listing("tickets", "opened_at", limited=True, dated=False),
}
REQUIRED = ("get_customer", "get_subscriptions", "get_billing_summary", *_LISTINGS)
"""What somebody must have read before the rules can be calm: each of them may hold what speaks for fraud."""


def widest(answers: Answers) -> Answers:
    """One answer of each tool: the one that shows most, the latest of several. A failure only where nothing else is.

    Every listing shows the newest first, so that the longer of two holds the shorter.
    """
    chosen: dict[str, ToolAnswer] = {}
    for answer in answers.all:
        known = chosen.get(answer.tool)
        if known is None or _width(answer) >= _width(known):
            chosen[answer.tool] = answer
    return Answers(tuple(chosen.values()))


def gaps(answers: Answers, began: datetime) -> Iterator[str]:
    """Which of the required records were not read, or not far enough back from when the alert began, in few words."""
    for tool in REQUIRED:
        answer = answers.of(tool)
        if answer is None:
            yield f"{tool} was not read"
        elif not answer.ok:
            yield f"{tool} gave no records"
        elif tool in _LISTINGS and not _reaches(answer, _LISTINGS[tool], moved(began, -thresholds.REACH)):
            yield f"{tool} was not read back to {thresholds.REACH.days} days before the alert"


def _width(answer: ToolAnswer) -> int:
    listing = _LISTINGS.get(answer.tool)
    return -1 if not answer.ok else len(_entries(answer, listing)) if listing else 0


def _reaches(answer: ToolAnswer, listing: _Listing, since: datetime) -> bool:
    entries = _entries(answer, listing)
    moments = [moment for entry in entries if (moment := _moment(entry, listing.at)) is not None]
    if moments and min(moments) <= since:
        return True
    if listing.limited and len(entries) >= _asked(answer, "limit", thresholds.LIMIT_UNLESS_ASKED):
        return False
    if not listing.dated:
        return True
    ends = _moment(answer.data, "as_of") or max(moments, default=None)
    days = timedelta(days=_asked(answer, "days", thresholds.DAYS_UNLESS_ASKED))
    return ends is not None and moved(ends, -days) <= since


def _entries(answer: ToolAnswer, listing: _Listing) -> Sequence[JsonValue]:
    listed = answer.data.get(listing.entries) if isinstance(answer.data, dict) else None
    return listed if isinstance(listed, list) else ()


def _asked(answer: ToolAnswer, argument: str, otherwise: int) -> int:
    value = answer.arguments.get(argument)
    return min(value, thresholds.MOST_ASKED) if isinstance(value, int) and value > 0 else otherwise


def _moment(record: JsonValue, field: str) -> datetime | None:
    text = record.get(field) if isinstance(record, dict) else None
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
