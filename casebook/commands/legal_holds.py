"""Places legal holds, and lifts them. Each command runs inside one transaction."""

from datetime import datetime

from sqlalchemy import Connection

from casebook.case_log.append import append
from casebook.case_log.locked_case import lock_case
from casebook.projection.legal_holds import LegalHoldLifted, LegalHoldPlaced
from casebook.queries.legal_holds import current_legal_hold
from contracts.legal_hold import LegalHold
from contracts.words import says_something


def place_legal_hold(connection: Connection, case_id: str, subject: str, reason: str, now: datetime) -> LegalHold:
    """Let nothing of a case, open or closed, be purged or erased; one that is in force already stays as it is.

    Raises ValueError where nobody says why.
    """
    _require(reason)
    case = lock_case(connection, case_id)
    current = current_legal_hold(case)
    if current is not None:
        return current
    append(connection, case, LegalHoldPlaced(reason=reason), subject, now)
    return LegalHold(held_by=subject, held_since=now, reason=reason)


def lift_legal_hold(connection: Connection, case_id: str, subject: str, reason: str, now: datetime) -> None:
    """End the legal hold of a case; nothing happens where there is none. It is kept for its full time from now on.

    Raises ValueError where nobody says why.
    """
    _require(reason)
    case = lock_case(connection, case_id)
    current = current_legal_hold(case)
    if current is not None:
        append(connection, case, LegalHoldLifted(reason=reason, held_by=current.held_by), subject, now)


def _require(reason: str) -> None:
    if not says_something(reason):
        raise ValueError("say why")
