"""The door of those who tell the scheduler what the casebook has accepted."""

from collections.abc import Collection

from sqlalchemy import update

from casebook.tables import CaseRow, DecisionRow
from casebook.transactions import Transactions


class Outbox:
    """Remembers what has been told, many at a time. Raises CasebookUnavailable."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def confirm(self, *, scheduled: Collection[str] = (), delivered: Collection[str] = ()) -> None:
        """The orchestrations of these cases exist, and were told of the decisions on these reviews.

        All in one transaction. What was confirmed before stays as it was; unknown ids are passed over.
        """
        with self._transactions.write() as session:
            now = self._transactions.now()
            if scheduled:
                waiting = update(CaseRow).where(CaseRow.case_id.in_(sorted(scheduled)), CaseRow.scheduled_at.is_(None))
                session.execute(waiting.values(scheduled_at=now), execution_options={"synchronize_session": False})
            if delivered:
                untold = update(DecisionRow).where(
                    DecisionRow.review_id.in_(sorted(delivered)), DecisionRow.delivered_at.is_(None)
                )
                session.execute(untold.values(delivered_at=now), execution_options={"synchronize_session": False})
