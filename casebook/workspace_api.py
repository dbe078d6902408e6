"""The facade of people's work: work on cases, decide."""

from collections.abc import Collection
from datetime import datetime, timedelta

from casebook.commands import (
    assignments,
    attachments,
    claims,
    decisions,
    holds,
    legal_holds,
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
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.queries import case_brief, case_summary
from casebook.queries.cursors import OpenedCase
from casebook.record_api import RecordApi
from contracts.alert import Alert
from contracts.assignment import Assignment
from contracts.case import CaseState, CaseSummary, Proposal
from contracts.claim import Claim
from contracts.closing import NO_POLICY, ClosingPolicy
from contracts.legal_hold import LegalHold
from contracts.note import Attachment, Note
from contracts.reply import EditedReply
from contracts.reversal import Reversal
from contracts.review import Decision, Role, Verdict
from contracts.snooze import Snooze

CLAIM_MINUTES = 30.0
ATTACHMENT_MAX_BYTES = 5 * 1024 * 1024
NOTES_PER_CASE = 1_000
EACH_ALONE = JoinPolicy(default=JoinRule(hours=0))
"""Without a rule table every alert opens a case of its own."""


class WorkspaceApi(RecordApi):
    """Cases as people work on them: one transaction per method, from any thread; and all that they read.

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

    def accept_decision(
        self, decision: Decision, roles: Collection[Role], edited: EditedReply | None = None
    ) -> Decision | Proposal:
        """Take a person's answer: exactly once per review, and only to what is being asked right now.

        `decision.decided_by` is the subject of who decides, and `roles` are theirs. Returns the decision as it is
        recorded, undelivered until `RelayApi.confirm` says so; or a Proposal when this was the first of two approvals:
        then the review stays open. Where something is done because of it, and there is a hold, it can be taken back
        until `held_until`. `edited`: what is sent instead of a draft.
        Raises CaseNotFound, CaseClosed, ReviewSuperseded or ReviewNotFound (wrong round),
        AlreadyDecided, NoOpenReview, AssessmentChanged (wrong hash), NotAllowed (role), ClaimedByOther, SameApprover,
        OtherActionProposed, ReasonMissing, UnknownReasonCode or FieldsMissing; then nothing has changed.
        """
        with self._write() as connection:
            now = self._clock()
            return decisions.accept_decision(connection, decision, roles, now, self._closing_policy, self._hold, edited)

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

    # Legal holds

    def place_legal_hold(self, case_id: str, subject: str, reason: str) -> LegalHold:
        """Let nothing of a case, open or closed, be purged or erased until that is lifted.

        The legal hold that is in force: one that was placed before stays as it is. Raises CasePurged.
        """
        with self._write() as connection:
            return legal_holds.place_legal_hold(connection, case_id, subject, reason, self._clock())

    def lift_legal_hold(self, case_id: str, subject: str, reason: str) -> None:
        """End the legal hold of a case, if there is one. Raises CasePurged."""
        with self._write() as connection:
            legal_holds.lift_legal_hold(connection, case_id, subject, reason, self._clock())

    # Notes and files

    def add_note(self, case_id: str, author: str, text: str) -> Note:
        """Keep a note, and let the case be found by its words. Raises TooManyNotes."""
        with self._write() as connection:
            return notes.add_note(connection, case_id, author, text, self.notes_per_case, self._clock())

    def add_attachment(self, case_id: str, added_by: str, upload: Upload) -> Attachment:
        """Keep a file. Raises AttachmentTooLarge, AttachmentNotAsDeclared, TooManyAttachments."""
        with self._write() as connection:
            return attachments.add_attachment(
                connection, case_id, added_by, upload, self.attachment_max_bytes, self._clock()
            )
