"""Reads legal holds."""

from sqlalchemy import Connection, bindparam, select

from casebook.errors import UnderLegalHold
from casebook.projection.case_head import CaseHead
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from contracts.legal_hold import LegalHold

_CASES = table_of(CaseRow)

LEGAL_HOLD = ("legal_hold_by", "legal_hold_since", "legal_hold_reason")
"""The columns of a case that its legal hold needs."""
HELD = _CASES.c.legal_hold_since.is_not(None)
"""The condition that a case is under a legal hold."""

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
