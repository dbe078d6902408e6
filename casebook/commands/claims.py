"""Claims on cases. A claim is a lease: it expires, so that no case stays with somebody who has left."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, or_, select

from casebook.case_log.append import append
from casebook.case_log.locked_case import LockedCase, lock_case, locked_in, refuse_closed
from casebook.errors import ClaimedByOther, NotClaimed
from casebook.policy.assignments import people_away
from casebook.projection.claims import Claimed, ClaimReleased, ClaimTakenOver
from casebook.queries.assignments import read_setting
from casebook.queries.claims import running_claim, unclaimed
from casebook.queries.snoozes import awake
from casebook.schema.approvals import ProposalRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import DUE, CaseRow
from contracts.case import CaseState
from contracts.claim import Claim

Cases: TypeAlias = Select[*tuple[Any, ...]]

_CASES, _EVENTS, _PROPOSALS = table_of(CaseRow), table_of(CaseEventRow), table_of(ProposalRow)
_CLAIMING = (Claimed.type, ClaimReleased.type, ClaimTakenOver.type)


def refuse_claimed_by_other(case: LockedCase, subject: str, now: datetime) -> None:
    """Raises ClaimedByOther while somebody else's claim runs."""
    claim = running_claim(case, now)
    if claim is not None and claim.assignee != subject:
        raise ClaimedByOther(claim.assignee, claim.claimed_at)


def claim(connection: Connection, case_id: str, subject: str, now: datetime, lease: timedelta) -> Claim:
    """Claim a case, or prolong one's own claim."""
    case = lock_case(connection, case_id)
    refuse_closed(case)
    refuse_claimed_by_other(case, subject, now)
    current = running_claim(case, now)
    if current is None:
        return _claim_for(connection, case, subject, now, lease)
    # A renewed lease is not logged: it changes nothing for others.
    case.claim_expires_at = now + lease
    case.store(connection)
    return current.model_copy(update={"expires_at": case.claim_expires_at})


def claim_if_free(connection: Connection, case: LockedCase, subject: str, now: datetime, lease: timedelta) -> None:
    """Claim a case for who goes on with it, unless somebody works on it."""
    if running_claim(case, now) is None:
        _claim_for(connection, case, subject, now, lease)


def take_over(
    connection: Connection, case_id: str, subject: str, reason: str, now: datetime, lease: timedelta
) -> Claim:
    """Make somebody else's running claim one's own."""
    case = lock_case(connection, case_id)
    refuse_closed(case)
    current = running_claim(case, now)
    if current is None:
        raise NotClaimed
    taken = ClaimTakenOver(previous_assignee=current.assignee, expires_at=now + lease, reason=reason)
    append(connection, case, taken, subject, now)
    return Claim(assignee=subject, claimed_at=now, expires_at=taken.expires_at)


def release(
    connection: Connection, case_id: str, subject: str, now: datetime, *, anybodys: bool, reason: str | None
) -> None:
    """End one's own running claim; with `anybodys`, somebody else's as well."""
    case = lock_case(connection, case_id)
    current = running_claim(case, now)
    if current is None:
        raise NotClaimed
    if not anybodys:
        refuse_claimed_by_other(case, subject, now)
    append(connection, case, ClaimReleased(previous_assignee=current.assignee, reason=reason), subject, now)


def claim_next(
    connection: Connection,
    subject: str,
    states: Sequence[CaseState],
    now: datetime,
    lease: timedelta,
    keep: Collection[str] = (),
) -> str | None:
    """Claim the most urgent case that waits in one of `states`, unclaimed and not snoozed; None without any.

    The person's own cases come first, then the pool with those of people who are away: never anybody else's. Not a case
    whose first approval is the person's own: it needs somebody else. What they gave back within a lease comes after
    everything else, the longest ago first.

    Whoever goes on gives back what they were handed before and did not touch, except `keep`.
    """
    own = _CASES.c.assigned_to == subject
    away = people_away(read_setting(connection).rules, now) - {subject}
    others = [_CASES.c.assigned_to.is_(None), *(_CASES.c.assigned_to == each for each in sorted(away))]
    waiting = partial(_waiting, subject, now, now - lease)
    case = _lock_first(connection, [waiting(own, state) for state in states])
    if case is None:
        case = _lock_first(connection, [waiting(whose, state) for whose in others for state in states])
    if case is None:
        case = _lock_first(connection, [_given_back(or_(own, *others), states, subject, now)])
    if case is None:
        return None
    _claim_for(connection, case, subject, now, lease, handed_out=True)
    # From the first event on nobody else writes one: what the same person was handed meanwhile, by another press, is
    # seen now. Rows that somebody else holds are passed over, so that nobody waits for each other.
    for left in _untouched(connection, subject, now, {*keep, case.case_id}):
        append(connection, left, ClaimReleased(previous_assignee=subject, moved_on=True), subject, now)
    return case.case_id


def _claim_for(
    connection: Connection, case: LockedCase, subject: str, now: datetime, lease: timedelta, *, handed_out: bool = False
) -> Claim:
    claimed = Claimed(assignee=subject, expires_at=now + lease, handed_out=handed_out)
    append(connection, case, claimed, subject, now)
    return Claim(assignee=subject, claimed_at=now, expires_at=claimed.expires_at)


def _lock_first(connection: Connection, waiting: Sequence[Cases]) -> LockedCase | None:
    """The most urgent of the first of each, locked; None when none waits."""
    while True:
        # Another request at the same time gets the case after this one instead of waiting for it.
        row = _first(connection, [each.with_for_update(skip_locked=True) for each in waiting])
        if row is not None:
            return locked_in(row)
        # A skipped case may be locked by something else than a claim: then it is worth waiting for.
        locked = _first(connection, waiting)
        if locked is None:
            return None
        lock_case(connection, locked.case_id)


def _first(connection: Connection, waiting: Sequence[Cases]) -> PlainRow | None:
    found = [row for each in waiting for row in connection.execute(each.limit(1))]
    return min(found, key=_priority, default=None)


def _waiting(subject: str, now: datetime, since: datetime, whose: ColumnElement[bool], state: CaseState) -> Cases:
    """Those in `state` that the person may take, by priority, without those that they gave back after `since`."""
    given_back = _given_back_by(subject).where(_EVENTS.c.at > since)
    return (
        _free(subject, now)
        .where(whose, _CASES.c.state == state, ~given_back.exists())
        .order_by(DUE.key(), _CASES.c.priority, _CASES.c.opened_seq)
    )


def _given_back(whose: ColumnElement[bool], states: Sequence[CaseState], subject: str, now: datetime) -> Cases:
    """Those in `states` that the person once gave back, the longest ago first."""
    given_back = _given_back_by(subject)
    last = given_back.with_only_columns(func.max(_EVENTS.c.seq)).scalar_subquery()
    return _free(subject, now).where(whose, _CASES.c.state.in_(states), given_back.exists()).order_by(last)


def _free(subject: str, now: datetime) -> Cases:
    own = select(_PROPOSALS.c.case_id).where(
        _PROPOSALS.c.case_id == _CASES.c.case_id, _PROPOSALS.c.proposed_by == subject
    )
    return select(_CASES).where(_CASES.c.due_at.is_not(None), unclaimed(now), awake(now), ~own.exists())


def _given_back_by(subject: str) -> Select[tuple[int]]:
    return select(_EVENTS.c.seq).where(
        _EVENTS.c.case_id == _CASES.c.case_id,
        # The words of the partial index.
        _EVENTS.c.type == literal_column(f"'{ClaimReleased.type}'"),
        _EVENTS.c.actor == subject,
    )


def _priority(row: PlainRow) -> tuple[datetime, int, int]:
    return row.due_at, row.priority, row.opened_seq


def _untouched(connection: Connection, subject: str, now: datetime, keep: Collection[str]) -> list[LockedCase]:
    """The cases that the person was handed and did nothing with, each locked. What somebody else writes to is left."""
    handed = select(_CASES).where(
        _CASES.c.assignee == subject, _CASES.c.claim_expires_at > now, _CASES.c.case_id.not_in(keep)
    )
    cases = connection.execute(handed.with_for_update(skip_locked=True)).all()
    newest = (
        select(func.max(_EVENTS.c.seq))
        .where(
            _EVENTS.c.case_id.in_([case.case_id for case in cases]),
            or_(_EVENTS.c.actor == subject, _EVENTS.c.type.in_(_CLAIMING)),
        )
        .group_by(_EVENTS.c.case_id)
    )
    handed = {
        event.case_id
        for event in connection.execute(select(_EVENTS).where(_EVENTS.c.seq.in_(newest)))
        if event.actor == subject and json.loads(event.data).get("handed_out") is True
    }
    return [locked_in(case) for case in cases if case.case_id in handed]
