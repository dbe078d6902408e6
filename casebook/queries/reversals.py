"""Reads reversals and their state."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, literal_column, select

from casebook.projection.effects import EffectFinished, EffectStarted
from casebook.queries.cursors import page_length
from casebook.schema.approvals import ReversalRow
from casebook.schema.base import table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from casebook.schema.effects import EffectRow
from casebook.schema.reviews import DecisionRow
from contracts.actions import LOCK
from contracts.effect import EffectOrder
from contracts.reversal import Reversal

_REVERSALS, _EFFECTS, _CASES = table_of(ReversalRow), table_of(EffectRow), table_of(CaseRow)
_EVENTS, _DECISIONS = table_of(CaseEventRow), table_of(DecisionRow)

_OF_CASE = (
    select(_REVERSALS.c.body).where(_REVERSALS.c.case_id == bindparam("of_case")).order_by(_REVERSALS.c.requested_seq)
)


# A literal, because SQLite uses no partial index for a parameter.
_UNFINISHED = (
    select(_REVERSALS.c.body)
    .where(_REVERSALS.c.status == literal_column("'approved'"))
    .order_by(_REVERSALS.c.requested_seq)
)


def unscheduled_reversals(connection: Connection, limit: int, after: str | None) -> list[Reversal]:
    """Approved reversals whose orchestration has not been confirmed scheduled, oldest first."""
    waiting = _UNFINISHED.where(_REVERSALS.c.scheduled_at.is_(None)).limit(page_length(limit))
    if after is not None:
        seen = select(_REVERSALS.c.requested_seq).where(_REVERSALS.c.reversal_id == after).scalar_subquery()
        waiting = waiting.where(_REVERSALS.c.requested_seq > seen)
    return [Reversal.model_validate_json(body) for body in connection.execute(waiting).scalars()]


def unfinished_reversals(connection: Connection) -> list[Reversal]:
    """Approved reversals without a known result, oldest first."""
    return [Reversal.model_validate_json(body) for body in connection.execute(_UNFINISHED).scalars()]


def reversals_of(connection: Connection, case_id: str) -> tuple[Reversal, ...]:
    """The requests of a case, oldest first."""
    bodies = connection.execute(_OF_CASE, {"of_case": case_id}).scalars()
    return tuple(Reversal.model_validate_json(body) for body in bodies)


def other_locks(connection: Connection, case_id: str, customer_id: int) -> tuple[EffectOrder, ...]:
    """Other cases' locks of this customer's account, or locks about to be, that were not reversed; oldest first."""
    reversal = select(_REVERSALS.c.undoes).where(
        _REVERSALS.c.case_id == _EFFECTS.c.case_id, _REVERSALS.c.undoes == _EFFECTS.c.key, _REVERSALS.c.status == "done"
    )
    locks = (
        select(_EFFECTS.c.started_seq, _EFFECTS.c.case_id, _EFFECTS.c.key)
        .join(_CASES, _CASES.c.case_id == _EFFECTS.c.case_id)
        .where(
            _CASES.c.customer_id == customer_id,
            _CASES.c.case_id != case_id,
            _EFFECTS.c.action == LOCK,
            _EFFECTS.c.status != "failed",
            ~reversal.exists(),
        )
    )
    rows = sorted((row.started_seq, row.case_id, row.key) for row in connection.execute(locks))
    return _orders(connection, [(other, key) for _, other, key in rows]) if rows else ()


def _orders(connection: Connection, locks: Sequence[tuple[str, str]]) -> tuple[EffectOrder, ...]:
    """Who approved these effects of cases, and since when they are done, or were begun."""
    steps = {step: key for _, key in locks for step in (EffectStarted.named(key), EffectFinished.named(key, "done"))}
    noted = (
        select(_EVENTS.c.dedupe_key, _EVENTS.c.at, _EVENTS.c.data)
        .where(_EVENTS.c.case_id.in_([case for case, _ in locks]), _EVENTS.c.dedupe_key.in_(steps))
        .order_by(_EVENTS.c.seq)
    )
    last = {steps[row.dedupe_key]: (row.at, json.loads(row.data)["approved"]) for row in connection.execute(noted)}
    answered = [approved["review_id"] for _, approved in last.values()]
    decided = select(_DECISIONS.c.review_id, _DECISIONS.c.body).where(_DECISIONS.c.review_id.in_(answered))
    by = {row.review_id: json.loads(row.body)["decided_by"] for row in connection.execute(decided)}
    return tuple(
        EffectOrder(key=key, at=last[key][0], case_id=case, approved_by=by.get(last[key][1]["review_id"]))
        for case, key in locks
        if key in last
    )
