"""Whether enough records were read for a low score: reading less must not lower it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from contracts.instants import moved
from screening import thresholds
from screening.tool_answers import Answers, ToolAnswer


@dataclass(frozen=True)
class _Listing:
    """A tool that lists by time: the field of the list, that of an entry's time, and how it is asked for less."""

    entries: str
    at: str
    limited: bool
    """Whether it shows the newest `limit` entries."""
    dated: bool
    """Whether it shows the last `days` days."""
    newest_first: bool = True


_LISTINGS: Mapping[str, _Listing] = {
    "get_data_usage": _Listing("days", "day", limited=False, dated=True, newest_first=False),
    "get_security_logs": _Listing("entries", "at", limited=True, dated=True),
    "get_recent_charges": _Listing("charges", "at", limited=False, dated=True),
    "get_orders": _Listing("orders", "ordered_at", limited=True, dated=False),
    "get_support_tickets": _Listing("tickets", "opened_at", limited=True, dated=False),
}
REQUIRED = ("get_customer", "get_subscriptions", "get_billing_summary", *_LISTINGS)
"""What somebody must have read before the rules can find nothing: each of them may hold what speaks for fraud."""


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
        elif tool in _LISTINGS:
            listing = _LISTINGS[tool]
            if _ends_before(answer, began):
                yield f"{tool} ends before the alert"
            elif not _reaches(answer, listing, moved(began, -thresholds.REACH)):
                yield f"{tool} was not read back to {thresholds.REACH.days} days before the alert"


def _width(answer: ToolAnswer) -> int:
    listing = _LISTINGS.get(answer.tool)
    return -1 if not answer.ok else len(_entries(answer, listing)) if listing else 0


def _ends_before(answer: ToolAnswer, began: datetime) -> bool:
    """Whether the records end, as they say themselves, before what they are asked about."""
    stated = answer.data.get("as_of") if isinstance(answer.data, dict) else None
    ends = _moment(answer.data, "as_of")
    return stated is not None and (ends is None or ends < moved(began, -thresholds.CLOCKS_APART))


def _reaches(answer: ToolAnswer, listing: _Listing, since: datetime) -> bool:
    """Whether the entries show that none is missing since then, or are too few for any to be.

    What was asked for proves nothing: a server may show less without a word.
    """
    entries = _entries(answer, listing)
    moments = [_moment(entry, listing.at) for entry in entries]
    if entries:
        if _shows(moments, since, listing):
            return True
        return not listing.dated and len(entries) < min(_asked(answer, "limit"), thresholds.FEWEST_CUT)
    if not listing.dated:
        return True
    ends, days = _moment(answer.data, "as_of"), timedelta(days=_asked(answer, "days"))
    return ends is not None and moved(ends, -days) <= since


def _shows(moments: Sequence[datetime | None], since: datetime, listing: _Listing) -> bool:
    oldest, newest = (moments[-1], moments[0]) if listing.newest_first else (moments[0], moments[-1])
    # In another order than agreed, what is cut off may be the newest.
    return oldest is not None and newest is not None and oldest <= since and oldest <= newest


def _entries(answer: ToolAnswer, listing: _Listing) -> Sequence[JsonValue]:
    listed = answer.data.get(listing.entries) if isinstance(answer.data, dict) else None
    return listed if isinstance(listed, list) else ()


def _asked(answer: ToolAnswer, argument: str) -> int:
    """How much was asked for; the least where that cannot be read, or was left to the server."""
    value = answer.arguments.get(argument)
    if isinstance(value, bool) or not isinstance(value, int):
        return 1
    return max(0, min(value, thresholds.MOST_ASKED))


def _moment(record: JsonValue, field: str) -> datetime | None:
    text = record.get(field) if isinstance(record, dict) else None
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
