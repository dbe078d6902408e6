"""Reads reversals and their state."""

from sqlalchemy import Connection, bindparam, select

from casebook.queries.cursors import page_length
from casebook.schema.approvals import ReversalRow
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from casebook.schema.effects import EffectRow
from contracts.actions import LOCK
from contracts.reversal import Reversal

_REVERSALS, _EFFECTS, _CASES = table_of(ReversalRow), table_of(EffectRow), table_of(CaseRow)

_OF_CASE = (
    select(_REVERSALS.c.body).where(_REVERSALS.c.case_id == bindparam("of_case")).order_by(_REVERSALS.c.requested_seq)
)


_UNFINISHED = select(_REVERSALS.c.body).where(_REVERSALS.c.status == "approved").order_by(_REVERSALS.c.requested_seq)


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


def other_locks(connection: Connection, case_id: str, customer_id: int) -> tuple[str, ...]:
    """Other cases that locked this customer's account, or are about to, and did not reverse that; oldest first."""
    reversal = select(_REVERSALS.c.undoes).where(
        _REVERSALS.c.case_id == _EFFECTS.c.case_id, _REVERSALS.c.undoes == _EFFECTS.c.key, _REVERSALS.c.status == "done"
    )
    locks = (
        select(_EFFECTS.c.started_seq, _EFFECTS.c.case_id)
        .join(_CASES, _CASES.c.case_id == _EFFECTS.c.case_id)
        .where(
            _CASES.c.customer_id == customer_id,
            _CASES.c.case_id != case_id,
            _EFFECTS.c.action == LOCK,
            _EFFECTS.c.status != "failed",
            ~reversal.exists(),
        )
    )
    return tuple(other for _, other in sorted((seq, other) for seq, other in connection.execute(locks)))
