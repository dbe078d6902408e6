"""Who works on a case. A claim is a lease: it ends by itself, so that no case stays locked by who went home."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from casebook.case_log.append import Entry, append
from casebook.commands.investigation import locked_case, refuse_closed
from casebook.errors import ClaimedByOther, NotClaimed
from casebook.schema.approvals import ProposalRow
from casebook.schema.cases import CaseEventRow, CaseRow, PlainRow
from contracts.case import CaseState
from contracts.claim import Claim
from contracts.names import CaseEventType

_CLAIMING: tuple[CaseEventType, ...] = ("claimed", "claim_released", "claim_taken_over")


def running_claim(case: CaseRow | PlainRow, now: datetime) -> Claim | None:
    """The claim on a case, or None when there is none or it has run out."""
    if case.assignee is None or case.claimed_at is None or case.claim_expires_at is None:
        return None
    if case.claim_expires_at <= now:
        return None
    return Claim(assignee=case.assignee, claimed_at=case.claimed_at, expires_at=case.claim_expires_at)


def refuse_claimed_by_other(case: CaseRow, subject: str, now: datetime) -> None:
    """Raises ClaimedByOther while somebody else's claim runs."""
    claim = running_claim(case, now)
    if claim is not None and claim.assignee != subject:
        raise ClaimedByOther(claim.assignee, claim.claimed_at)


def end_claim(case: CaseRow) -> None:
    """Nobody works on the case any more. Logs nothing: what ended it is logged by who calls this."""
    case.assignee = None
    case.claimed_at = None
    case.claim_expires_at = None


def unclaimed(now: datetime) -> ColumnElement[bool]:
    """The condition that no claim runs on a case."""
    return or_(CaseRow.assignee.is_(None), CaseRow.claim_expires_at <= now)


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
    if current is not None and current.assignee == assignee:
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
        "from": current.assignee,
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
    data: dict[str, JsonValue] = {"from": current.assignee, "reason": reason}
    append(session, case, Entry("claim_released", _step("claim_released", case), subject, data), now)


def claim_next(
    session: Session,
    subject: str,
    states: Sequence[CaseState],
    now: datetime,
    lease: timedelta,
    keep: Collection[str] = (),
) -> CaseRow | None:
    """Claim the most urgent case that waits in one of `states` and that nobody has claimed; None without any.

    Not a case whose first approval is the person's own: it needs somebody else. What they gave back within a lease
    comes after everything else, the longest ago first.

    Whoever goes on gives back what they were handed before and did not touch, except `keep`.
    """
    case = _lock_first(session, [_waiting(state, subject, now, now - lease) for state in states])
    if case is None:
        case = _lock_first(session, [_given_back(states, subject, now)])
    if case is None:
        return None
    _claim_for(session, case, subject, subject, now, lease, handed_out=True)
    # From the first event on nobody else writes one: what the same person was handed meanwhile, by another press, is
    # seen now. Rows that somebody else holds are passed over, so that nobody waits for each other.
    for left in _untouched(session, subject, now, {*keep, case.case_id}):
        end_claim(left)
        data: dict[str, JsonValue] = {"from": subject, "reason": None, "moved_on": True}
        append(session, left, Entry("claim_released", _step("claim_released", left), subject, data), now)
    return case


def _claim_for(
    session: Session,
    case: CaseRow,
    subject: str,
    actor: str,
    now: datetime,
    lease: timedelta,
    *,
    handed_out: bool = False,
) -> Claim:
    claimed = _hold(case, subject, now, lease)
    data: dict[str, JsonValue] = {"assignee": subject, "expires_at": claimed.expires_at.isoformat()}
    if handed_out:
        data["handed_out"] = True
    append(session, case, Entry("claimed", _step("claimed", case), actor, data), now)
    return claimed


def _hold(case: CaseRow, subject: str, now: datetime, lease: timedelta) -> Claim:
    case.assignee = subject
    case.claimed_at = now
    case.claim_expires_at = now + lease
    return Claim(assignee=subject, claimed_at=now, expires_at=now + lease)


def _step(what: CaseEventType, case: CaseRow) -> str:
    # A case can be claimed and released again and again: each time follows another event.
    return f"{what}:{case.last_seq}"


def _lock_first(session: Session, waiting: Sequence[Select[CaseRow]]) -> CaseRow | None:
    """The most urgent of the first of each, locked; None when none waits."""
    while True:
        # Who comes at the same moment is handed the case after this one instead of waiting for it.
        case = _first(session, [each.with_for_update(skip_locked=True) for each in waiting])
        if case is not None:
            return case
        # A case that is passed over may be held for another reason than to be claimed: then it is worth waiting for.
        held = _first(session, waiting)
        if held is None:
            return None
        session.refresh(held, with_for_update=True)
        session.expire_all()


def _first(session: Session, waiting: Sequence[Select[CaseRow]]) -> CaseRow | None:
    found = [case for each in waiting for case in session.scalars(each.limit(1))]
    return min(found, key=_urgency, default=None)


def _waiting(state: CaseState, subject: str, now: datetime, since: datetime) -> Select[CaseRow]:
    """Those in `state` that anybody may take, by priority, without those that the person gave back after `since`."""
    given_back = _given_back_by(subject).where(CaseEventRow.at > since)
    return (
        _free(subject, now)
        .where(CaseRow.state == state, ~given_back.exists())
        .order_by(CaseRow.due_at, CaseRow.priority, CaseRow.opened_seq)
    )


def _given_back(states: Sequence[CaseState], subject: str, now: datetime) -> Select[CaseRow]:
    """Those in `states` that the person once gave back, the longest ago first."""
    given_back = _given_back_by(subject)
    last = given_back.with_only_columns(func.max(CaseEventRow.seq)).scalar_subquery()
    return _free(subject, now).where(CaseRow.state.in_(states), given_back.exists()).order_by(last)


def _free(subject: str, now: datetime) -> Select[CaseRow]:
    own = select(ProposalRow.case_id).where(ProposalRow.case_id == CaseRow.case_id, ProposalRow.proposed_by == subject)
    return select(CaseRow).where(CaseRow.due_at.is_not(None), unclaimed(now), ~own.exists())


def _given_back_by(subject: str) -> Select[int]:
    return select(CaseEventRow.seq).where(
        CaseEventRow.case_id == CaseRow.case_id,
        CaseEventRow.type == "claim_released",
        CaseEventRow.actor == subject,
    )


def _urgency(case: CaseRow) -> tuple[datetime, int, int]:
    assert case.due_at is not None
    return case.due_at, case.priority, case.opened_seq


def _untouched(session: Session, subject: str, now: datetime, keep: Collection[str]) -> list[CaseRow]:
    """The cases that the person was handed and did nothing with, each locked. What somebody else writes to is left."""
    held = select(CaseRow).where(
        CaseRow.assignee == subject, CaseRow.claim_expires_at > now, CaseRow.case_id.not_in(keep)
    )
    fresh = held.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    cases = session.scalars(fresh).all()
    newest = (
        select(func.max(CaseEventRow.seq))
        .where(
            CaseEventRow.case_id.in_([case.case_id for case in cases]),
            or_(CaseEventRow.actor == subject, CaseEventRow.type.in_(_CLAIMING)),
        )
        .group_by(CaseEventRow.case_id)
    )
    handed = {
        event.case_id
        for event in session.scalars(select(CaseEventRow).where(CaseEventRow.seq.in_(newest)))
        if event.actor == subject and json.loads(event.data).get("handed_out") is True
    }
    return [case for case in cases if case.case_id in handed]
