"""Fake activities: each case has its own script, and notes what it was asked to do."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from durabletask import task

from casebook.errors import QuestionNotAsked
from casebook.policy.four_eyes import approvals_required, four_eyes_actions
from contracts.alert import Alert
from contracts.assessment import RecommendedAction, RiskAssessment
from contracts.case import CaseOutcome
from contracts.effect import Effect, EffectStatus
from contracts.investigation import (
    ActionOrder,
    ActionResult,
    AssessmentOrder,
    AssessmentTask,
    CaseBeginning,
    CaseStanding,
    ChangedFacts,
    Closing,
    DecisionReading,
    Escalation,
    FactCheck,
    FactReport,
    Investigation,
    InvestigationPolicy,
    NotedFacts,
    PassedOn,
    PassingOn,
    Question,
    Reconciliation,
    Refusal,
    Reminder,
    ReportFiling,
    ReversalReconciliation,
    ReviewOpening,
    ReviewPlan,
    ReviewTerms,
    RoundStart,
    SpecialistOrder,
)
from contracts.report import Specialist, SpecialistReport
from contracts.reversal import Reversal
from contracts.review import Decision, ReviewRequest
from tests.unit.worker.support.cases import a_policy, a_report, an_alert, nothing_found
from worker.activities.review import opening_of
from worker.domain.assessing import NO_JUDGEMENT, assess
from worker.domain.deadlines import due_after, remind_after
from worker.domain.deciding import planned_effects
from worker.domain.reversing import planned_reversal
from worker.domain.routing import Judgement

WAIT_S = 40.0

NULL = object()
"""Stands for an answer that is null."""


class ScriptedFault(Exception):
    """A fault that a script asks for."""


def ordinary_report(order: SpecialistOrder) -> SpecialistReport:
    return a_report(order.specialist, 0.1, round=order.round)


@dataclass
class CaseScript:
    """What one case's activities do, and what they were given."""

    alert: Alert = field(default_factory=an_alert)
    """What is on record of the case."""
    standing: CaseStanding | None = None
    """Where the case stands, when an earlier orchestration broke."""
    closed_as: CaseOutcome | None = None
    """How the case has ended before this orchestration began."""
    policy: InvestigationPolicy = field(default_factory=a_policy)
    score: float = 0.9
    recommended: RecommendedAction = "lock_account"
    specialist: Callable[[SpecialistOrder], SpecialistReport] = ordinary_report
    aggregator_fails: bool = False
    action_fails: bool = False
    facts: list[FactReport | Exception] = field(default_factory=list[FactReport | Exception])
    """What the checks of the facts find, one after the other; then that nothing has changed."""
    found: FactReport | None = None
    """What the last check found; None when it failed."""
    noted: list[NotedFacts] = field(default_factory=list[NotedFacts])
    """What is on record of changed facts, one after the other; then what the step was told."""
    reconciled: list[EffectStatus] = field(default_factory=list[EffectStatus])
    """What looking into the ledger finds, one after the other; then that all is done."""
    executed: list[dict[str, EffectStatus]] = field(default_factory=list[dict[str, EffectStatus]])
    """What comes of each action's effects, by effect, where it is not that all is done; one after the other."""
    decided_before_deadline: Decision | None = None
    """What the record answers when a deadline has passed: a decision that was accepted just before it."""
    accepted: dict[str, Decision] = field(default_factory=dict[str, Decision])
    """The decisions on record, by review. An event that announces any other proves nothing."""
    instead: dict[str, object] = field(default_factory=dict[str, object])
    """By activity or entity operation: the exception that it raises, or the answer of another shape that it gives."""

    invented: dict[str, list[object]] = field(default_factory=dict[str, list[object]])
    """Answers to a step that nobody has taken, one after the other; then it is taken."""
    refused: list[str] = field(default_factory=list[str])
    """Steps that the record does not justify, each as often as it is listed; then they are done."""

    asked: dict[str, ReviewRequest] = field(default_factory=dict[str, ReviewRequest])
    """Each question as it stands on record, by review."""
    plans: list[ReviewPlan] = field(default_factory=list[ReviewPlan])
    readings: list[DecisionReading] = field(default_factory=list[DecisionReading])
    reminders: list[Reminder] = field(default_factory=list[Reminder])
    checks: list[FactCheck] = field(default_factory=list[FactCheck])
    changed_facts: list[ChangedFacts] = field(default_factory=list[ChangedFacts])
    looks: list[Reconciliation] = field(default_factory=list[Reconciliation])
    reversals: list[Reversal] = field(default_factory=list[Reversal])
    reversal_looks: list[ReversalReconciliation] = field(default_factory=list[ReversalReconciliation])
    rounds: list[int] = field(default_factory=list[int])
    heard: list[SpecialistOrder] = field(default_factory=list[SpecialistOrder])
    filed: list[SpecialistReport] = field(default_factory=list[SpecialistReport])
    assessed: list[AssessmentOrder] = field(default_factory=list[AssessmentOrder])
    openings: list[ReviewOpening] = field(default_factory=list[ReviewOpening])
    escalations: list[Escalation] = field(default_factory=list[Escalation])
    expired: list[ReviewRequest] = field(default_factory=list[ReviewRequest])
    orders: list[ActionOrder] = field(default_factory=list[ActionOrder])
    closings: list[Closing] = field(default_factory=list[Closing])
    changed: threading.Condition = field(default_factory=threading.Condition)

    def opening(self, number: int = 1) -> ReviewOpening:
        """The n-th review that was opened, as soon as it is."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.openings) >= number, WAIT_S), "no review was opened"
        return self.openings[number - 1]

    def reminder(self) -> Reminder:
        """The first reminder, as soon as there is one."""
        with self.changed:
            assert self.changed.wait_for(lambda: bool(self.reminders), WAIT_S), "nobody was reminded"
        return self.reminders[0]

    def escalation(self) -> Escalation:
        """The escalation, as soon as there is one."""
        with self.changed:
            assert self.changed.wait_for(lambda: bool(self.escalations), WAIT_S), "nothing was escalated"
        return self.escalations[0]

    def wait_until_refused(self) -> None:
        """Until every step that was to be refused has been."""
        with self.changed:
            assert self.changed.wait_for(lambda: not self.refused, WAIT_S), f"{self.refused} was never asked for"

    def stray_from(self, step: str) -> object | None:
        """What `step` answers instead of doing its work, or None. Raises what it is to raise."""
        if step in self.refused:
            with self.changed:
                self.refused.remove(step)
                self.changed.notify_all()
            return Refusal(refused=f"Nothing on record justifies '{step}'.", reason="transition-refused")
        invented = self.invented.get(step)
        if invented:
            return invented.pop(0)
        stray = self.instead.get(step)
        if isinstance(stray, Exception):
            raise stray
        return stray

    def refuse_unasked(self, wanted: str) -> None:
        """Raises QuestionNotAsked for a question that is not on record."""
        standing = self.standing is not None and self.standing.review is not None
        if not standing and wanted not in self.asked and all(each.review.review_id != wanted for each in self.openings):
            raise QuestionNotAsked(wanted)

    def attempts_of(self, specialist: Specialist) -> int:
        return sum(order.specialist == specialist for order in self.heard)

    @property
    def outcomes(self) -> list[CaseOutcome]:
        return [closing.outcome for closing in self.closings]


class FakeActivities:
    """All activities of an investigation, by the case that they are called for."""

    def __init__(self, scripts: Mapping[str, CaseScript]) -> None:
        self._scripts = scripts

    def begin_case(self, ctx: task.ActivityContext, order: Investigation) -> CaseBeginning:
        script = self._scripts[order.case_id]
        if script.standing is None and script.closed_as is None:
            script.rounds.append(1)
        return CaseBeginning(
            policy=script.policy,
            customer_id=script.alert.customer_id,
            severity=script.alert.severity,
            standing=script.standing,
            outcome=script.closed_as,
        )

    def begin_round(self, ctx: task.ActivityContext, start: RoundStart) -> None:
        self._scripts[start.case_id].rounds.append(start.round)

    def run_specialist(self, ctx: task.ActivityContext, order: SpecialistOrder) -> SpecialistReport:
        script = self._scripts[order.case_id]
        script.heard.append(order)
        return script.specialist(order)

    def record_report(self, ctx: task.ActivityContext, filing: ReportFiling) -> SpecialistReport:
        self._scripts[filing.case_id].filed.append(filing.report)
        return filing.report

    def assess_risk(self, ctx: task.ActivityContext, order: AssessmentOrder) -> RiskAssessment:
        script = self._scripts[order.case_id]
        script.assessed.append(order)
        if script.aggregator_fails:
            raise ScriptedFault("The aggregator is down.")
        judgement = Judgement(script.score, script.recommended, "Because of the evidence.")
        return assess(_with_alert(order, script), judgement, nothing_found)

    def assess_without_model(self, ctx: task.ActivityContext, order: AssessmentOrder) -> RiskAssessment:
        return assess(_with_alert(order, self._scripts[order.case_id]), NO_JUDGEMENT)

    def ask_person(self, ctx: task.ActivityContext, question: Question) -> ReviewRequest:
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

    def read_decision(self, ctx: task.ActivityContext, reading: DecisionReading) -> Decision | None:
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

    def note_changed_facts(self, ctx: task.ActivityContext, changed: ChangedFacts) -> NotedFacts:
        script = self._scripts[changed.case_id]
        script.changed_facts.append(changed)
        return script.noted.pop(0) if script.noted else NotedFacts(changes=changed.changes, report=script.found)

    def reconcile_action(self, ctx: task.ActivityContext, reconciliation: Reconciliation) -> ActionResult:
        script = self._scripts[reconciliation.order.case_id]
        script.looks.append(reconciliation)
        return ActionResult(effects=_with_status(reconciliation.order, _next(script)))

    def execute_reversal(self, ctx: task.ActivityContext, reversal: Reversal) -> Effect:
        script = self._scripts[reversal.reversal_id]
        script.reversals.append(reversal)
        if script.action_fails:
            raise ScriptedFault("The customer store is down.")
        return planned_reversal(reversal).model_copy(update={"status": "done"})

    def reconcile_reversal(self, ctx: task.ActivityContext, reconciliation: ReversalReconciliation) -> Effect:
        script = self._scripts[reconciliation.reversal.reversal_id]
        script.reversal_looks.append(reconciliation)
        return planned_reversal(reconciliation.reversal).model_copy(update={"status": _next(script)})

    def open_review(self, ctx: task.ActivityContext, opening: ReviewOpening) -> None:
        script = self._scripts[opening.case_id]
        with script.changed:
            script.openings.append(opening)
            script.changed.notify_all()

    def escalate_to_manager(self, ctx: task.ActivityContext, passing: PassingOn) -> PassedOn:
        terms, plan = self.schedule_review(ctx, passing.plan), passing.plan
        later = opening_of(Question(plan=plan), terms).review
        escalation = Escalation(case_id=plan.case_id, review=later, reason=passing.reason, at=plan.asked_at)
        return PassedOn(review=later, decision=self.escalate_review(ctx, escalation))

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
        return ActionResult(effects=tuple(_as_it_came(effect, came.get(effect.action, "done")) for effect in done))

    def close_case(self, ctx: task.ActivityContext, closing: Closing) -> None:
        self._scripts[closing.case_id].closings.append(closing)


def _as_it_came(effect: Effect, status: EffectStatus) -> Effect:
    result = {"error": "The store refused it."} if status == "failed" else None
    return effect.model_copy(update={"status": status, "result": result})


def _with_alert(order: AssessmentOrder, script: CaseScript) -> AssessmentTask:
    return AssessmentTask(
        case_id=order.case_id,
        round=order.round,
        alert=script.alert,
        reports=order.reports,
        policy=order.policy,
        memory=order.memory,
    )


def _next(script: CaseScript) -> EffectStatus:
    return script.reconciled.pop(0) if script.reconciled else "done"


def _with_status(order: ActionOrder, status: str) -> tuple[Effect, ...]:
    assert order.decision.action is not None
    planned = planned_effects(order.case_id, order.customer_id, order.decision.action)
    return tuple(effect.model_copy(update={"status": status}) for effect in planned)
