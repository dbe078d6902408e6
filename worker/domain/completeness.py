"""Whether a specialist has, and cites, the records that a low score needs."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from contracts.alert import Alert, name_of
from contracts.report import Evidence, Finding, Specialist, ToolCall
from screening.required_evidence import KEY_RECORDS, events_to_cite

STALE_DAYS = 14
"""Records that end this long before the alert say nothing about it."""


def lacking(specialist: Specialist, alerts: Sequence[Alert], evidence: Iterable[Evidence]) -> str | None:
    """Why the specialist cannot call the case harmless, in one sentence; None when it has what that takes.

    Its key records must have been read, hold entries, and reach up to STALE_DAYS days before each alert. A later end
    is no fault: an alert may be looked at long after it was raised.
    """
    tool = KEY_RECORDS[specialist]
    answers = [call.result for call in evidence if call.ok and call.tool == tool]
    if not answers:
        return f"It did not read {tool}."
    if not any(_has_entries(answer) for answer in answers):
        return f"The records of {tool} are empty."
    ends = max((moment for answer in answers for moment in _ends(answer)), default=None)
    # Not `raised_at - STALE_DAYS`: the calendar begins somewhere, and an alert may be dated there.
    last = max(alerts, key=lambda alert: alert.raised_at)
    if ends is None or last.raised_at - ends <= timedelta(days=STALE_DAYS):
        return None
    which = f" {name_of(last)}" if len(alerts) > 1 else ""
    return f"The records of {tool} end on {ends:%Y-%m-%d}, more than {STALE_DAYS} days before the alert{which}."


def uncited(
    specialist: Specialist, alerts: Sequence[Alert], findings: Iterable[Finding], answers: Iterable[Evidence | ToolCall]
) -> tuple[str, ...]:
    """What a low score must cite and does not: the key records by the name of their tool, trigger events by their ids.

    Each trigger event, of every alert, is the specialist's whose kind it is; only supported findings count.
    """
    cited = {each for finding in findings if not finding.unsupported for each in finding.evidence_ids}
    tool = KEY_RECORDS[specialist]
    records = {_id_of(answer) for answer in answers if answer.ok and answer.tool == tool}
    events = dict.fromkeys(event for alert in alerts for event in events_to_cite(alert, specialist))
    return (*([] if records & cited else [tool]), *_not_in(cited, events))


def _id_of(answer: Evidence | ToolCall) -> str:
    return answer.evidence_id if isinstance(answer, Evidence) else answer.tool_call_id


def _not_in(cited: Collection[str], wanted: Iterable[str]) -> Iterator[str]:
    return (each for each in wanted if each not in cited)


def _has_entries(answer: JsonValue) -> bool:
    return isinstance(answer, dict) and any(isinstance(part, list) and part for part in answer.values())


def _ends(answer: JsonValue) -> Iterator[datetime]:
    """The time up to which an answer says that its records are complete; else the days that it lists."""
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
