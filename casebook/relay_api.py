"""The facade of the backend's relay: outbox, recovery, heartbeats of workers."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from casebook.commands import heartbeats, holds, outbox, recovery, reversals
from casebook.commands.recovery import Recovery
from casebook.facade import Facade
from casebook.queries import case_list, case_view
from casebook.queries.cursors import Backlog, CasePage
from casebook.queries.filters import CaseQuery
from casebook.queries.holds import running_holds
from casebook.queries.overtaken import overtaken_cases
from casebook.queries.reversals import unfinished_reversals, unscheduled_reversals
from contracts.case import CaseState, CaseView
from contracts.kinds import kind_of
from contracts.reversal import Reversal
from contracts.review import Decision


class RelayApi(Facade):
    """Delivers what the casebook has accepted, and records the results.

    One transaction per method, from any thread. Every method about one case raises CaseNotFound for an unknown case;
    every method raises CasebookUnavailable when the database fails.
    """

    # Outbox

    def unscheduled_cases(self, limit: int = 100, *, after: str | None = None) -> list[str]:
        """Cases whose orchestration has not been confirmed scheduled, oldest first.

        `after` is the id of a case: only those that were opened later.
        """
        with self._read() as connection:
            return case_view.unscheduled_cases(connection, limit, after)

    def is_scheduled(self, case_id: str) -> bool:
        """Whether the case's orchestration has been confirmed scheduled."""
        with self._read() as connection:
            return case_view.is_scheduled(connection, case_id)

    def under_investigation(self, within: timedelta) -> int:
        """How many cases that the scheduler has are being investigated, of those that got on `within` this time."""
        with self._read() as connection:
            return case_view.under_investigation(connection, self._clock() - within)

    def undelivered_decisions(self, limit: int = 100, *, after: str | None = None) -> list[Decision]:
        """Final decisions that the scheduler has not acknowledged, oldest first.

        `after` is the id of a review with a decision: only those that were accepted later.
        """
        with self._read() as connection:
            return case_view.undelivered_decisions(connection, limit, after)

    def end_holds(self, limit: int = 100) -> timedelta | None:
        """Let decisions count whose hold is over; how long until the next one is, or None when none runs."""
        with self._read() as connection:
            running = running_holds(connection, limit)
        for hold in running:
            left = hold.until - self._clock()
            if left > timedelta(0):
                return left
            with self._write() as connection:
                holds.end_hold(connection, hold.case_id, hold.review_id, self._clock())
        return timedelta(0) if len(running) == limit else None

    def overtaken_cases(self, limit: int = 100) -> list[tuple[str, int]]:
        """Cases, and the round whose question was overtaken, whose next round has not begun; the oldest first."""
        with self._read() as connection:
            return overtaken_cases(connection, limit)

    def unscheduled_reversals(self, limit: int = 100, *, after: str | None = None) -> list[Reversal]:
        """Approved reversals whose orchestration has not been confirmed scheduled, oldest first."""
        with self._read() as connection:
            return unscheduled_reversals(connection, limit, after)

    def confirm(self, *, scheduled: Collection[str] = (), delivered: Collection[str] = ()) -> None:
        """The scheduler has acknowledged the start of these cases, and the decisions on these reviews.

        All in one transaction. What was confirmed before stays as it was; unknown ids are passed over.
        """
        with self._write() as connection:
            outbox.confirm(connection, scheduled, delivered, self._clock())

    def mark_reversal_scheduled(self, reversal_id: str) -> None:
        """Remember that the orchestration of a reversal exists. Raises ReversalNotFound."""
        with self._write() as connection:
            reversals.mark_reversal_scheduled(connection, reversal_id, self._clock())

    def backlog(self) -> Backlog:
        """How many starts and decisions the scheduler has not acknowledged."""
        with self._read() as connection:
            return case_view.backlog(connection)

    # Recovery

    def recover_case(
        self, case_id: str, reason: str, *, again: bool = False, unstarted: bool = False
    ) -> Recovery | None:
        """Put a case whose investigation is over, and did not close it, before a person; it is unscheduled then.

        An open question or a final decision remains valid; otherwise a person is asked about the assessment, or that
        nothing was. After MAX_FAILURES in a row it is stalled until a person decides, for an hour, or until it is tried
        once more with `again`. `unstarted`: the scheduler refuses to start it. None, and nothing changes, when
        the case is closed or another backend has recovered it.
        """
        with self._write() as connection:
            return recovery.recover_case(connection, case_id, reason, self._clock(), again=again, unstarted=unstarted)

    def is_stalled(self, case_id: str) -> bool:
        """Whether the case is stalled: it must not be started again yet."""
        with self._read() as connection:
            return recovery.is_stalled(connection, case_id, self._clock())

    def decided_among(self, cases: Collection[str]) -> set[str]:
        """Those of these cases, a page of them, on which a decision was ever accepted."""
        with self._read() as connection:
            return case_view.decided_among(connection, cases)

    def unfinished_reversals(self) -> list[Reversal]:
        """Approved reversals without a known result, oldest first."""
        with self._read() as connection:
            return unfinished_reversals(connection)

    def fail_reversal(self, case_id: str, reversal_id: str, reason: str) -> Reversal | None:
        """End an approved reversal whose orchestration is over; it can then be requested again. None when it has ended.

        Its effect is `unknown` where it had begun, else `failed`. Raises CaseNotFound, ReversalNotFound.
        """
        with self._write() as connection:
            return reversals.fail_reversal(connection, case_id, reversal_id, reason, self._clock())

    def cases_in(self, state: CaseState, *, limit: int = 50, cursor: str | None = None) -> CasePage:
        """Those of one page of at most 500 cases in this state, newest first, that have an orchestration of their own.

        Raises MalformedCursor.
        """
        query = CaseQuery(state=(state,))
        with self._read() as connection:
            page = case_list.list_cases(connection, query, "", self._clock(), limit, cursor)
        own = tuple(case for case in page.items if kind_of(case.case_id).orchestration is not None)
        return page if len(own) == len(page.items) else page.model_copy(update={"items": own})

    def get_case(self, case_id: str) -> CaseView:
        """Everything that the case page shows, as of one instant."""
        with self._read() as connection:
            return case_view.read_case(connection, case_id, self._clock())

    # Workers

    def not_begun(self, before: datetime) -> tuple[int, datetime | None]:
        """How many cases that the scheduler had before then no worker has begun, and since when the oldest waits."""
        with self._read() as connection:
            return case_view.not_begun(connection, before)

    def signs(self) -> Mapping[str, datetime]:
        """When each worker was last alive, by its own clock."""
        with self._read() as connection:
            return heartbeats.signs(connection)
