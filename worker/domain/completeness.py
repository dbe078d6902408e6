"""Does a specialist have the records without which its calm would be a guess?"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from contracts.alert import Alert
from contracts.report import Evidence, Specialist

KEY_RECORDS: Mapping[Specialist, str] = {
    "usage": "get_data_usage",
    "location": "get_security_logs",
    "billing": "get_recent_charges",
}
STALE_DAYS = 14
"""Records that end so long before the alert say nothing about it."""


def lacking(specialist: Specialist, alert: Alert, evidence: Iterable[Evidence]) -> str | None:
    """Why the specialist cannot call the case harmless, in one sentence; None when it has what that takes.

    Its key records must have been read, hold entries, and reach up to STALE_DAYS days before the alert. A later end is
    no fault: an alert may be looked at long after it was raised.
    """
    tool = KEY_RECORDS[specialist]
    answers = [call.result for call in evidence if call.ok and call.tool == tool]
    if not answers:
        return f"It did not read {tool}."
    if not any(_has_entries(answer) for answer in answers):
        return f"The records of {tool} are empty."
    ends = max((moment for answer in answers for moment in _ends(answer)), default=None)
    # Not `raised_at - STALE_DAYS`: the calendar begins somewhere, and an alert may be dated there.
    if ends is None or alert.raised_at - ends <= timedelta(days=STALE_DAYS):
        return None
    return f"The records of {tool} end on {ends:%Y-%m-%d}, more than {STALE_DAYS} days before the alert."


def _has_entries(answer: JsonValue) -> bool:
    return isinstance(answer, dict) and any(isinstance(part, list) and part for part in answer.values())


def _ends(answer: JsonValue) -> Iterator[datetime]:
    """The moment up to which an answer says that its records go; else the days that it lists."""
    if not isinstance(answer, dict):
        return
    stated = _moment(answer.get("as_of"))
    if stated is not None:
        yield stated
        return
    days = answer.get("days")
    for day in days if isinstance(days, list) else ():
        moment = _moment(day.get("day")) if isinstance(day, dict) else None
        if moment is not None:
            yield moment


def _moment(value: JsonValue) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
