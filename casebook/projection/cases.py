"""A case opens, fails on its way, and closes."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.policy.priority import PRIORITY
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Insert, ProjectedTable
from casebook.projection.event_data import Actors, EventData, JournalHead, Occurrence
from casebook.projection.questions import end_open_review
from casebook.projection.rounds import enter_round
from casebook.schema.cases import AlertRow, CaseRow
from contracts.alert import Alert
from contracts.case import CaseOutcome
from contracts.names import CaseEventType

CASE = ProjectedTable(
    CaseRow,
    ("case_id",),
    body=None,
    parsed=("specialists",),
    # How far the scheduler was told, how long a claim lasts, and the heads of the two chains, which check themselves.
    unlogged=(
        "scheduled_at",
        "claimed_at",
        "claim_expires_at",
        "last_seq",
        "last_hash",
        "journal_entries",
        "journal_hash",
    ),
)
ALERT = ProjectedTable(AlertRow, ("alert_id",))


class CaseOpened(EventData):
    """The case of an alert."""

    type: ClassVar[CaseEventType] = "case_opened"
    actors: ClassVar[Actors] = "anybody"

    alert: Alert

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        alert = self.alert
        case.opened = {
            "alert_id": alert.alert_id,
            "customer_id": alert.customer_id,
            "alert_type": alert.alert_type,
            "severity": alert.severity,
            # Nobody can mend an alert that a stream brought: better shown with a gap than never opened.
            "description": alert.description.replace("\0", "\N{REPLACEMENT CHARACTER}"),
            "source": alert.source,
            "rule_id": alert.rule_id,
            "priority": PRIORITY[alert.severity],
            "opened_at": at.at,
            "opened_seq": at.seq,
        }
        yield Insert(ALERT, {"alert_id": alert.alert_id, "opened_seq": at.seq}, alert)


class OrchestrationFailed(EventData):
    """The orchestration is over, and did not close the case."""

    type: ClassVar[CaseEventType] = "orchestration_failed"
    recurs: ClassVar[bool] = True

    round: int
    reason: str
    failures: int
    reopens_review: bool
    """Whether the question that comes next begins: nobody is asked, or the answer no longer holds."""

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        if self.reopens_review:
            if case.state != "acting":
                case.move("investigating")
            yield from end_open_review(case, "superseded")
            yield enter_round(case, self.round, at)


class CaseClosed(EventData):
    """The case ends."""

    type: ClassVar[CaseEventType] = "case_closed"

    outcome: CaseOutcome
    round: int
    journal: JournalHead

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.move("closed")
        case.outcome = self.outcome
        yield from end_open_review(case, "expired")
