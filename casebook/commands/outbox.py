"""The outbox: what the scheduler has taken, and which cases it must be given again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, update

from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from casebook.schema.reviews import DecisionRow

_CASE, _DECISION = table_of(CaseRow), table_of(DecisionRow)
_ACKNOWLEDGED: BindParameter[str] = bindparam("acknowledged", expanding=True)
_SCHEDULED = (
    update(_CASE)
    .where(_CASE.c.case_id.in_(_ACKNOWLEDGED), _CASE.c.scheduled_at.is_(None))
    .values(scheduled_at=bindparam("now"))
)
_DELIVERED = (
    update(_DECISION)
    .where(_DECISION.c.review_id.in_(_ACKNOWLEDGED), _DECISION.c.delivered_at.is_(None))
    .values(delivered_at=bindparam("now"))
)
_UNSCHEDULED = update(_CASE).where(_CASE.c.case_id == bindparam("of_case")).values(scheduled_at=None)


def unschedule(connection: Connection, case_id: str) -> None:
    """The case must be started again: its orchestration is over, or will be."""
    connection.execute(_UNSCHEDULED, {"of_case": case_id})


def confirm(connection: Connection, scheduled: Collection[str], delivered: Collection[str], now: datetime) -> None:
    """The scheduler has acknowledged the start of these cases, and the decisions on these reviews."""
    if scheduled:
        connection.execute(_SCHEDULED, {"acknowledged": sorted(scheduled), "now": now})
    if delivered:
        connection.execute(_DELIVERED, {"acknowledged": sorted(delivered), "now": now})
