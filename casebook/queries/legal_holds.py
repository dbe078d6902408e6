"""Reads legal holds."""

from sqlalchemy import ColumnElement, Connection, bindparam, exists, or_, select

from casebook.errors import UnderLegalHold
from casebook.projection.case_head import CaseHead
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import AlertRow, CaseRow
from contracts.legal_hold import LegalHold

_CASES = table_of(CaseRow)

LEGAL_HOLD = ("legal_hold_by", "legal_hold_since", "legal_hold_reason")
"""The columns of a case that its legal hold needs."""
HELD = _CASES.c.legal_hold_since.is_not(None)
"""The condition that a case is under a legal hold."""

_ALERTS = table_of(AlertRow)
_MINE = _ALERTS.alias("mine")
OTHERS = _CASES.alias("other")
"""Cases beside the one that a condition is about."""
OTHER_IS_HELD = OTHERS.c.legal_hold_since.is_not(None)
_HELD_ALERTS = select(_ALERTS.c.alert_id).join(OTHERS, OTHERS.c.case_id == _ALERTS.c.case_id).where(OTHER_IS_HELD)
"""That cases under a legal hold have, or had."""
IS_ONE_WITH_HELD: ColumnElement[bool] = or_(
    exists().where(OTHER_IS_HELD, OTHERS.c.case_id == _CASES.c.merged_into),
    # It has, or had, an alert of a case under a legal hold: they were merged, or it was detached.
    exists().where(_MINE.c.case_id == _CASES.c.case_id, _MINE.c.alert_id.in_(_HELD_ALERTS)),
)
"""The condition that a case was merged with one under a legal hold, or detached from it."""

_HELD = select(_CASES.c.case_id).where(_CASES.c.case_id == bindparam("of_case"), HELD)


def current_legal_hold(case: CaseHead | PlainRow) -> LegalHold | None:
    """The legal hold of a case, or None when there is none."""
    if case.legal_hold_by is None or case.legal_hold_since is None or case.legal_hold_reason is None:
        return None
    return LegalHold(held_by=case.legal_hold_by, held_since=case.legal_hold_since, reason=case.legal_hold_reason)


def refuse_held(connection: Connection, case_id: str) -> None:
    """Raises UnderLegalHold when nothing of the case may be erased."""
    if connection.execute(_HELD, {"of_case": case_id}).first() is not None:
        raise UnderLegalHold(case_id)
