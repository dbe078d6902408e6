"""The steps of an investigation as the scheduler knows them: ids in, ids and decisions out.

A step reads its records here from the casebook, so that no history contains texts of people, models or tools. The
parts that do the work (`RoundActivities`, `SpecialistActivities` …) get and return whole records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from durabletask import task

from contracts.actions import EffectAction, recommended
from contracts.alert import worst_severity
from contracts.assessment import RiskAssessment
from contracts.brief import CaseBrief, EarlierRound, ReviewBasis
from contracts.effect import Effect
from contracts.hashing import content_hash
from contracts.ids import review_id
from contracts.investigation import (
    ActionOrder,
    ActionResult,
    AssessmentOrder,
    EscalationOrder,
    EscalationResult,
    FactCheck,
    FactReport,
    InvestigationPolicy,
    NotedFacts,
    Reconciliation,
    RememberedRound,
    ReportFiling,
    ReviewOrder,
    ReviewPlan,
    SpecialistOrder,
)
from contracts.kinds import kind_of
from contracts.kinds.reply import REPLY
from contracts.refunds import ChosenRefund
from contracts.report import SPECIALISTS, SpecialistReport
from contracts.review import Decision, ReviewRequest, Role
from contracts.steps import (
    ActionOutcome,
    CaseStart,
    CheckFactsInput,
    CloseCaseInput,
    Conclusion,
    EffectOutcome,
    EscalatedReview,
    EscalateInput,
    ExecuteActionInput,
    FactsChecked,
    FailedSpecialistInput,
    Investigation,
    ReadDecisionInput,
    ReconcileActionInput,
    ReconcileReversalInput,
    Reminder,
    ReportReference,
    ReversalOrder,
    ReversalOutcome,
    ReviewInput,
    ReviewQuestion,
    RoundInput,
    SpecialistInput,
    TakenDecision,
)
from worker.domain.decisions import conclusion_of, taken
from worker.domain.facts import asked_again, done_of, facts_behind, order_for, refused_because, still_to_do
from worker.domain.failures import sentence_for, unavailable_report
from worker.domain.memory import recall
from worker.domain.questions import ESCALATIONS, NOT_DECIDED_IN_TIME, with_reasons
from worker.domain.recorded import NOT_ON_RECORD
from worker.ports.record import Approved


class StepRecord(Protocol):
    """What steps read of a case before they do their work."""

    def brief(self, case_id: str, round: int) -> CaseBrief: ...  # noqa: A002 - the casebook's own word
    def earlier_rounds(self, case_id: str, before: int) -> tuple[EarlierRound, ...]: ...
    def review_basis(self, case_id: str, round: int) -> ReviewBasis: ...  # noqa: A002
    def approved_action(self, case_id: str, review_id: str) -> Approved: ...
    def effects_of(self, case_id: str) -> tuple[Effect, ...]: ...
    def asked_review(self, case_id: str, review_id: str) -> ReviewRequest: ...


class RoundWork(Protocol):
    def start_case(self, context: task.ActivityContext, order: Investigation, /) -> CaseStart: ...
    def start_round(self, context: task.ActivityContext, start: RoundInput, /) -> None: ...


class SpecialistWork(Protocol):
    def run_specialist(self, context: task.ActivityContext, order: SpecialistOrder, /) -> SpecialistReport: ...
    def record_report(self, context: task.ActivityContext, filing: ReportFiling, /) -> SpecialistReport: ...


class AssessmentWork(Protocol):
    def assess_risk(self, context: task.ActivityContext, order: AssessmentOrder, /) -> RiskAssessment: ...
    def assess_without_model(self, context: task.ActivityContext, order: AssessmentOrder, /) -> RiskAssessment: ...


class ReviewWork(Protocol):
    def ask_person(self, context: task.ActivityContext, question: ReviewOrder, /) -> ReviewRequest: ...
    def read_decision(self, context: task.ActivityContext, reading: ReadDecisionInput, /) -> Decision | None: ...
    def remind_review(self, context: task.ActivityContext, reminder: Reminder, /) -> None: ...
    def escalate_to_manager(self, context: task.ActivityContext, passing: EscalationOrder, /) -> EscalationResult: ...
    def expire_review(self, context: task.ActivityContext, review: ReviewRequest, /) -> Decision | None: ...


class FactWork(Protocol):
    def check_facts(self, context: task.ActivityContext, check: FactCheck, /) -> FactReport: ...
    def note_changed_facts(self, context: task.ActivityContext, approved: RoundInput, /) -> NotedFacts: ...
    def read_for_question(self, check: FactCheck, /) -> FactReport | None: ...


class ActionWork(Protocol):
    def execute_action(self, context: task.ActivityContext, order: ActionOrder, /) -> ActionResult: ...
    def reconcile_action(self, context: task.ActivityContext, reconciliation: Reconciliation, /) -> ActionResult: ...


class ReversalWork(Protocol):
    def execute_reversal(self, context: task.ActivityContext, order: ReversalOrder, /) -> Effect: ...
    def reconcile_reversal(self, context: task.ActivityContext, order: ReconcileReversalInput, /) -> Effect: ...


class ReplyWork(Protocol):
    def ask_person(self, context: task.ActivityContext, question: ReviewQuestion, /) -> ReviewRequest: ...
    def escalate_to_manager(self, context: task.ActivityContext, order: EscalateInput, /) -> EscalationResult: ...


class ClosureWork(Protocol):
    def close_case(self, context: task.ActivityContext, closing: CloseCaseInput, /) -> None: ...


@dataclass(frozen=True)
class Work:
    """Who does the work of the steps that only read and record."""

    rounds: RoundWork
    specialists: SpecialistWork
    assessment: AssessmentWork
    review: ReviewWork
    facts: FactWork
    closure: ClosureWork
    replies: ReplyWork


class InvestigationSteps:
    """Every step without effects on customers. `policy`: for a case that has not begun on record."""

    def __init__(self, record: StepRecord, work: Work, policy: InvestigationPolicy) -> None:
        self._record = record
        self._work = work
        self._policy = policy

    def start_case(self, context: task.ActivityContext, order: Investigation) -> CaseStart:
        """Start the case and its first round, or return where it resumes."""
        return self._work.rounds.start_case(context, order)

    def start_round(self, context: task.ActivityContext, start: RoundInput) -> None:
        """Note that a round has begun."""
        self._work.rounds.start_round(context, start)

    def run_specialist(self, context: task.ActivityContext, order: SpecialistInput) -> ReportReference:
        """Let a specialist investigate, with the findings of and the feedback to earlier rounds."""
        whole = SpecialistOrder(
            case_id=order.case_id,
            round=order.round,
            specialist=order.specialist,
            policy=self._policy,
            memory=self._memory(order.case_id, order.round),
        )
        return _reference(self._work.specialists.run_specialist(context, whole))

    def record_report(self, context: task.ActivityContext, failed: FailedSpecialistInput) -> ReportReference:
        """Note that a specialist could not be heard."""
        silent = unavailable_report(failed.specialist, failed.round, sentence_for(failed.error))
        filing = ReportFiling(case_id=failed.case_id, report=silent)
        return _reference(self._work.specialists.record_report(context, filing))

    def assess_risk(self, context: task.ActivityContext, order: RoundInput) -> Conclusion:
        """Assess the round from the reports on record."""
        return conclusion_of(self._work.assessment.assess_risk(context, self._assessment_order(order)))

    def assess_without_model(self, context: task.ActivityContext, order: RoundInput) -> Conclusion:
        """Assess the round by the guard rails alone."""
        return conclusion_of(self._work.assessment.assess_without_model(context, self._assessment_order(order)))

    def ask_person(self, context: task.ActivityContext, question: ReviewQuestion) -> ReviewRequest:
        """Ask about what was concluded in the round, or again about that of the round before."""
        if kind_of(question.case_id) is REPLY:
            return self._work.replies.ask_person(context, question)
        basis = self._record.review_basis(question.case_id, question.round)
        asked = self._asked_again(question, basis) if basis.changes else basis.assessment
        asked = with_reasons(asked.model_copy(update={"round": question.round}), question.added)
        plan = self._plan(question.case_id, asked, question.required_role, question.asked_at)
        reason = None if question.escalation is None else ESCALATIONS[question.escalation]
        return self._work.review.ask_person(context, ReviewOrder(plan=plan, escalation_reason=reason))

    def read_decision(self, context: task.ActivityContext, reading: ReadDecisionInput) -> TakenDecision | None:
        """The decision that was accepted on a review, or None."""
        return taken(self._work.review.read_decision(context, reading))

    def remind_review(self, context: task.ActivityContext, reminder: Reminder) -> None:
        """Remind those who could decide."""
        self._work.review.remind_review(context, reminder)

    def escalate_to_manager(self, context: task.ActivityContext, order: EscalateInput) -> EscalatedReview:
        """Pass the open review to a manager, unless it has been decided."""
        if kind_of(order.case_id) is REPLY:
            passed = self._work.replies.escalate_to_manager(context, order)
            return EscalatedReview(review=passed.review, decision=taken(passed.decision))
        about = self._record.review_basis(order.case_id, order.round).assessment
        plan = self._plan(order.case_id, about, "manager", order.asked_at)
        passed = self._work.review.escalate_to_manager(context, EscalationOrder(plan=plan, reason=NOT_DECIDED_IN_TIME))
        return EscalatedReview(review=passed.review, decision=taken(passed.decision))

    def expire_review(self, context: task.ActivityContext, order: ReviewInput) -> TakenDecision | None:
        """Expire the review. An earlier decision is returned and remains valid."""
        review = self._record.asked_review(order.case_id, order.review_id)
        return taken(self._work.review.expire_review(context, review))

    def check_facts(self, context: task.ActivityContext, order: CheckFactsInput) -> FactsChecked:
        """Whether what the approval relied on has changed, or why the store refused a part of it."""
        approved = self._record.approved_action(order.case_id, order.review_id)
        effects = self._record.effects_of(order.case_id)
        check = _check_of(order.case_id, approved, effects, approved.decision.refunds)
        if check is None:
            return FactsChecked(has_changed=False)
        report = self._work.facts.check_facts(context, check)
        refused = next((effect for effect in effects if effect.status == "failed"), None)
        if not order.after_refusal or refused is None:
            return FactsChecked(has_changed=bool(report.changes))
        whole = order_for(order.case_id, approved.customer_id, approved.assessment, approved.decision)
        return FactsChecked(has_changed=bool(refused_because(check, whole, refused, report)))

    def note_changed_facts(self, context: task.ActivityContext, approved: RoundInput) -> FactsChecked:
        """Leave on record why the approval of a round is not carried out; whether there is anything to leave."""
        return FactsChecked(has_changed=bool(self._work.facts.note_changed_facts(context, approved).changes))

    def close_case(self, context: task.ActivityContext, closing: CloseCaseInput) -> None:
        """Close the case for good."""
        self._work.closure.close_case(context, closing)

    def _memory(self, case_id: str, round_number: int) -> tuple[RememberedRound, ...]:
        return recall(self._record.earlier_rounds(case_id, round_number)) if round_number > 1 else ()

    def _assessment_order(self, order: RoundInput) -> AssessmentOrder:
        # Which reports there are is on record; who left none counts as not heard.
        silent = tuple(unavailable_report(each, order.round, NOT_ON_RECORD) for each in SPECIALISTS)
        memory = self._memory(order.case_id, order.round)
        return AssessmentOrder(
            case_id=order.case_id, round=order.round, reports=silent, policy=self._policy, memory=memory
        )

    def _plan(self, case_id: str, about: RiskAssessment, role: Role, asked_at: datetime) -> ReviewPlan:
        brief = self._record.brief(case_id, 1)
        return ReviewPlan(
            case_id=case_id,
            severity=worst_severity(brief.alerts),
            required_role=role,
            asked_at=asked_at,
            assessment=about,
            policy=brief.policy or self._policy,
        )

    def _asked_again(self, question: ReviewQuestion, basis: ReviewBasis) -> RiskAssessment:
        """The judgement of the round before, with what has changed and without what cannot be done any more."""
        approved = self._record.approved_action(question.case_id, review_id(question.case_id, question.round - 1))
        effects = self._record.effects_of(question.case_id)
        # Whatever was chosen of them: all of its charges are asked about again.
        check = _check_of(question.case_id, approved, effects, chosen=None)
        if check is None:
            return basis.assessment
        report = self._work.facts.read_for_question(check)
        policy = self._record.brief(question.case_id, 1).policy or self._policy
        return asked_again(basis.assessment, policy, check, basis.changes, report, done_of(effects))


class ActingSteps:
    """The steps that act on customers: they alone hold the way to write to the store."""

    def __init__(self, record: StepRecord, actions: ActionWork, reversals: ReversalWork) -> None:
        self._record = record
        self._actions = actions
        self._reversals = reversals

    def execute_action(self, context: task.ActivityContext, order: ExecuteActionInput) -> ActionOutcome:
        """Make every effect of the approved action happen."""
        return _outcome(self._actions.execute_action(context, self._action(order)))

    def reconcile_action(self, context: task.ActivityContext, order: ReconcileActionInput) -> ActionOutcome:
        """Find out the result of the effects in doubt."""
        whole = Reconciliation(order=self._action(order.order), last=order.last)
        return _outcome(self._actions.reconcile_action(context, whole))

    def execute_reversal(self, context: task.ActivityContext, order: ReversalOrder) -> ReversalOutcome:
        """Reverse an effect."""
        return ReversalOutcome(status=self._reversals.execute_reversal(context, order).status)

    def reconcile_reversal(self, context: task.ActivityContext, order: ReconcileReversalInput) -> ReversalOutcome:
        """Find out the result of a reversal in doubt."""
        return ReversalOutcome(status=self._reversals.reconcile_reversal(context, order).status)

    def _action(self, order: ExecuteActionInput) -> ActionOrder:
        approved = self._record.approved_action(order.case_id, order.review_id)
        whole = order_for(order.case_id, approved.customer_id, approved.assessment, approved.decision)
        return whole.model_copy(update={"decision": whole.decision.model_copy(update={"action": order.action})})


def _check_of(
    case_id: str, approved: Approved, effects: Sequence[Effect], chosen: tuple[ChosenRefund, ...] | None
) -> FactCheck | None:
    assert approved.decision.action is not None, "only what was approved with an action is on record as approved"
    action = still_to_do(recommended(approved.decision.action), done_of(effects))
    return facts_behind(case_id, approved.customer_id, action, approved.assessment, chosen)


def _reference(report: SpecialistReport) -> ReportReference:
    return ReportReference(
        specialist=report.specialist,
        status=report.status,
        risk_score=report.risk_score,
        report_hash=content_hash(report),
    )


def _outcome(result: ActionResult) -> ActionOutcome:
    return ActionOutcome(
        effects=tuple(
            EffectOutcome(action=cast("EffectAction", effect.action), status=effect.status) for effect in result.effects
        )
    )
