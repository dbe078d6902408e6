"""Reads current claims; expired ones do not count."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_

from casebook.projection.case_head import CaseHead
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from contracts.claim import Claim

_CASES = table_of(CaseRow)


def running_claim(case: CaseHead | PlainRow, now: datetime) -> Claim | None:
    """The claim on a case, or None when there is none or it has run out."""
    if case.assignee is None or case.claimed_at is None or case.claim_expires_at is None:
        return None
    if case.claim_expires_at <= now:
        return None
    return Claim(assignee=case.assignee, claimed_at=case.claimed_at, expires_at=case.claim_expires_at)


def unclaimed(now: datetime) -> ColumnElement[bool]:
    """The condition that no claim runs on a case."""
    return or_(_CASES.c.assignee.is_(None), _CASES.c.claim_expires_at <= now)
