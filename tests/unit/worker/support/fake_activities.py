"""Fake activities and record: each case has its own script, and notes what it was asked to do."""

from collections.abc import Mapping

from durabletask import task

from casebook.commands.effects import ApprovedAction
from casebook.errors import NotApproved, QuestionNotAsked
from casebook.policy.four_eyes import approvals_required, four_eyes_actions
from contracts.actions import ACTIONS, recommended
from contracts.assessment import RiskAssessment
from contracts.brief import CaseBrief, EarlierRound, ReviewBasis
from contracts.effect import Effect, EffectStatus
from contracts.ids import effect_key, parse_review_id, review_id
from contracts.investigation import (
    ActionOrder,
    ActionResult,
    AssessmentOrder,
    AssessmentTask,
    Escalation,
    EscalationOrder,
    EscalationResult,
    FactCheck,
    FactReport,
    Feedback,
    NotedFacts,
    Reconciliation,
    ReportFiling,
    ReviewOpening,
    ReviewOrder,
    ReviewPlan,
    ReviewTerms,
    SpecialistOrder,
)
from contracts.report import SPECIALISTS, SpecialistReport
from contracts.review import Decision, ReviewRequest
from contracts.steps import (
    CaseStart,
    CloseCaseInput,
    CountResetOrder,
    CountResetResult,
    Investigation,
    ReadDecisionInput,
    ReconcileReversalInput,
    Reminder,
    ReminderOrder,
    ReminderResult,
    ReversalOrder,
    RoundInput,
)
from contracts.tasks import reminder_instance
from tests.unit.worker.support.case_script import WAIT_S, CaseScript, Changed, ScriptedFault
from tests.unit.worker.support.cases import nothing_found
from worker.activities.review import opening_of
from worker.activities.rounds import resume_point
from worker.domain.assessments import NO_JUDGEMENT, assess
from worker.domain.deadlines import due_after, remind_after
from worker.domain.decisions import planned_effects
from worker.domain.facts import NOT_CHECKED, order_for, refused_because
from worker.domain.routing import Judgement


class FakeRecord:
    """What the casebook would say of the cases."""

    def __init__(self, scripts: Mapping[str, CaseScript]) -> None:
        self._scripts = scripts

    def brief(self, case_id: str, round: int) -> CaseBrief:  # noqa: A002 - the casebook's own word
        script = self._scripts[case_id]
        return CaseBrief(alert=script.alert, policy=script.limits or script.policy)

    def earlier_rounds(self, case_id: str, before: int) -> tuple[EarlierRound, ...]:
        script = self._scripts[case_id]
        return tuple(
            EarlierRound(script.concluded[number], _feedback(script, case_id, number))
            for number in sorted(script.concluded)
            if number < before
        )

    def review_basis(self, case_id: str, round: int) -> ReviewBasis:  # noqa: A002
        script = self._scripts[case_id]
        if round in script.concluded:
            return ReviewBasis(script.concluded[round])
        changes = [noted.changes for noted in script.changed_facts if noted.round == round - 1]
        return ReviewBasis(script.concluded[round - 1], changes[-1] if changes else ())

    def approved_action(self, case_id: str, review_id: str) -> ApprovedAction:
        script, round_number = self._scripts[case_id], parse_review_id(review_id)[1]
        resumed = None if script.failed_case is None else script.failed_case.decision
        decision = script.accepted.get(review_id) or script.decided_before_deadline or resumed
        if decision is None or decision.action is None:
            raise NotApproved(case_id, "anything")
        customer = script.alert.customer_id
        keys = {action: effect_key(case_id, action, str(customer)) for action in ACTIONS[decision.action].effects}
        return ApprovedAction(customer, script.concluded[round_number], decision, keys)

    def effects_of(self, case_id: str) -> tuple[Effect, ...]:
        return tuple(self._scripts[case_id].effects.values())

    def asked_review(self, case_id: str, review_id: str) -> ReviewRequest:
        script = self._scripts[case_id]
        if review_id not in script.asked:
            raise QuestionNotAsked(review_id)
        return script.asked[review_id]


class FakeActivities:
    """All activities of an investigation, by the case that they are called for."""

    def __init__(self, scripts: Mapping[str, CaseScript]) -> None:
        self._scripts = scripts
        self._record = FakeRecord(scripts)

    def start_case(self, ctx: task.ActivityContext, order: Investigation) -> CaseStart:
        script = self._scripts[order.case_id]
        script.limits = policy = script.policy
        failed_case = script.failed_case
        if failed_case is None and script.closed_as is None:
            script.rounds.append(1)
        if failed_case is not None:
            script.concluded[failed_case.assessment.round] = failed_case.assessment
        return CaseStart(
            max_review_attempts=policy.max_review_attempts,
            reconcile_hours=policy.reconcile_hours,
            resume=None if failed_case is None else resume_point(failed_case),
            outcome=script.closed_as,
        )

    def start_round(self, ctx: task.ActivityContext, start: RoundInput) -> None:
        self._scripts[start.case_id].rounds.append(start.round)

    def run_specialist(self, ctx: task.ActivityContext, order: SpecialistOrder) -> SpecialistReport:
        script = self._scripts[order.case_id]
        script.heard.append(order)
        report = script.specialist(order)
        return script.reports.setdefault((order.round, order.specialist), report)

    def record_report(self, ctx: task.ActivityContext, filing: ReportFiling) -> SpecialistReport:
        script, report = self._scripts[filing.case_id], filing.report
        script.filed.append(report)
        return script.reports.setdefault((report.round, report.specialist), report)

    def assess_risk(self, ctx: task.ActivityContext, order: AssessmentOrder) -> RiskAssessment:
        script = self._scripts[order.case_id]
        script.assessed.append(order)
        if script.aggregator_fails:
            raise ScriptedFault("The aggregator is down.")
        judgement = Judgement(script.score, script.recommended, "Because of the evidence.")
        script.concluded[order.round] = assess(_as_recorded(order, script), judgement, nothing_found)
        return script.concluded[order.round]

    def assess_without_model(self, ctx: task.ActivityContext, order: AssessmentOrder) -> RiskAssessment:
        script = self._scripts[order.case_id]
        script.concluded[order.round] = assess(_as_recorded(order, script), NO_JUDGEMENT)
        return script.concluded[order.round]

    def ask_person(self, ctx: task.ActivityContext, question: ReviewOrder) -> ReviewRequest:
        script = self._scripts[question.plan.case_id]
        opening = opening_of(question, self.schedule_review(ctx, question.plan))
        asked = script.asked.setdefault(opening.review.review_id, opening.review)
        if asked is opening.review:
            self.open_review(ctx, opening)
        return asked

    def schedule_review(self, ctx: task.ActivityContext, plan: ReviewPlan) -> ReviewTerms:
        self._scripts[plan.case_id].plans.append(plan)
        hours, limit = plan.policy.review_hours(plan.severity, plan.required_role), plan.policy.four_eyes_refund_minor
        return ReviewTerms(
            due_at=due_after(plan.asked_at, hours),
            remind_at=remind_after(plan.asked_at, hours, plan.policy.remind_before_share or 0.0),
            approvals_required=1 if limit is None else approvals_required(plan.assessment, plan.severity, limit),
            four_eyes_actions=None if limit is None else four_eyes_actions(plan.assessment, plan.severity, limit),
        )

    def read_decision(self, ctx: task.ActivityContext, reading: ReadDecisionInput) -> Decision | None:
        script = self._scripts[reading.case_id]
        script.readings.append(reading)
        script.refuse_unasked(reading.review_id)
        return script.accepted.get(reading.review_id)

    def remind_review(self, ctx: task.ActivityContext, reminder: Reminder) -> None:
        script = self._scripts[reminder.case_id]
        with script.changed:
            script.reminders.append(reminder)
            script.changed.notify_all()

    def check_facts(self, ctx: task.ActivityContext, check: FactCheck) -> FactReport:
        script = self._scripts[check.case_id]
        script.checks.append(check)
        found = script.facts.pop(0) if script.facts else FactReport(refund_charge_ids=check.refund_charge_ids)
        script.found = found if isinstance(found, FactReport) else None
        if isinstance(found, Exception):
            raise found
        return found

    def note_changed_facts(self, ctx: task.ActivityContext, approved: RoundInput) -> NotedFacts:
        script = self._scripts[approved.case_id]
        noted = script.noted.pop(0) if script.noted else self._as_it_stands(script, approved)
        if noted.changes:
            script.changed_facts.append(Changed(approved.round, noted.changes, noted.report))
        return noted

    def _as_it_stands(self, script: CaseScript, approved: RoundInput) -> NotedFacts:
        case_id, found = approved.case_id, script.found
        refused = next((effect for effect in script.effects.values() if effect.status == "failed"), None)
        if refused is None:
            return NotedFacts(changes=(NOT_CHECKED,) if found is None else found.changes, report=found)
        on = self._record.approved_action(case_id, review_id(case_id, approved.round))
        order = order_for(case_id, on.customer_id, on.assessment, on.decision)
        return NotedFacts(changes=refused_because(script.checks[-1], order, refused, found), report=found)

    def read_for_question(self, check: FactCheck) -> FactReport | None:
        return self._scripts[check.case_id].changed_facts[-1].report

    def reconcile_action(self, ctx: task.ActivityContext, reconciliation: Reconciliation) -> ActionResult:
        script = self._scripts[reconciliation.order.case_id]
        script.looks.append(reconciliation)
        assert script.may_find.wait(WAIT_S)
        return _recorded(script, _with_status(reconciliation.order, _next(script)))

    def execute_reversal(self, ctx: task.ActivityContext, order: ReversalOrder) -> Effect:
        script = self._scripts[order.reversal_id]
        script.reversals.append(order)
        if script.action_fails:
            raise ScriptedFault("The customer store is down.")
        return Effect(key=order.reversal_id, action="unlock_account", status="done")

    def reconcile_reversal(self, ctx: task.ActivityContext, order: ReconcileReversalInput) -> Effect:
        script = self._scripts[order.order.reversal_id]
        script.reversal_looks.append(order)
        return Effect(key=order.order.reversal_id, action="unlock_account", status=_next(script))

    def tell_overdue(self, ctx: task.ActivityContext, order: ReminderOrder) -> ReminderResult:
        looks = self._scripts[reminder_instance(order.task_id, order.revision)].reminder_looks
        return looks.pop(0) if looks else ReminderResult(told=True)

    def reset_counts(self, ctx: task.ActivityContext, order: CountResetOrder) -> CountResetResult:
        script = self._scripts[ctx.orchestration_id]
        script.reset_orders.append(order)
        return script.resets.pop(0)

    def open_review(self, ctx: task.ActivityContext, opening: ReviewOpening) -> None:
        script = self._scripts[opening.case_id]
        with script.changed:
            if opening.round in script.decides:
                script.decided_before_deadline = script.decides[opening.round](opening)
            script.openings.append(opening)
            script.concluded[opening.round] = opening.assessment
            script.changed.notify_all()

    def escalate_to_manager(self, ctx: task.ActivityContext, passing: EscalationOrder) -> EscalationResult:
        terms, plan = self.schedule_review(ctx, passing.plan), passing.plan
        later = opening_of(ReviewOrder(plan=plan), terms).review
        escalation = Escalation(case_id=plan.case_id, review=later, reason=passing.reason, at=plan.asked_at)
        return EscalationResult(review=later, decision=self.escalate_review(ctx, escalation))

    def escalate_review(self, ctx: task.ActivityContext, escalation: Escalation) -> Decision | None:
        script = self._scripts[escalation.case_id]
        script.refuse_unasked(escalation.review.review_id)
        with script.changed:
            script.escalations.append(escalation)
            script.asked[escalation.review.review_id] = escalation.review
            script.changed.notify_all()
        return script.decided_before_deadline

    def expire_review(self, ctx: task.ActivityContext, review: ReviewRequest) -> Decision | None:
        script = self._scripts[ctx.orchestration_id]
        script.expired.append(review)
        return script.decided_before_deadline

    def execute_action(self, ctx: task.ActivityContext, order: ActionOrder) -> ActionResult:
        script = self._scripts[order.case_id]
        script.orders.append(order)
        if script.action_fails:
            raise ScriptedFault("The customer store is down.")
        came = script.executed.pop(0) if script.executed else {}
        done = _with_status(order, "done")
        return _recorded(script, tuple(_as_it_came(effect, came.get(effect.action, "done")) for effect in done))

    def close_case(self, ctx: task.ActivityContext, closing: CloseCaseInput) -> None:
        self._scripts[closing.case_id].closings.append(closing)


def _as_it_came(effect: Effect, status: EffectStatus) -> Effect:
    result = {"error": "The store refused it."} if status == "failed" else None
    return effect.model_copy(update={"status": status, "result": result})


def _as_recorded(order: AssessmentOrder, script: CaseScript) -> AssessmentTask:
    reports = [script.reports.get((order.round, each)) for each in SPECIALISTS]
    return AssessmentTask(
        case_id=order.case_id,
        round=order.round,
        alert=script.alert,
        reports=tuple(report for report in reports if report is not None),
        policy=script.limits or script.policy,
        memory=order.memory,
        was_asked=bool(script.asked),
    )


def _recorded(script: CaseScript, effects: tuple[Effect, ...]) -> ActionResult:
    script.effects.update({effect.key: effect for effect in effects})
    return ActionResult(effects=effects)


def _feedback(script: CaseScript, case_id: str, round_number: int) -> Feedback | None:
    said = script.accepted.get(review_id(case_id, round_number))
    if said is None or said.verdict != "reject":
        return None
    return Feedback(round=round_number, text=said.feedback or "", decided_by=said.decided_by)


def _next(script: CaseScript) -> EffectStatus:
    return script.reconciled.pop(0) if script.reconciled else "done"


def _with_status(order: ActionOrder, status: str) -> tuple[Effect, ...]:
    assert order.decision.action is not None
    target = str(order.customer_id)
    keys = {action: effect_key(order.case_id, action, target) for action in ACTIONS[order.decision.action].effects}
    planned = planned_effects(keys, recommended(order.decision.action))
    return tuple(effect.model_copy(update={"status": status}) for effect in planned)
