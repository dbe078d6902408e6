"""Reads refused transitions, for people and metrics."""

from sqlalchemy import Connection, func, select

from casebook.schema.refused_transitions import RefusedTransitionRow
from contracts.case import RefusedTransition

LISTED = 500


def refusals(connection: Connection, case_id: str | None = None) -> tuple[RefusedTransition, ...]:
    """Those of one case, or the latest of all, the latest first."""
    latest = select(RefusedTransitionRow).order_by(
        RefusedTransitionRow.last_at.desc(), RefusedTransitionRow.case_id, RefusedTransitionRow.reason
    )
    if case_id is not None:
        latest = latest.where(RefusedTransitionRow.case_id == case_id)
    return tuple(
        RefusedTransition(
            case_id=row.case_id or None,
            reason=row.reason,
            sentence=row.sentence,
            attempts=row.attempts,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in connection.execute(latest.limit(LISTED))
    )


def refusals_by_reason(connection: Connection) -> dict[str, int]:
    """How many attempts were refused, in all cases together, by the id of the error."""
    attempts = func.sum(RefusedTransitionRow.attempts)
    grouped = select(RefusedTransitionRow.reason, attempts).group_by(RefusedTransitionRow.reason)
    return {
        reason: int(counted) for reason, counted in connection.execute(grouped.order_by(RefusedTransitionRow.reason))
    }


def count_refusals(connection: Connection) -> int:
    """How many attempts were refused, in all cases together."""
    counted = select(func.coalesce(func.sum(RefusedTransitionRow.attempts), 0))
    return int(connection.execute(counted).scalar_one())
