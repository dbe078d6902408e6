"""Reads the guard facts of a case from the tables, inside the transaction of the step."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, or_, select

from casebook.case_log.append import is_logged
from casebook.case_log.locked_case import LockedCase
from casebook.policy.guards import GuardFacts, OvertakenQuestion
from casebook.projection.alerts import AlertDetached, AlertJoined
from casebook.projection.cases import OrchestrationFailed
from casebook.projection.effects import FactsChanged
from casebook.projection.reopenings import CaseReopened
from casebook.projection.rounds import Assessed, RoundStarted
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.effects import EffectRow
from casebook.schema.reviews import DecisionRow, ReviewRow

_REVIEWS, _DECISIONS = table_of(ReviewRow), table_of(DecisionRow)
_EFFECTS, _EVENTS = table_of(EffectRow), table_of(CaseEventRow)
_ASKED = (
    select(
        _REVIEWS.c.review_id,
        _REVIEWS.c.round,
        _REVIEWS.c.status,
        _REVIEWS.c.due_at,
        _REVIEWS.c.required_role,
        _DECISIONS.c.verdict,
        _DECISIONS.c.action,
        _DECISIONS.c.on_hold_until,
    )
    .select_from(_REVIEWS.outerjoin(_DECISIONS, _DECISIONS.c.review_id == _REVIEWS.c.review_id))
    .where(_REVIEWS.c.case_id == bindparam("of_case"))
    .order_by(_REVIEWS.c.round)
)
_DONE = (
    select(_EFFECTS.c.action, _EFFECTS.c.status, _EVENTS.c.at)
    .select_from(_EFFECTS.outerjoin(_EVENTS, _EVENTS.c.seq == _EFFECTS.c.started_seq))
    .where(_EFFECTS.c.case_id == bindparam("of_case"))
    .order_by(_EFFECTS.c.started_seq)
)
_STEP = select(_EVENTS.c.data).where(
    _EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.dedupe_key == bindparam("step")
)
_REOPENING = (OrchestrationFailed.type, CaseReopened.type)
_SAID = (
    select(_EVENTS.c.type, _EVENTS.c.data)
    .where(
        _EVENTS.c.case_id == bindparam("of_case"),
        or_(_EVENTS.c.dedupe_key == bindparam("step"), _EVENTS.c.type.in_(_REOPENING)),
    )
    .order_by(_EVENTS.c.seq)
)
_ALERTS = (
    select(_EVENTS.c.type, _EVENTS.c.data)
    .where(
        _EVENTS.c.case_id == bindparam("of_case"),
        _EVENTS.c.type.in_((AlertJoined.type, AlertDetached.type, RoundStarted.type)),
    )
    .order_by(_EVENTS.c.seq)
)


def changes_noted(connection: Connection, case_id: str, round_number: int) -> tuple[str, ...]:
    """What no longer holds of what was approved in a round, by the log; empty when that is nothing."""
    of = {"of_case": case_id, "step": FactsChanged.named(round_number)}
    said = connection.execute(_STEP, of).scalar()
    return () if said is None else tuple(json.loads(said)["changes"])


def guard_facts_of(connection: Connection, case: LockedCase) -> GuardFacts:
    """The guard facts of a case that the caller has locked."""
    of = {"of_case": case.case_id}
    reviews = connection.execute(_ASKED, of).all()
    found = GuardFacts(round=case.round, was_asked=bool(reviews))
    for review in reviews:
        if review.round == case.round:
            found.asked_role = review.required_role
            found.is_expired = review.status == "expired"
            found.is_held = review.on_hold_until is not None
            if not found.is_held:
                found.verdict, found.action = review.verdict, review.action
    for row in connection.execute(_DONE, of):
        found.effects[row.action] = row.status
        if row.status == "done":
            found.was_done.add(row.action)
        if row.at is not None:
            found.begun_at[row.action] = row.at
    found.facts_changed = is_logged(connection, case.case_id, FactsChanged.named(case.round))
    for row in connection.execute(_SAID, {**of, "step": Assessed.named(case.round)}):
        said = json.loads(row.data)
        if row.type not in _REOPENING:
            found.route = said.get("route")
            continue
        found.was_asked = True
        found.reopens_review = found.reopens_review or (
            said.get("reopens_review", True) and said["round"] == case.round
        )
    if case.alert_changes:
        _add_alerts(connection, case, found, reviews)
    elif reviews and reviews[-1].round == case.round and reviews[-1].status == "superseded":
        found.overtaken = OvertakenQuestion(reviews[-1].required_role, reviews[-1].due_at)
    return found


def _add_alerts(connection: Connection, case: LockedCase, found: GuardFacts, reviews: Sequence[PlainRow]) -> None:
    found.alert_count = case.alert_count
    overtaken: set[str | None] = set()
    for row in connection.execute(_ALERTS, {"of_case": case.case_id}):
        if row.type == RoundStarted.type:
            found.unseen_alerts = 0
            continue
        found.unseen_alerts += 1
        overtaken.add(json.loads(row.data)["review_id"])
    if reviews and reviews[-1].review_id in overtaken:
        found.overtaken = OvertakenQuestion(reviews[-1].required_role, reviews[-1].due_at)
