"""The facade of people's work: find and read cases, work on them, decide."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

from casebook.audit import export, verify
from casebook.audit.case_record import read_record
from casebook.audit.export import CaseSnapshot
from casebook.audit.regulatory_report import build_report
from casebook.audit.verify import AuditReport, CaseAudit
from casebook.case_log import append
from casebook.commands import (
    assignments,
    attachments,
    claims,
    decisions,
    holds,
    merges,
    notes,
    reopenings,
    reversals,
    snoozes,
)
from casebook.commands.alerts import record_alert
from casebook.commands.attachments import Upload
from casebook.commands.merges import MovedAlerts
from casebook.database.transactions import Transactions
from casebook.facade import Facade
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.queries import case_brief, case_counts, case_export, case_list, case_summary, case_view, model_spend
from casebook.queries.alerts import list_alerts
from casebook.queries.attachments import AttachedFile, list_attachments, read_file
from casebook.queries.case_export import ExportPage, ExportPosition
from casebook.queries.cursors import AlertPage, CasePage, EventPage, NotePage, OpenedCase
from casebook.queries.filters import CaseQuery, QueueCounts
from casebook.queries.notes import list_notes
from casebook.queries.refused_transitions import refusals, refusals_by_reason
from contracts.alert import Alert
from contracts.assignment import Assignment
from contracts.case import CaseEvent, CaseState, CaseSummary, CaseView, Proposal, RefusedTransition
from contracts.claim import Claim
from contracts.closing import NO_POLICY, ClosingPolicy
from contracts.fraud_case import FraudCaseView
from contracts.names import CaseEventType
from contracts.note import Attachment, Note
from contracts.regulatory_report import RegulatoryReport
from contracts.report import Evidence
from contracts.reversal import Reversal
from contracts.review import Decision, Role, Verdict
from contracts.snooze import Snooze
from contracts.spend import SpendReport

CLAIM_MINUTES = 30.0
ATTACHMENT_MAX_BYTES = 5 * 1024 * 1024
NOTES_PER_CASE = 1_000
NEWEST = CaseQuery()
EACH_ALONE = JoinPolicy(default=JoinRule(hours=0))
"""Without a rule table every alert opens a case of its own."""


class WorkspaceApi(Facade):
    """Cases as people work on them: one transaction per method, from any thread.

    `subject` is the stable id of the person who acts. Every method raises CaseNotFound for an unknown case,
    UnstorableText for text with a NUL, and CasebookUnavailable when the database fails; then nothing was written.
    """

    def __init__(
        self,
        transactions: Transactions,
        *,
        claim_lease: timedelta = timedelta(minutes=CLAIM_MINUTES),
        attachment_max_bytes: int = ATTACHMENT_MAX_BYTES,
        notes_per_case: int = NOTES_PER_CASE,
        closing_policy: ClosingPolicy = NO_POLICY,
        joins: JoinPolicy = EACH_ALONE,
        decision_hold: timedelta = timedelta(0),
    ) -> None:
        super().__init__(transactions)
        self._lease = claim_lease
        self._joins = joins
        self._hold = decision_hold
        self.attachment_max_bytes = attachment_max_bytes
        self.notes_per_case = notes_per_case
        self._closing_policy = closing_policy

    # Deciding

    def open_case(self, alert: Alert, opened_by: str | None = None) -> OpenedCase:
        """The case of an alert: it joins the customer's open case, or opens one; nothing changes when it did before.

        `opened_by` is the person who raised it; None: a rule. Which cases take it: `casebook.policy.alert_joins`.
        """
        while True:
            with self._write() as connection:
                recorded = record_alert(connection, alert, self._joins, self._clock(), opened_by)
            if recorded is not None:
                return recorded

    def merge_cases(self, source: str, target: str, subject: str, reason: str) -> MovedAlerts:
        """Make the open case `source` part of `target`: its alerts join that one, and it is closed as merged.

        Raises AlertsCannotMove where one of them is decided or they are of two customers, ClaimedByOther, CaseClosed.
        """
        with self._write() as connection:
            return merges.merge_cases(connection, source, target, subject, reason, self._clock())

    def detach_alert(self, case_id: str, alert_id: str, subject: str, reason: str) -> MovedAlerts:
        """Take an alert out of an open case, into one of its own. Raises AlertsCannotMove, ClaimedByOther, CaseClosed.

        Where the alert opened a case that was merged, that case goes on with it.
        """
        with self._write() as connection:
            return merges.detach_alert(connection, case_id, alert_id, subject, reason, self._clock())

    def accept_decision(self, decision: Decision, roles: Collection[Role]) -> Decision | Proposal:
        """Take a person's answer: exactly once per review, and only to what is being asked right now.

        `decision.decided_by` is the subject of who decides, and `roles` are theirs. Returns the decision as it is
        recorded, undelivered until `RelayApi.confirm` says so; or a Proposal when this was the first of two approvals:
        then the review stays open. Where something is done because of it, and there is a hold, it can be taken back
        until `held_until`. Raises CaseNotFound, CaseClosed, ReviewSuperseded or ReviewNotFound (wrong round),
        AlreadyDecided, NoOpenReview, AssessmentChanged (wrong hash), NotAllowed (role), ClaimedByOther, SameApprover,
        OtherActionProposed, ReasonMissing, UnknownReasonCode or FieldsMissing; then nothing has changed.
        """
        with self._write() as connection:
            now = self._clock()
            return decisions.accept_decision(connection, decision, roles, now, self._closing_policy, self._hold)

    def withdraw_decision(self, case_id: str, subject: str) -> Decision:
        """Take back what `subject` decided, and return it: the question is open again, on the same terms.

        Raises NothingToTakeBack, NotTheDecider, and DecisionInEffect once its hold is over.
        """
        with self._write() as connection:
            return holds.withdraw_decision(connection, case_id, subject, self._clock(), self._lease)

    def four_eyes_limit(self, case_id: str) -> int | None:
        """Refunds above this many minor units need two people in this case; None where its policy names no limit."""
        with self._read() as connection:
            limits = case_brief.limits_of(connection, case_id)
            return None if limits is None else limits.policy.four_eyes_refund_minor

    def withdraw_proposal(self, case_id: str, subject: str) -> None:
        """Withdraw the first approval that `subject` gave. Raises NoProposal, NotTheProposer."""
        with self._write() as connection:
            decisions.withdraw_proposal(connection, case_id, subject, self._clock())

    def request_reversal(
        self, case_id: str, undoes: str, reason: str, *, subject: str, roles: Collection[Role]
    ) -> Reversal:
        """Ask for the effect with the key `undoes` to be reversed, also on a closed case.

        Raises NotAllowed, EffectNotFound, NothingToReverse, and ReversalExists when it was asked for or done already.
        """
        with self._write() as connection:
            return reversals.request_reversal(connection, case_id, undoes, reason, subject, roles, self._clock())

    def decide_reversal(
        self, case_id: str, number: int, verdict: Verdict, comment: str | None, *, subject: str, roles: Collection[Role]
    ) -> Reversal:
        """Approve or refuse the case's request of this number. An approved one is unscheduled until marked.

        Raises ReversalNotFound, ReversalDecided, NotAllowed, SameRequester.
        """
        with self._write() as connection:
            now = self._clock()
            return reversals.decide_reversal(connection, case_id, number, verdict, comment, subject, roles, now)

    def reopen_case(self, case_id: str, subject: str, roles: Collection[Role], reason: str) -> CaseSummary:
        """Open a case again that ended as failed or unresolved; it is unscheduled then.

        A person is asked about what is left, in a round of its own; nothing that is done is repeated. Raises
        NotAllowed, CaseOpen, NotReopenable.
        """
        with self._write() as connection:
            now = self._clock()
            reopenings.reopen_case(connection, case_id, subject, roles, reason, now)
            return case_summary.read_summary(connection, case_id, now)

    # Claims

    def claim(self, case_id: str, subject: str) -> Claim:
        """Claim a case, or prolong one's own claim. Raises CaseClosed, ClaimedByOther."""
        with self._write() as connection:
            return claims.claim(connection, case_id, subject, self._clock(), self._lease)

    def take_over(self, case_id: str, subject: str, reason: str) -> Claim:
        """Make another person's claim one's own. Raises CaseClosed, NotClaimed."""
        with self._write() as connection:
            return claims.take_over(connection, case_id, subject, reason, self._clock(), self._lease)

    def release(self, case_id: str, subject: str, *, anybodys: bool = False, reason: str | None = None) -> None:
        """End one's own claim, or with `anybodys` whosever it is. Raises NotClaimed, ClaimedByOther."""
        with self._write() as connection:
            claims.release(connection, case_id, subject, self._clock(), anybodys=anybodys, reason=reason)

    def next_case(self, subject: str, *, as_manager: bool = False, keep: Collection[str] = ()) -> CaseSummary | None:
        """Claim the most urgent case that waits for a person, unclaimed and not snoozed; None when there is none.

        Their own cases come first, then the pool and those of people who are away. However many ask at once, each case
        is handed to one of them. Escalated cases only to a manager. What the person was handed before and did nothing
        with goes back to the others, except the cases of `keep`.
        """
        states: tuple[CaseState, ...] = ("awaiting_review", "escalated") if as_manager else ("awaiting_review",)
        with self._write() as connection:
            now = self._clock()
            case_id = claims.claim_next(connection, subject, states, now, self._lease, keep)
            return None if case_id is None else case_summary.read_summary(connection, case_id, now)

    # Assignments

    def assign(
        self,
        case_id: str,
        assignee: str,
        roles: Collection[Role],
        subject: str,
        *,
        as_manager: bool = False,
        reason: str | None = None,
    ) -> Assignment:
        """Make a case somebody's, whose roles are `roles`. Only managers assign to others, and what is another's.

        Raises CaseClosed, NotAllowed, AssignedToOther, ClaimedByOther, AssigneeAway, AssigneeMayNotDecide.
        """
        with self._write() as connection:
            now = self._clock()
            return assignments.assign(
                connection, case_id, assignee, roles, subject, now, as_manager=as_manager, reason=reason
            )

    def unassign(self, case_id: str, subject: str, *, as_manager: bool = False, reason: str | None = None) -> None:
        """Put one's own case back into the pool, or as a manager anybody's. Raises NotAssigned, AssignedToOther."""
        with self._write() as connection:
            assignments.unassign(connection, case_id, subject, self._clock(), as_manager=as_manager, reason=reason)

    # Snoozes

    def snooze(
        self,
        case_id: str,
        subject: str,
        roles: Collection[Role],
        until: datetime | None = None,
        *,
        until_activity: bool = False,
        reason: str | None = None,
    ) -> Snooze:
        """Leave a waiting case out of the queue until a time, at the latest until its deadline is near.

        For the assignee, or while there is none for those who may decide the case; it ends the claim.
        `until_activity`: also until somebody else adds a note or an attachment. A claim, a decision, an escalation and
        another question end it as well. Raises CaseClosed, NoOpenReview, ClaimedByOther, NotAllowed, SnoozeTooShort,
        SnoozeTooLong.
        """
        with self._write() as connection:
            now = self._clock()
            return snoozes.snooze(
                connection, case_id, subject, roles, until, now, until_activity=until_activity, reason=reason
            )

    def end_snooze(self, case_id: str, subject: str, roles: Collection[Role]) -> None:
        """Let a snoozed case into the queue again. Raises CaseClosed, NoOpenReview, NotSnoozed, NotAllowed."""
        with self._write() as connection:
            snoozes.end_snooze(connection, case_id, subject, roles, self._clock())

    # Lists

    def list_cases(
        self, query: CaseQuery = NEWEST, subject: str = "", *, limit: int = 50, cursor: str | None = None
    ) -> CasePage:
        """One page of at most 500 cases. Raises MalformedCursor, also for the cursor of another query."""
        with self._read() as connection:
            return case_list.list_cases(connection, query, subject, self._clock(), limit, cursor)

    def begin_export(self, after: str | None = None) -> ExportPosition:
        """Where an export of many cases begins: at the first, or after a case that an earlier one ended with."""
        with self._read() as connection:
            return case_export.begin_export(connection, after, self._clock())

    def export_page(self, query: CaseQuery, subject: str, position: ExportPosition, *, limit: int = 500) -> ExportPage:
        """The next cases of an export, at most 500, in the order in which they were opened; each comes once."""
        with self._read() as connection:
            return case_export.read_export(connection, query, subject, position, self._clock(), limit)

    def summaries(self, cases: Sequence[str]) -> dict[str, CaseSummary]:
        """The rows of those of `cases` that exist, by case id."""
        with self._read() as connection:
            return case_list.find_cases(connection, cases, self._clock())

    def counts(self, subject: str) -> QueueCounts:
        """How many cases there are in each state, and of those that wait for a person."""
        with self._read() as connection:
            return case_counts.count_queue(connection, subject, self._clock())

    def list_alerts(self, *, limit: int = 50, cursor: str | None = None) -> AlertPage:
        """One page of at most 500 alerts, newest first. Raises MalformedCursor."""
        with self._read() as connection:
            return list_alerts(connection, limit, cursor)

    # Notes and files

    def add_note(self, case_id: str, author: str, text: str) -> Note:
        """Keep a note, and let the case be found by its words. Raises TooManyNotes."""
        with self._write() as connection:
            return notes.add_note(connection, case_id, author, text, self.notes_per_case, self._clock())

    def list_notes(self, case_id: str, *, limit: int = 50, cursor: str | None = None) -> NotePage:
        """The newest notes of a case, at most 500, or those before another page. Raises MalformedCursor."""
        with self._read() as connection:
            return list_notes(connection, case_id, limit, cursor)

    def add_attachment(self, case_id: str, added_by: str, upload: Upload) -> Attachment:
        """Keep a file. Raises AttachmentTooLarge, TooManyAttachments."""
        with self._write() as connection:
            return attachments.add_attachment(
                connection, case_id, added_by, upload, self.attachment_max_bytes, self._clock()
            )

    def list_attachments(self, case_id: str) -> tuple[Attachment, ...]:
        """All attachments of a case, oldest first, without their contents."""
        with self._read() as connection:
            return list_attachments(connection, case_id)

    def read_attachment(self, case_id: str, attachment_id: str) -> AttachedFile:
        """An attachment with its content. Raises AttachmentNotFound."""
        with self._read() as connection:
            return read_file(connection, case_id, attachment_id)

    # One case

    def get_case(self, case_id: str) -> CaseView:
        """Everything that the page of a case shows, of whatever kind, as of one instant."""
        with self._read() as connection:
            return case_view.read_case(connection, case_id, self._clock())

    def get_fraud_case(self, case_id: str) -> FraudCaseView:
        """The same of a case of fraud. Raises OtherKind."""
        with self._read() as connection:
            return case_view.read_fraud_case(connection, case_id, self._clock())

    def summary(self, case_id: str) -> CaseSummary:
        """One row of the case list."""
        with self._read() as connection:
            return case_summary.read_summary(connection, case_id, self._clock())

    def evidence(self, case_id: str, evidence_id: str) -> Evidence:
        """One recorded tool call, word for word. Raises EvidenceNotFound."""
        with self._read() as connection:
            return case_view.read_evidence(connection, case_id, evidence_id)

    def list_events(
        self, case_id: str, *, types: Sequence[CaseEventType] = (), limit: int = 50, cursor: str | None = None
    ) -> EventPage:
        """The newest events of a case, at most 500, or those before another page; `types`: only those.

        Raises MalformedCursor.
        """
        with self._read() as connection:
            return case_view.list_events(connection, case_id, types, limit, cursor)

    def refusals(self, case_id: str | None = None) -> tuple[RefusedTransition, ...]:
        """The refused transitions of one case, or the latest 500 of all; the latest first."""
        with self._read() as connection:
            return refusals(connection, case_id)

    def snapshot(self, case_id: str) -> CaseSnapshot:
        """All that an export of a case holds, as of one instant. What can be long is read where it is written."""
        with self._read() as connection:
            return export.take_snapshot(connection, case_id, self._clock(), self._read)

    def regulatory_report(self, case_id: str, prepared_by: str) -> RegulatoryReport:
        """The form for authorities, from the record of the case as of one instant."""
        with self._read() as connection:
            now = self._clock()
            record = read_record(connection, case_id, now)
        return build_report(record, prepared_by, now)

    def audit_case(self, case_id: str, *, limit: int = 50, cursor: str | None = None) -> CaseAudit:
        """Verify one case: its whole log, and the first invalid event or row of its record, if any.

        Of its events it returns a page: the newest, at most 500, or those before another page. Raises MalformedCursor.
        """
        with self._read() as connection:
            return verify.audit_case(connection, case_id, limit, cursor)

    # All cases

    def count_states(self) -> dict[CaseState, int]:
        """How many cases are in each state."""
        with self._read() as connection:
            return case_counts.count_states(connection)

    def spend_report(self, first: date, last: date) -> SpendReport:
        """What models cost by day and by rule, from one UTC day to another, both included."""
        with self._read() as connection:
            return model_spend.spend_report(connection, first, last)

    def refusals_by_reason(self) -> dict[str, int]:
        """How many attempts were refused, in all cases together, by the id of the error."""
        with self._read() as connection:
            return refusals_by_reason(connection)

    def last_seq(self) -> int:
        """The newest event's `seq`; 0 when nothing has happened yet. Costs one row."""
        with self._read() as connection:
            return append.last_seq(connection)

    def events_after(self, seq: int, limit: int = 500) -> list[CaseEvent]:
        """Events of all cases after `seq`, in order, at most 5,000. None with a smaller `seq` will appear later."""
        with self._read() as connection:
            return case_view.events_after(connection, seq, limit)

    def case_events(self, case_id: str) -> list[CaseEvent]:
        """The whole log of one case, in order."""
        with self._read() as connection:
            return case_view.case_events(connection, case_id)

    def audit(
        self,
        anchored: Iterable[int] = (),
        anchored_accesses: Iterable[int] = (),
        anchored_changes: Iterable[int] = (),
    ) -> AuditReport:
        """Verify every event, access and line of the desk log against the one before it, and every row against them.

        `anchored`: also digest the log up to each of these events; `anchored_accesses` and `anchored_changes`: likewise
        the access record and the desk log up to these lines.
        """
        with self._read() as connection:
            return verify.verify_case_log(connection, anchored, anchored_accesses, anchored_changes)
