"""Holds decisions that have an effect: they are taken back, or their time ends. Inside one transaction."""

import json
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.append import append
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed
from casebook.commands.assignments import assign_asked
from casebook.commands.claims import claim_if_free
from casebook.commands.effects import decision_on
from casebook.errors import DeadlineNotPassed, DecisionInEffect, NothingToTakeBack, NotTheDecider
from casebook.policy.actors import SYSTEM, WORKER
from casebook.projection.holds import DecisionWithdrawn, HoldEnded
from casebook.projection.proposals import ApprovalGiven
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.reviews import DecisionRow, ReviewRow
from contracts.case import Proposal
from contracts.review import Decision, Disposition

_DECISIONS, _REVIEWS, _EVENTS = table_of(DecisionRow), table_of(ReviewRow), table_of(CaseEventRow)
_LAST = (
    select(_DECISIONS, _REVIEWS.c.due_at, _REVIEWS.c.required_role)
    .join(_REVIEWS, _REVIEWS.c.review_id == _DECISIONS.c.review_id)
    .where(_DECISIONS.c.case_id == bindparam("of_case"))
    .order_by(_DECISIONS.c.accepted_seq.desc())
    .limit(1)
)
_SAID = select(_EVENTS.c.data).where(_EVENTS.c.seq == bindparam("the_event"))
_APPROVALS = (
    select(_EVENTS.c.data)
    .where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type == ApprovalGiven.type)
    .order_by(_EVENTS.c.seq.desc())
    .limit(1)
)
_WITHDRAWALS = select(_EVENTS.c.data).where(
    _EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type == DecisionWithdrawn.type
)


def withdraw_decision(connection: Connection, case_id: str, subject: str, now: datetime, lease: timedelta) -> Decision:
    """Take one's own decision back while it is held: the question is open again, and is the person's to answer.

    Where two people approved, the first approval waits again, and anybody else may take the case up. Raises
    NothingToTakeBack, DecisionInEffect, NotTheDecider.
    """
    case = lock_case(connection, case_id)
    refuse_closed(case)
    row = connection.execute(_LAST, {"of_case": case_id}).first()
    if row is None or row.round != case.round:
        raise NothingToTakeBack
    decision = Decision.model_validate_json(row.body)
    if row.on_hold_until is None:
        raise DecisionInEffect(decision.held_until or decision.decided_at)
    if decision.decided_by != subject:
        raise NotTheDecider(decision.decided_by)
    if now >= row.on_hold_until:
        raise DecisionInEffect(row.on_hold_until)
    proposal = None if decision.approvals is None else _first_approval(connection, case_id)
    withdrawn = DecisionWithdrawn(
        round=row.round,
        review_id=row.review_id,
        action=row.action,
        due_at=row.due_at,
        disposition=_disposition_before(connection, row.accepted_seq),
        proposal=proposal,
    )
    append(connection, case, withdrawn, subject, now)
    if proposal is None:
        claim_if_free(connection, case, subject, now, lease)
    if case.assigned_to is None:
        assign_asked(connection, case, row.required_role, now)
    return decision


def end_hold(connection: Connection, case_id: str, review_id: str, now: datetime) -> bool:
    """Let the decision on a review count once its time is over; False when it is not, or has ended already."""
    case = lock_case(connection, case_id)
    row = connection.execute(_LAST, {"of_case": case_id}).first()
    if row is None or row.review_id != review_id or row.on_hold_until is None or now < row.on_hold_until:
        return False
    _end(connection, case, row, SYSTEM, now)
    return True


def decision_at_deadline(connection: Connection, case: LockedCase, review: PlainRow, now: datetime) -> Decision | None:
    """The decision on a review whose deadline has passed; nobody can take it back from here on.

    Raises DeadlineNotPassed while it is held: a hold ends before the deadline.
    """
    decided = decision_on(connection, case.case_id, review.review_id)
    if decided is None or decided.held_until is None:
        return decided
    row = connection.execute(_LAST, {"of_case": case.case_id}).one()
    if row.review_id == review.review_id and row.on_hold_until is not None:
        if now < row.on_hold_until:
            raise DeadlineNotPassed(review.review_id, review.due_at.isoformat())
        _end(connection, case, row, WORKER, now)
    return decided


def withdrawals_of(connection: Connection, case_id: str, review_id: str) -> int | None:
    """How many decisions on a review were taken back; None when none was."""
    said = connection.execute(_WITHDRAWALS, {"of_case": case_id}).scalars()
    return sum(json.loads(data)["review_id"] == review_id for data in said) or None


def _end(connection: Connection, case: LockedCase, row: PlainRow, actor: str, now: datetime) -> None:
    ended = HoldEnded(round=row.round, review_id=row.review_id, action=row.action)
    append(connection, case, ended, actor, now)


def _first_approval(connection: Connection, case_id: str) -> Proposal:
    """The last one that was given: a second person has approved the same."""
    said = json.loads(connection.execute(_APPROVALS, {"of_case": case_id}).scalar_one())
    return Proposal.model_validate({name: said[name] for name in Proposal.model_fields if name in said})


def _disposition_before(connection: Connection, accepted_seq: int) -> Disposition | None:
    """What the case was taken for before the decision."""
    said = json.loads(connection.execute(_SAID, {"the_event": accepted_seq}).scalar_one())
    return said.get("previous_disposition")
