"""Snoozes cases that wait for a person, and ends snoozes. Each command runs inside one transaction."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from casebook.case_log.append import append
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed
from casebook.commands.claims import refuse_claimed_by_other
from casebook.errors import NoOpenReview, NotAllowed, NotSnoozed, SnoozeTooLong, SnoozeTooShort
from casebook.projection.snoozes import Snoozed, SnoozeEnded
from casebook.queries.claims import running_claim
from casebook.queries.review_rows import open_question
from casebook.queries.snoozes import current_snooze
from contracts.review import ReviewRequest, Role, may_act_as
from contracts.snooze import Snooze


def snooze(
    connection: Connection,
    case_id: str,
    subject: str,
    roles: Collection[Role],
    until: datetime | None,
    now: datetime,
    *,
    until_activity: bool,
    reason: str | None,
) -> Snooze:
    """Leave a waiting case out of the queue; without `until` for as long as its deadline is not near.

    Ends the person's claim, and replaces an earlier snooze.
    """
    case, review = _waiting(connection, case_id)
    refuse_claimed_by_other(case, subject, now)
    claim = running_claim(case, now)
    if claim is None and not may_act_as(roles, review.required_role):
        raise NotAllowed(review.required_role)
    refused = why_not_until(review, until, now)
    if refused is not None:
        raise refused
    until = latest_end(review, now) if until is None else until
    before = current_snooze(case, now)
    snoozed = Snoozed(
        until=until,
        until_activity=until_activity,
        reason=reason,
        previous_assignee=None if claim is None else claim.assignee,
        previous_until=None if before is None else before.until,
    )
    append(connection, case, snoozed, subject, now)
    return Snooze(snoozed_by=subject, until=until, until_activity=until_activity)


def end_snooze(connection: Connection, case_id: str, subject: str, roles: Collection[Role], now: datetime) -> None:
    """Let a snoozed case into the queue again: one's own, or one that the person may decide."""
    case, review = _waiting(connection, case_id)
    current = current_snooze(case, now)
    if current is None:
        raise NotSnoozed
    if current.snoozed_by != subject and not may_act_as(roles, review.required_role):
        raise NotAllowed(review.required_role)
    append(connection, case, SnoozeEnded(snoozed_by=current.snoozed_by, until=current.until), subject, now)


def why_not_until(
    review: ReviewRequest, until: datetime | None, now: datetime
) -> SnoozeTooShort | SnoozeTooLong | None:
    """Why a case that asks this is not snoozed until then; None when it may be."""
    latest = latest_end(review, now)
    until = latest if until is None else until
    if until <= now:
        return SnoozeTooShort()
    return SnoozeTooLong(latest, is_reminder=latest != review.due_at) if until > latest else None


def latest_end(review: ReviewRequest, now: datetime) -> datetime:
    """When a snooze ends at the latest: at the reminder, and after it at the deadline."""
    remind_at = review.remind_at
    return review.due_at if remind_at is None or remind_at <= now else min(remind_at, review.due_at)


def _waiting(connection: Connection, case_id: str) -> tuple[LockedCase, ReviewRequest]:
    case = lock_case(connection, case_id)
    refuse_closed(case)
    review = open_question(connection, case_id)
    if review is None:
        raise NoOpenReview
    return case, review
