"""Who works on a case. A claim is a lease: it ends by itself, so that no case stays locked by who went home."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from casebook.errors import ClaimedByOther, NotClaimed
from casebook.investigating import locked_case, refuse_closed
from casebook.log import Entry, append
from casebook.tables import CaseRow, PlainRow
from casebook.trust_tables import ProposalRow
from contracts.case import CaseState
from contracts.claim import Claim
from contracts.names import CaseEventType


def running_claim(case: CaseRow | PlainRow, now: datetime) -> Claim | None:
    """The claim on a case, or None when there is none or it has run out."""
    if case.claimed_by is None or case.claimed_at is None or case.claim_expires_at is None:
        return None
    if case.claim_expires_at <= now:
        return None
    return Claim(claimed_by=case.claimed_by, claimed_at=case.claimed_at, expires_at=case.claim_expires_at)


def refuse_claimed_by_other(case: CaseRow, subject: str, now: datetime) -> None:
    """Raises ClaimedByOther while somebody else's claim runs."""
    claim = running_claim(case, now)
    if claim is not None and claim.claimed_by != subject:
        raise ClaimedByOther(claim.claimed_by, claim.claimed_at)


def end_claim(case: CaseRow) -> None:
    """Nobody works on the case any more. Logs nothing: what ended it is logged by who calls this."""
    case.claimed_by = None
    case.claimed_at = None
    case.claim_expires_at = None


def unclaimed(now: datetime) -> ColumnElement[bool]:
    """The condition that no claim runs on a case."""
    return or_(CaseRow.claimed_by.is_(None), CaseRow.claim_expires_at <= now)


def claim(session: Session, case_id: str, subject: str, now: datetime, lease: timedelta) -> Claim:
    """Claim a case, or prolong one's own claim."""
    case = locked_case(session, case_id)
    refuse_closed(case)
    refuse_claimed_by_other(case, subject, now)
    current = running_claim(case, now)
    if current is not None:
        prolonged = current.model_copy(update={"expires_at": now + lease})
        case.claim_expires_at = prolonged.expires_at
        return prolonged
    return _claim_for(session, case, subject, subject, now, lease)


def assign(session: Session, case_id: str, assignee: str, manager: str, now: datetime, lease: timedelta) -> Claim:
    """Claim a case for `assignee`, whoever works on it, in the name of `manager`."""
    case = locked_case(session, case_id)
    refuse_closed(case)
    current = running_claim(case, now)
    if current is not None and current.claimed_by == assignee:
        return current
    return _claim_for(session, case, assignee, manager, now, lease)


def take_over(session: Session, case_id: str, subject: str, reason: str, now: datetime, lease: timedelta) -> Claim:
    """Make somebody else's running claim one's own."""
    case = locked_case(session, case_id)
    refuse_closed(case)
    current = running_claim(case, now)
    if current is None:
        raise NotClaimed
    taken = _hold(case, subject, now, lease)
    data: dict[str, JsonValue] = {
        "from": current.claimed_by,
        "expires_at": taken.expires_at.isoformat(),
        "reason": reason,
    }
    append(session, case, Entry("claim_taken_over", _step("claim_taken_over", case), subject, data), now)
    return taken


def release(session: Session, case_id: str, subject: str, now: datetime, *, anybodys: bool, reason: str | None) -> None:
    """End one's own running claim; with `anybodys`, somebody else's as well."""
    case = locked_case(session, case_id)
    current = running_claim(case, now)
    if current is None:
        raise NotClaimed
    if not anybodys:
        refuse_claimed_by_other(case, subject, now)
    end_claim(case)
    data: dict[str, JsonValue] = {"from": current.claimed_by, "reason": reason}
    append(session, case, Entry("claim_released", _step("claim_released", case), subject, data), now)


def claim_next(
    session: Session, subject: str, states: Sequence[CaseState], now: datetime, lease: timedelta
) -> CaseRow | None:
    """Claim the most urgent case that waits in one of `states` and that nobody has claimed; None without any.

    Not a case whose first approval is the person's own: it needs somebody else.
    """
    while True:
        # Who comes at the same moment is handed the case after this one instead of waiting for it.
        case = _most_urgent(session, subject, states, now, lock=True)
        if case is not None:
            _claim_for(session, case, subject, subject, now, lease)
            return case
        # A case that is passed over may be held for another reason than to be claimed: then it is worth waiting for.
        held = _most_urgent(session, subject, states, now, lock=False)
        if held is None:
            return None
        session.refresh(held, with_for_update=True)
        session.expire_all()


def _claim_for(session: Session, case: CaseRow, subject: str, actor: str, now: datetime, lease: timedelta) -> Claim:
    claimed = _hold(case, subject, now, lease)
    data: dict[str, JsonValue] = {"claimed_by": subject, "expires_at": claimed.expires_at.isoformat()}
    append(session, case, Entry("claimed", _step("claimed", case), actor, data), now)
    return claimed


def _hold(case: CaseRow, subject: str, now: datetime, lease: timedelta) -> Claim:
    case.claimed_by = subject
    case.claimed_at = now
    case.claim_expires_at = now + lease
    return Claim(claimed_by=subject, claimed_at=now, expires_at=now + lease)


def _step(what: CaseEventType, case: CaseRow) -> str:
    # A case can be claimed and released again and again: each time follows another event.
    return f"{what}:{case.last_seq}"


def _most_urgent(
    session: Session, subject: str, states: Sequence[CaseState], now: datetime, *, lock: bool
) -> CaseRow | None:
    found: list[CaseRow] = []
    for state in states:
        query = _waiting(state, subject, now).limit(1)
        if lock:
            query = query.with_for_update(skip_locked=True)
        found += session.scalars(query)
    return min(found, key=_urgency, default=None)


def _waiting(state: CaseState, subject: str, now: datetime) -> Select[CaseRow]:
    own = select(ProposalRow.case_id).where(ProposalRow.case_id == CaseRow.case_id, ProposalRow.proposed_by == subject)
    return (
        select(CaseRow)
        .where(CaseRow.state == state, CaseRow.due_at.is_not(None), unclaimed(now), ~own.exists())
        .order_by(CaseRow.due_at, CaseRow.urgency, CaseRow.opened_seq)
    )


def _urgency(case: CaseRow) -> tuple[datetime, int, int]:
    assert case.due_at is not None
    return case.due_at, case.urgency, case.opened_seq
