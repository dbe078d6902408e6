"""The facade of the worker: everything that the worker does with the case record. It is the worker's port."""

from collections.abc import Sequence
from datetime import UTC, datetime

from casebook.commands import agent_journal, effects, heartbeats, investigation, recovery, reversals, reviews, subjects
from casebook.commands.effects import ApprovedAction
from casebook.errors import NoAcceptedDecision
from casebook.facade import Facade
from casebook.queries import case_brief, case_view, grants, model_spend
from casebook.queries.agent_runs import assessment_checkpoint
from casebook.queries.cursors import OpenedCase
from casebook.queries.kinds import kind_about
from contracts.assessment import RiskAssessment
from contracts.base import Contract
from contracts.brief import CaseBrief, EarlierRound, ReviewBasis
from contracts.case import CaseOutcome, RoundResult
from contracts.effect import Effect, EffectTerms
from contracts.ids import parse_review_id
from contracts.investigation import Escalation, FailedCase, InvestigationPolicy, ReviewOpening
from contracts.journal import JournalEntry, RunCheckpoint
from contracts.report import Evidence, Specialist, SpecialistReport, Spend
from contracts.reversal import Reversal
from contracts.review import Decision, ReviewRequest
from contracts.steps import CloseCaseInput


class WorkerApi(Facade):
    """The steps of an investigation, one transaction each, from any thread.

    Every write may be repeated: it changes nothing then, and logs nothing. Every method about one case raises
    CaseNotFound for an unknown case; writes about a closed case raise CaseClosed unless they repeat what was written
    before it closed. A step that nothing on record justifies raises a kind of TransitionRefused, changes nothing, and
    is counted in the log of refused transitions. CasebookUnavailable: the database failed, nothing was written.
    """

    # Rounds

    def resume_case(self, case_id: str) -> FailedCase | CaseOutcome | None:
        """Where a new orchestration begins: from the record, when an earlier one failed.

        None: with its first round. The outcome when the case is closed.
        """
        with self._read() as connection:
            if recovery.is_fresh(connection, case_id):
                return None
        with self._judged(case_id) as connection:
            return recovery.resume_case(connection, case_id, self._clock())

    def brief(self, case_id: str, round: int) -> CaseBrief:  # noqa: A002
        """What is on record of a case as of one round."""
        with self._read() as connection:
            return case_brief.brief_of(connection, case_id, round)

    def earlier_rounds(self, case_id: str, before: int) -> tuple[EarlierRound, ...]:
        """What was concluded in the rounds before `before`, and what was said to it; the oldest first."""
        with self._read() as connection:
            return case_brief.earlier_rounds(connection, case_id, before)

    def review_basis(self, case_id: str, round: int) -> ReviewBasis:  # noqa: A002
        """What a question of this round is about. Raises AssessmentNotRecorded."""
        with self._read() as connection:
            if recovery.is_fresh(connection, case_id):
                return recovery.review_basis(connection, case_id, round)
        with self._judged(case_id) as connection:
            return recovery.review_basis_after_failure(connection, case_id, round)

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
        with self._judged(case_id) as connection:
            investigation.start_round(connection, case_id, round, policy, self._clock())

    def start_specialist(
        self,
        case_id: str,
        round: int,  # noqa: A002
        specialist: Specialist,
    ) -> RunCheckpoint[SpecialistReport]:
        """Show a specialist as running, unless its report is kept; and what it has done so far."""
        with self._judged(case_id) as connection:
            checkpoint = investigation.start_specialist(connection, case_id, round, specialist, self._clock())
            if checkpoint.outcome is not None:
                return checkpoint
            return case_brief.with_brief(checkpoint, case_brief.brief_of(connection, case_id, round, reports=False))

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
        with self._judged(case_id) as connection:
            return investigation.save_report(connection, case_id, report, evidence, journal, self._clock())

    def start_assessment(self, case_id: str, round: int) -> RunCheckpoint[RiskAssessment]:  # noqa: A002
        """The assessment that is kept, or what the aggregator has done for it so far. Writes nothing."""
        with self._read() as connection:
            checkpoint = assessment_checkpoint(connection, case_id, round)
            if checkpoint.outcome is not None:
                return checkpoint
            return case_brief.with_brief(checkpoint, case_brief.brief_of(connection, case_id, round))

    def save_assessment(
        self, case_id: str, assessment: RiskAssessment, journal: Sequence[JournalEntry] = ()
    ) -> RiskAssessment:
        """Keep the assessment of a round and the end of its run's journal.

        The first of a round counts: it is what is returned. Raises RoundNotBegun, ReportsNotRecorded.
        """
        with self._judged(case_id) as connection:
            return investigation.save_assessment(connection, case_id, assessment, journal, self._clock())

    def save_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        """Keep what an agent's run did and what that cost; the first under a key counts."""
        with self._write() as connection:
            agent_journal.save_journal(connection, case_id, entries, self._clock())

    # Reviews

    def open_review(self, opening: ReviewOpening) -> ReviewRequest:
        """Ask a person, or a manager when `escalation_reason` is set; the review that is asked is returned.

        The first one of a round counts: repeating the step with other terms changes nothing, and returns those.
        Raises ReviewMismatch when the review does not carry this case, round and assessment's hash,
        ReviewSuperseded when the case is already in a later round, AssessmentNotRecorded, RoundNotJustified and
        WeakerQuestion.
        """
        with self._judged(opening.case_id) as connection:
            return reviews.open_review(connection, opening, self._clock())

    def open_about(self, subject: Contract, policy: InvestigationPolicy) -> OpenedCase:
        """The case of the kind that is about `subject`, opened now or before. Raises SubjectDiffers."""
        with self._write() as connection:
            return subjects.open_about(connection, kind_about(subject), subject, policy, self._clock())

    def ask_about(self, review: ReviewRequest, conclusion: RoundResult, *, reason: str | None = None) -> ReviewRequest:
        """Ask a person about what a case without an investigation comes to, or a manager when there is a `reason`.

        Raises ReviewMismatch, ReviewSuperseded, RoundNotJustified, WeakerQuestion.
        """
        case_id, _ = parse_review_id(review.review_id)
        with self._judged(case_id) as connection:
            return reviews.ask_about(connection, review, conclusion, reason, self._clock())

    def asked_review(self, case_id: str, review_id: str) -> ReviewRequest:
        """A question as it was put. Raises QuestionNotAsked."""
        with self._judged(case_id) as connection:
            return reviews.asked_review(connection, case_id, review_id)

    def escalate(self, escalation: Escalation) -> Decision | None:
        """Replace deadline and role of the open review. A decision accepted before that is returned and remains valid.

        Raises QuestionNotAsked, NoOpenReview, ReviewMismatch for another assessment's hash, DeadlineNotPassed while
        there is time to answer, and WeakerQuestion.
        """
        with self._judged(escalation.case_id) as connection:
            return reviews.escalate(connection, escalation, self._clock())

    def expire_review(self, case_id: str, review_id: str) -> Decision | None:
        """Stop asking: no decision on this review is accepted from here on.

        A decision accepted before that is returned and remains valid: follow it instead of the deadline. From then on
        nobody can take it back.
        Raises QuestionNotAsked, and DeadlineNotPassed while there is time to answer.
        """
        with self._judged(case_id) as connection:
            return reviews.expire_review(connection, case_id, review_id, self._clock())

    def remind(self, case_id: str, review_id: str, at: datetime) -> None:
        """Note a reminder of an open review that was due `at`; nothing when nobody is asked any more.

        Raises QuestionNotAsked.
        """
        with self._write() as connection:
            reviews.remind(connection, case_id, review_id, at, self._clock())

    def accepted_decision(self, case_id: str, review_id: str, *, announced: int = 1) -> Decision | None:
        """The final answer to this review, or None; `announced`: so many times one was said to be there.

        As long as an answer can be taken back it is none. Announcements of an answer that is not on record are counted
        in the log of refused transitions. Raises QuestionNotAsked when nobody is, or was, asked that.
        """
        with self._read() as connection:
            decision = effects.final_decision_on(connection, case_id, review_id)
        if decision is None:
            self.asked_review(case_id, review_id)
            if announced:
                self._note_refusal(case_id, NoAcceptedDecision(review_id), announced)
        return decision

    # Effects

    def approved_action(self, case_id: str, review_id: str) -> ApprovedAction:
        """What the accepted decision on this review approves, on whom and on what. Raises NotApproved."""
        with self._judged(case_id) as connection:
            return effects.approved_action(connection, case_id, review_id)

    def effects_of(self, case_id: str) -> tuple[Effect, ...]:
        """What has begun or is done in the case, by whichever round's approval, the oldest first."""
        with self._read() as connection:
            return effects.effects_of(connection, case_id)

    def start_effect(self, case_id: str, effect: Effect, terms: EffectTerms | None = None) -> None:
        """Note that an effect is about to happen; `terms`: what is about to be sent.

        Raises NotApproved when no accepted decision allows it, and NotAsApproved for another customer, other charges
        or another total than were approved.
        """
        with self._judged(case_id) as connection:
            effects.start_effect(connection, case_id, effect, terms, self._clock())

    def grant_of(self, key: str) -> str | None:
        """What the backend signed for the effect under this key; None: nothing that is valid now."""
        with self._read() as connection:
            return grants.grant_of(connection, key, self._clock())

    def finish_effect(self, case_id: str, effect: Effect) -> None:
        """Record the result of an effect; `done` is final. Raises NotApproved like `start_effect`."""
        with self._judged(case_id) as connection:
            effects.finish_effect(connection, case_id, effect, self._clock())

    def note_changed_facts(self, case_id: str, round: int, changes: Sequence[str]) -> tuple[str, ...]:  # noqa: A002
        """Note that what the approval of a round relied on has changed: no effect may start on that approval.

        Ends with what is on record: the first time counts.

        `changes`: one sentence each. Raises FactsNotJustified where nothing was approved, or nothing has changed.
        """
        with self._judged(case_id) as connection:
            return effects.note_changed_facts(connection, case_id, round, changes, self._clock())

    def approved_reversal(self, case_id: str, reversal_id: str, *, undoes: str) -> Reversal:
        """An approved reversal as it is on record, whatever its result. Raises NotReversible, NotAsRequested."""
        with self._judged(case_id) as connection:
            return reversals.approved_reversal(connection, case_id, reversal_id, undoes)

    def start_reversal(self, case_id: str, reversal_id: str, effect: Effect) -> None:
        """Note that an approved reversal is about to happen. Raises ReversalNotFound, NotReversible,
        and NotAsRequested for another effect than the one that was approved."""
        with self._judged(case_id) as connection:
            reversals.start_reversal(connection, case_id, reversal_id, effect, self._clock())

    def finish_reversal(self, case_id: str, reversal_id: str, effect: Effect) -> None:
        """Record the result of a reversal; `done` and `failed` are final. Raises ReversalNotFound, NotReversible."""
        with self._judged(case_id) as connection:
            reversals.finish_reversal(connection, case_id, reversal_id, effect, self._clock())

    def close_case(self, closing: CloseCaseInput) -> None:
        """Close the case for good. Raises CaseClosed when it is closed with another outcome, and OutcomeNotJustified
        for one that its record does not justify."""
        with self._judged(closing.case_id) as connection:
            investigation.close_case(connection, closing, self._clock())

    # Reading

    def evidence(self, case_id: str, evidence_id: str) -> Evidence:
        """One recorded tool call, word for word. Raises EvidenceNotFound."""
        with self._read() as connection:
            return case_view.read_evidence(connection, case_id, evidence_id)

    def evidence_of(self, case_id: str, evidence_ids: Sequence[str]) -> tuple[Evidence, ...]:
        """Several recorded tool calls, in this order. Raises EvidenceNotFound."""
        with self._read() as connection:
            return tuple(case_view.read_evidence(connection, case_id, each) for each in evidence_ids)

    def spent_on_case(self, case_id: str) -> Spend:
        """What models cost in one case; `cost_usd` counts the calls whose price is known."""
        with self._read() as connection:
            return model_spend.spent_on_case(connection, case_id)

    def spent_today(self) -> Spend:
        """What models cost on this UTC day; `cost_usd` counts the calls whose price is known."""
        with self._read() as connection:
            return model_spend.spent_on_day(connection, self._clock().astimezone(UTC).date())

    # Life

    def sign(self, worker_id: str) -> None:
        """The worker with this id, which no other has, is alive."""
        with self._write() as connection:
            heartbeats.sign(connection, worker_id, self._clock())
