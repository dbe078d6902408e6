"""The door of those who tell the scheduler what the casebook has accepted."""

from collections.abc import Collection

from sqlalchemy import BindParameter, bindparam, update

from casebook.database.transactions import Transactions
from casebook.schema.cases import CaseRow, DecisionRow, table_of

_CASE, _DECISION = table_of(CaseRow), table_of(DecisionRow)
_TOLD: BindParameter[str] = bindparam("told", expanding=True)
_SCHEDULED = (
    update(_CASE)
    .where(_CASE.c.case_id.in_(_TOLD), _CASE.c.scheduled_at.is_(None))
    .values(scheduled_at=bindparam("now"))
)
_DELIVERED = (
    update(_DECISION)
    .where(_DECISION.c.review_id.in_(_TOLD), _DECISION.c.delivered_at.is_(None))
    .values(delivered_at=bindparam("now"))
)


class Outbox:
    """Remembers what has been told, many at a time. Raises CasebookUnavailable."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def confirm(self, *, scheduled: Collection[str] = (), delivered: Collection[str] = ()) -> None:
        """The orchestrations of these cases exist, and were told of the decisions on these reviews.

        All in one transaction. What was confirmed before stays as it was; unknown ids are passed over.
        """
        with self._transactions.write_rows() as connection:
            now = self._transactions.now()
            if scheduled:
                connection.execute(_SCHEDULED, {"told": sorted(scheduled), "now": now})
            if delivered:
                connection.execute(_DELIVERED, {"told": sorted(delivered), "now": now})
