"""The one door to the case record."""

import logging
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from casebook.audit import export, verify
from casebook.audit.export import CaseSnapshot
from casebook.audit.verify import AuditReport, CaseAudit
from casebook.case_log import append
from casebook.case_log.hash_chain import BrokenLink
from casebook.commands import (
    agent_journal,
    attachments,
    decisions,
    effects,
    investigation,
    recovery,
    refused_transitions,
    reversals,
    reviews,
)
from casebook.commands.attachments import AttachedFile
from casebook.commands.effects import ApprovedAction
from casebook.commands.recovery import Recovery
from casebook.database.transactions import Transactions
from casebook.errors import AlertNotRecorded, CaseNotFound, NoAcceptedDecision, TransitionRefused, UnknownCase
from casebook.queries import case_brief, case_list, case_summary, case_view, model_spend
from casebook.queries.cursors import AlertPage, Backlog, CasePage, EventPage, OpenedCase
from casebook.queries.filters import CaseQuery
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.brief import CaseBrief
from contracts.case import (
    CaseEvent,
    CaseOutcome,
    CaseProgress,
    CaseState,
    CaseSummary,
    CaseView,
    Proposal,
    RefusedTransition,
)
from contracts.effect import Effect, EffectTerms
from contracts.investigation import CaseStanding, Closing, Escalation, InvestigationPolicy, ReviewOpening
from contracts.journal import JournalEntry, Standing
from contracts.names import CaseEventType
from contracts.report import Evidence, Specialist, SpecialistReport, Spend
from contracts.reversal import Reversal
from contracts.review import Decision, ReviewRequest, Role, Verdict
from contracts.spend import SpendReport

log_of_refusals = logging.getLogger("casewright.refusals")


class CaseBook:
    """The case record: one transaction per method, from any thread.

    Every write that a worker step may repeat is idempotent: repeated, it changes nothing and logs nothing.
    Every method raises CaseNotFound for an unknown case and CasebookUnavailable when the database fails;
    writes about a closed case raise CaseClosed unless they repeat what was written before it closed.
    A step that nothing on record justifies raises a kind of TransitionRefused, changes nothing, and is counted in
    the log of refused transitions.
    """

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions
        """What other doors to the same casebook share."""
        self._write = transactions.write
        self._write_rows = transactions.write_rows
        self._read = transactions.read
        self._read_rows = transactions.read_rows
        self._clock = transactions.now

    # Opening

    def open_case(self, alert: Alert, opened_by: str | None = None) -> OpenedCase:
        """Open the case of an alert; when it has one already, `created` is false and nothing changes.

        `opened_by` is the person who asked for it; None: the product itself.
        """
        with self._write() as session:
            return investigation.open_case(session, alert, self._clock(), opened_by)

    def unscheduled_cases(self, limit: int = 100, *, after: str | None = None) -> list[str]:
        """Cases whose orchestration has not been confirmed scheduled, oldest first.

        `after` is the id of a case: only those that were opened later.
        """
        with self._read() as session:
            return case_view.unscheduled_cases(session, limit, after)

    def under_investigation(self, within: timedelta) -> int:
        """How many cases that the scheduler has are being investigated, of those that got on `within` this time."""
        with self._read() as session:
            return case_view.under_investigation(session, self._clock() - within)

    def is_scheduled(self, case_id: str) -> bool:
        """Whether the case's orchestration has been confirmed scheduled."""
        with self._read() as session:
            return case_view.is_scheduled(session, case_id)

    # Progress

    def start_round(
        self,
        case_id: str,
        round: int,  # noqa: A002 - the contracts' own word
        policy: InvestigationPolicy | None = None,
    ) -> None:
        """Begin a round: all specialists pending; `policy`: the limits that the case is judged by, with its first.

        Raises IllegalMove for a round that the case has passed, and RoundNotJustified for a later one that nothing
        on record calls for.
        """
        with self._judged_rows(case_id) as connection:
            investigation.start_round(connection, case_id, round, policy, self._clock())

    def start_specialist(
        self,
        case_id: str,
        round: int,  # noqa: A002
        specialist: Specialist,
    ) -> Standing[SpecialistReport]:
        """Show a specialist as running, unless its report is kept; and what it has done so far."""
        with self._judged_rows(case_id) as connection:
            standing = investigation.start_specialist(connection, case_id, round, specialist, self._clock())
            if standing.outcome is not None:
                return standing
            return case_brief.with_brief(standing, case_brief.brief_of(connection, case_id, round, reports=False))

    def save_report(
        self,
        case_id: str,
        report: SpecialistReport,
        evidence: Sequence[Evidence],
        journal: Sequence[JournalEntry] = (),
    ) -> SpecialistReport:
        """Keep a report, its evidence and the end of its run's journal.

        The first of a round and specialist counts: it is what is returned. Raises RoundNotBegun, ReportUnfounded.
        """
        with self._judged_rows(case_id) as connection:
            return investigation.save_report(connection, case_id, report, evidence, journal, self._clock())

    def start_assessment(self, case_id: str, round: int) -> Standing[RiskAssessment]:  # noqa: A002
        """The assessment that is kept, or what the aggregator has done for it so far. Writes nothing."""
        with self._read_rows() as connection:
            standing = agent_journal.standing_of_assessment(connection, case_id, round)
            if standing.outcome is not None:
                return standing
            return case_brief.with_brief(standing, case_brief.brief_of(connection, case_id, round))

    def save_assessment(
        self, case_id: str, assessment: RiskAssessment, journal: Sequence[JournalEntry] = ()
    ) -> RiskAssessment:
        """Keep the assessment of a round and the end of its run's journal.

        The first of a round counts: it is what is returned. Raises RoundNotBegun, ReportsNotRecorded.
        """
        with self._judged_rows(case_id) as connection:
            return investigation.save_assessment(connection, case_id, assessment, journal, self._clock())

    def keep_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        """Keep what an agent's run did and what that cost; the first under a key counts."""
        with self._write_rows() as connection:
            agent_journal.keep_journal(connection, case_id, entries, self._clock())

    # Review

    def open_review(self, opening: ReviewOpening) -> ReviewRequest:
        """Ask a person, or a manager when `escalation_reason` is set; the review that is asked is returned.

        The first one of a round counts: repeating the step with other terms changes nothing, and returns those.
        Raises ReviewMismatch when the review does not carry this case, round and assessment's hash,
        ReviewSuperseded when the case is already in a later round, AssessmentNotRecorded, RoundNotJustified and
        WeakerQuestion.
        """
        with self._judged_rows(opening.case_id) as connection:
            return reviews.open_review(connection, opening, self._clock())

    def asked_review(self, case_id: str, review_id: str) -> ReviewRequest:
        """A question as it was put. Raises QuestionNotAsked."""
        with self._judged_rows(case_id) as connection:
            return reviews.asked_review(connection, case_id, review_id)

    def escalate(self, escalation: Escalation) -> Decision | None:
        """Replace deadline and role of the open review. A decision accepted before that is returned and stands.

        Raises QuestionNotAsked, NoOpenReview, ReviewMismatch for another assessment's hash, DeadlineNotPassed while
        there is time to answer, and WeakerQuestion.
        """
        with self._judged(escalation.case_id) as session:
            return reviews.escalate(session, escalation, self._clock())

    def expire_review(self, case_id: str, review_id: str) -> Decision | None:
        """Stop asking: no decision on this review is accepted from here on.

        A decision accepted before that is returned and stands: follow it instead of the deadline.
        Raises QuestionNotAsked, and DeadlineNotPassed while there is time to answer.
        """
        with self._judged(case_id) as session:
            return reviews.expire_review(session, case_id, review_id, self._clock())

    def remind(self, case_id: str, review_id: str, at: datetime) -> None:
        """Note a reminder of an open review that was due `at`; nothing when nobody is asked any more.

        Raises QuestionNotAsked.
        """
        with self._write() as session:
            reviews.remind(session, case_id, review_id, at, self._clock())

    def accept_decision(self, decision: Decision, roles: Collection[Role]) -> Decision | Proposal:
        """Take a person's answer: exactly once per review, and only to what is being asked right now.

        `decision.decided_by` is the subject of who decides, and `roles` are theirs. Returns the decision as it is
        recorded, undelivered until the `Outbox` says so; or a Proposal when this was the first of two approvals: then
        the review stays open. Raises CaseNotFound, CaseClosed, ReviewSuperseded (wrong round), AlreadyDecided,
        NoOpenReview, AssessmentChanged (wrong hash), NotAllowed (role), ClaimedByOther, SameApprover or
        OtherActionProposed; then nothing has changed.
        """
        with self._write() as session:
            return decisions.accept_decision(session, decision, roles, self._clock())

    def withdraw_proposal(self, case_id: str, subject: str) -> None:
        """Take back the first approval that `subject` gave. Raises NoProposal, NotTheProposer."""
        with self._write() as session:
            decisions.withdraw_proposal(session, case_id, subject, self._clock())

    def accepted_decision(self, case_id: str, review_id: str, *, announced: int = 1) -> Decision | None:
        """The answer that was accepted on this review, or None; `announced`: so many times one was said to be there.

        Announcements of an answer that is not on record are counted in the log of refused transitions.
        Raises QuestionNotAsked when nobody is, or was, asked that.
        """
        with self._read_rows() as connection:
            decision = effects.decision_on(connection, case_id, review_id)
        if decision is None:
            self.asked_review(case_id, review_id)
            if announced:
                self._note_refusal(case_id, NoAcceptedDecision(review_id), announced)
        return decision

    def undelivered_decisions(self, limit: int = 100, *, after: str | None = None) -> list[Decision]:
        """Accepted decisions of which the orchestration has not been told, oldest first.

        `after` is the id of a review with a decision: only those that were accepted later.
        """
        with self._read() as session:
            return case_view.undelivered_decisions(session, limit, after)

    def decided_among(self, cases: Collection[str]) -> set[str]:
        """Those of these cases, a page of them, on which a decision was ever accepted."""
        with self._read() as session:
            return case_view.decided_among(session, cases)

    # Acting

    def approved_action(self, case_id: str, review_id: str) -> ApprovedAction:
        """What the accepted decision on this review approves, on whom and on what. Raises NotApproved."""
        with self._judged_rows(case_id) as connection:
            return effects.approved_action(connection, case_id, review_id)

    def effects_of(self, case_id: str) -> tuple[Effect, ...]:
        """What has begun or is done in the case, by whichever round's approval, the oldest first."""
        with self._read_rows() as connection:
            return effects.effects_of(connection, case_id)

    def start_effect(self, case_id: str, effect: Effect, terms: EffectTerms | None = None) -> None:
        """Note that an effect is about to happen; `terms`: what is about to be sent.

        Raises NotApproved when no accepted decision allows it, and NotAsApproved for another customer, other charges
        or another total than were approved.
        """
        with self._judged_rows(case_id) as connection:
            effects.start_effect(connection, case_id, effect, terms, self._clock())

    def finish_effect(self, case_id: str, effect: Effect) -> None:
        """Note what came of an effect; `done` is final. Raises NotApproved like `start_effect`."""
        with self._judged_rows(case_id) as connection:
            effects.finish_effect(connection, case_id, effect, self._clock())

    def note_changed_facts(self, case_id: str, round: int, changes: Sequence[str]) -> tuple[str, ...]:  # noqa: A002
        """Note that what the approval of a round relied on has changed: no effect may start on that approval.

        Ends with what is on record: the first time counts.

        `changes`: one sentence each. Raises FactsNotJustified where nothing was approved, or nothing has changed.
        """
        with self._judged_rows(case_id) as connection:
            return effects.note_changed_facts(connection, case_id, round, changes, self._clock())

    def close_case(self, closing: Closing) -> None:
        """Close the case for good. Raises CaseClosed when it is closed with another outcome, and OutcomeNotJustified
        for one that its record does not bear out."""
        with self._judged_rows(closing.case_id) as connection:
            investigation.close_case(connection, closing, self._clock())

    # What broke

    def recover_case(
        self, case_id: str, reason: str, *, again: bool = False, unstarted: bool = False
    ) -> Recovery | None:
        """Put a case whose investigation is over, and did not close it, before a person; it is unscheduled then.

        What a person is being asked, or has decided for good, stands; else what was concluded is asked about, or that
        nothing was. After MOST_BREAKS in a row it rests until a person decides, for an hour, or until it is tried once
        more with `again`. `unstarted`: the scheduler refuses to start it. None, and nothing changes, when
        the case is closed or was handed over by another backend.
        """
        with self._write_rows() as connection:
            return recovery.recover_case(connection, case_id, reason, self._clock(), again=again, unstarted=unstarted)

    def is_resting(self, case_id: str) -> bool:
        """Whether the case broke so often that it is not to be started again yet."""
        with self._read_rows() as connection:
            return recovery.is_resting(connection, case_id, self._clock())

    def take_up(self, case_id: str) -> CaseStanding | CaseOutcome | None:
        """Where a new orchestration begins: with nothing when the case is closed, or where a broken case stands.

        None: with its first round.
        """
        with self._read_rows() as connection:
            if recovery.is_fresh(connection, case_id):
                return None
        with self._judged_rows(case_id) as connection:
            return recovery.take_up(connection, case_id, self._clock())

    # Taking back

    def request_reversal(
        self, case_id: str, undoes: str, reason: str, *, subject: str, roles: Collection[Role]
    ) -> Reversal:
        """Ask for the effect with the key `undoes` to be taken back, also on a closed case.

        Raises NotAllowed, EffectNotFound, NothingToReverse, and ReversalStands when it was asked for or done already.
        """
        with self._write() as session:
            return reversals.request_reversal(session, case_id, undoes, reason, subject, roles, self._clock())

    def decide_reversal(
        self, case_id: str, number: int, verdict: Verdict, comment: str | None, *, subject: str, roles: Collection[Role]
    ) -> Reversal:
        """Approve or refuse the case's request of this number. An approved one is unscheduled until marked.

        Raises ReversalNotFound, ReversalDecided, NotAllowed, SameRequester.
        """
        with self._write() as session:
            return reversals.decide_reversal(session, case_id, number, verdict, comment, subject, roles, self._clock())

    def unscheduled_reversals(self, limit: int = 100, *, after: str | None = None) -> list[Reversal]:
        """Approved reversals whose orchestration has not been confirmed scheduled, oldest first."""
        with self._read() as session:
            return reversals.unscheduled_reversals(session, limit, after)

    def unfinished_reversals(self) -> list[Reversal]:
        """Approved reversals of which it is not known what came, oldest first."""
        with self._read() as session:
            return reversals.unfinished_reversals(session)

    def mark_reversal_scheduled(self, reversal_id: str) -> None:
        """Remember that the orchestration of a reversal exists. Raises ReversalNotFound."""
        with self._write() as session:
            reversals.mark_reversal_scheduled(session, reversal_id, self._clock())

    def approved_reversal(self, case_id: str, reversal_id: str, *, undoes: str) -> Reversal:
        """An approved reversal as it is on record, whatever came of it. Raises NotReversible, NotAsRequested."""
        with self._judged(case_id) as session:
            return reversals.approved_reversal(session, case_id, reversal_id, undoes)

    def start_reversal(self, case_id: str, reversal_id: str, effect: Effect) -> None:
        """Note that an approved reversal is about to happen. Raises ReversalNotFound, NotReversible,
        and NotAsRequested for another effect than the one that was approved."""
        with self._judged(case_id) as session:
            reversals.start_reversal(session, case_id, reversal_id, effect, self._clock())

    def finish_reversal(self, case_id: str, reversal_id: str, effect: Effect) -> None:
        """Note what came of a reversal; `done` and `failed` are final. Raises ReversalNotFound, NotReversible."""
        with self._judged(case_id) as session:
            reversals.finish_reversal(session, case_id, reversal_id, effect, self._clock())

    def fail_reversal(self, case_id: str, reversal_id: str, reason: str) -> Reversal | None:
        """End an approved reversal with which nobody goes on; it can then be asked for anew. None when it has ended.

        Its effect is `unknown` where it had begun, else `failed`. Raises CaseNotFound, ReversalNotFound.
        """
        with self._write() as session:
            return reversals.fail_reversal(session, case_id, reversal_id, reason, self._clock())

    # What was refused

    def refusals(self, case_id: str | None = None) -> tuple[RefusedTransition, ...]:
        """The refused transitions of one case, or the latest 500 of all; the latest first."""
        with self._read() as session:
            return refused_transitions.refusals(session, case_id)

    def count_refusals(self) -> int:
        """How many attempts were refused, in all cases together."""
        with self._read() as session:
            return refused_transitions.count_refusals(session)

    def refusals_by_reason(self) -> dict[str, int]:
        """How many attempts were refused, in all cases together, by the id of the error."""
        with self._read() as session:
            return refused_transitions.refusals_by_reason(session)

    def note_other_alert(self, case_id: str) -> None:
        """Count that a case was to be investigated on another alert than its own."""
        self._note_refusal(case_id, AlertNotRecorded(case_id))

    @contextmanager
    def _judged_rows(self, case_id: str) -> Generator[Connection]:
        """A writing transaction whose refusal is counted once it has been rolled back."""
        try:
            with self._write_rows() as connection:
                yield connection
        except (TransitionRefused, CaseNotFound) as refusal:
            self._note_refusal(case_id, refusal if isinstance(refusal, TransitionRefused) else UnknownCase())
            raise

    @contextmanager
    def _judged(self, case_id: str) -> Generator[Session]:
        try:
            with self._write() as session:
                yield session
        except (TransitionRefused, CaseNotFound) as refusal:
            self._note_refusal(case_id, refusal if isinstance(refusal, TransitionRefused) else UnknownCase())
            raise

    def _note_refusal(self, case_id: str, refusal: TransitionRefused, attempts: int = 1) -> None:
        log_of_refusals.error("Refused: %s", refusal.sentence, extra={"case_id": case_id})
        with self._write_rows() as connection:
            refused_transitions.note_refusal(connection, case_id, refusal, attempts, self._clock())

    # What models cost

    def spent_on_case(self, case_id: str) -> Spend:
        """What models cost in one case; `cost_usd` counts the calls whose price is known."""
        with self._read_rows() as connection:
            return model_spend.spent_on_case(connection, case_id)

    def spent_today(self) -> Spend:
        """What models cost on this UTC day; `cost_usd` counts the calls whose price is known."""
        with self._read_rows() as connection:
            return model_spend.spent_on_day(connection, self._clock().astimezone(UTC).date())

    def spend_report(self, first: date, last: date) -> SpendReport:
        """What models cost by day and by rule, from one UTC day to another, both included."""
        with self._read_rows() as connection:
            return model_spend.spend_report(connection, first, last)

    # Reading

    def brief(self, case_id: str, round: int) -> CaseBrief:  # noqa: A002
        """What is on record of a case as of one round."""
        with self._read_rows() as connection:
            return case_brief.brief_of(connection, case_id, round)

    def get_case(self, case_id: str) -> CaseView:
        """Everything that the case page shows, as of one instant."""
        with self._read() as session:
            return case_view.read_case(session, case_id, self._clock())

    def list_cases(self, *, state: CaseState | None = None, limit: int = 50, cursor: str | None = None) -> CasePage:
        """One page of at most 500 cases, newest first. Raises MalformedCursor. `Desk.list_cases` asks for more."""
        query = CaseQuery(state=() if state is None else (state,))
        with self._read() as session:
            return case_list.list_cases(session, query, "", self._clock(), limit, cursor)

    def list_alerts(self, *, limit: int = 50, cursor: str | None = None) -> AlertPage:
        """One page of at most 500 alerts, newest first. Raises MalformedCursor."""
        with self._read() as session:
            return case_view.list_alerts(session, limit, cursor)

    def summary(self, case_id: str) -> CaseSummary:
        """One row of the case list."""
        with self._read() as session:
            return case_summary.read_summary(session, case_id, self._clock())

    def standing(self, case_id: str) -> tuple[CaseSummary, CaseProgress]:
        """The case's row and its progress, as of one instant. Costs a few rows."""
        with self._read() as session:
            summary = case_summary.read_summary(session, case_id, self._clock())
            return summary, case_view.read_progress(session, case_id)

    def evidence(self, case_id: str, evidence_id: str) -> Evidence:
        """One recorded tool call, word for word. Raises EvidenceNotFound."""
        with self._read_rows() as connection:
            return case_view.read_evidence(connection, case_id, evidence_id)

    def evidence_of(self, case_id: str, evidence_ids: Sequence[str]) -> tuple[Evidence, ...]:
        """Several recorded tool calls, in this order. Raises EvidenceNotFound."""
        with self._read_rows() as connection:
            return tuple(case_view.read_evidence(connection, case_id, each) for each in evidence_ids)

    def events_after(self, seq: int, limit: int = 500) -> list[CaseEvent]:
        """Events of all cases after `seq`, in order, at most 5,000. None with a smaller `seq` will appear later."""
        with self._read() as session:
            return case_view.events_after(session, seq, limit)

    def last_seq(self) -> int:
        """The newest event's `seq`; 0 when nothing has happened yet. Costs one row."""
        with self._read() as session:
            return append.last_seq(session)

    def case_events(self, case_id: str) -> list[CaseEvent]:
        """The whole log of one case, in order."""
        with self._read() as session:
            return case_view.case_events(session, case_id)

    def list_events(
        self, case_id: str, *, types: Sequence[CaseEventType] = (), limit: int = 50, cursor: str | None = None
    ) -> EventPage:
        """The newest events of a case, at most 500, or those before another page; `types`: only those.

        Raises MalformedCursor.
        """
        with self._read() as session:
            return case_view.list_events(session, case_id, types, limit, cursor)

    def verify_case_log(self) -> BrokenLink | None:
        """The first thing in the whole record that is not as the log says, or None. Reads everything."""
        return self.audit().broken

    def audit(self, anchored: Iterable[int] = ()) -> AuditReport:
        """Verify every event against the one before it, and every row against the log.

        `anchored`: also digest the log up to each of these events.
        """
        with self._read() as session:
            return verify.verify_case_log(session, anchored)

    def snapshot(self, case_id: str) -> CaseSnapshot:
        """All that an export of a case holds, as of one instant. What can be long is read where it is written."""
        with self._read() as session:
            return export.take_snapshot(session, case_id, self._clock(), self._read)

    def attached_file(self, case_id: str, attachment_id: str) -> AttachedFile:
        """One file of a case with its content. Raises AttachmentNotFound."""
        with self._read() as session:
            return attachments.read_file(session, case_id, attachment_id)

    def audit_case(self, case_id: str, *, limit: int = 50, cursor: str | None = None) -> CaseAudit:
        """Verify one case: its whole log, and what is broken in its record, if anything.

        Of its events it returns a page: the newest, at most 500, or those before another page. Raises MalformedCursor.
        """
        with self._read() as session:
            return verify.audit_case(session, case_id, limit, cursor)

    def not_begun(self, before: datetime) -> tuple[int, datetime | None]:
        """How many cases that the scheduler had before then no worker has begun, and since when the oldest waits."""
        with self._read() as session:
            return case_view.not_begun(session, before)

    def counts(self) -> dict[CaseState, int]:
        """How many cases are in each state."""
        with self._read() as session:
            return case_list.count_states(session)

    def backlog(self) -> Backlog:
        """How many cases and decisions the scheduler has yet to be told of."""
        with self._read() as session:
            return case_view.backlog(session)
