"""Reads current snoozes; those whose time is over do not count."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_

from casebook.projection.case_head import CaseHead
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from contracts.snooze import Snooze

_CASES = table_of(CaseRow)

SNOOZE = ("snoozed_until", "snoozed_by", "snoozed_until_activity")
"""The columns of a case that its snooze needs."""


def current_snooze(case: CaseHead | PlainRow, now: datetime) -> Snooze | None:
    """The snooze of a case, or None when there is none or its time is over."""
    if case.snoozed_until is None or case.snoozed_by is None or case.snoozed_until <= now:
        return None
    return Snooze(
        snoozed_by=case.snoozed_by, until=case.snoozed_until, until_activity=bool(case.snoozed_until_activity)
    )


def awake(now: datetime) -> ColumnElement[bool]:
    """The condition that a case is not snoozed."""
    return or_(_CASES.c.snoozed_until.is_(None), _CASES.c.snoozed_until <= now)
