"""Fake activities: each case has its own script, and notes what it was asked to do."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from durabletask import task

from contracts.assessment import RecommendedAction, RiskAssessment
from contracts.case import CaseOutcome
from contracts.effect import Effect
from contracts.investigation import (
    ActionOrder,
    ActionResult,
    AssessmentTask,
    Closing,
    Escalation,
    Investigation,
    InvestigationPolicy,
    ReportFiling,
    ReviewOpening,
    RoundStart,
    SpecialistTask,
)
from contracts.report import Specialist, SpecialistReport
from contracts.review import Decision, ReviewRequest
from tests.unit.worker.support.cases import a_policy, a_report
from worker.domain.assessing import NO_JUDGEMENT, assess
from worker.domain.deciding import planned_effects
from worker.domain.routing import Judgement

WAIT_S = 40.0


class ScriptedFault(Exception):
    """A fault that a script asks for."""


def ordinary_report(order: SpecialistTask) -> SpecialistReport:
    return a_report(order.specialist, 0.1, round=order.round)


@dataclass
class CaseScript:
    """What one case's activities do, and what they were given."""

    policy: InvestigationPolicy = field(default_factory=a_policy)
    score: float = 0.9
    recommended: RecommendedAction = "lock_account"
    specialist: Callable[[SpecialistTask], SpecialistReport] = ordinary_report
    aggregator_fails: bool = False
    action_fails: bool = False
    decided_before_deadline: Decision | None = None
    """What the record answers when a deadline has passed: a decision that was accepted just before it."""
    instead: dict[str, object] = field(default_factory=dict[str, object])
    """By activity or entity operation: the exception that it raises, or the answer of another shape that it gives."""

    rounds: list[int] = field(default_factory=list[int])
    heard: list[SpecialistTask] = field(default_factory=list[SpecialistTask])
    filed: list[SpecialistReport] = field(default_factory=list[SpecialistReport])
    assessed: list[AssessmentTask] = field(default_factory=list[AssessmentTask])
    openings: list[ReviewOpening] = field(default_factory=list[ReviewOpening])
    escalations: list[Escalation] = field(default_factory=list[Escalation])
    expired: list[ReviewRequest] = field(default_factory=list[ReviewRequest])
    orders: list[ActionOrder] = field(default_factory=list[ActionOrder])
    given_up: list[ActionOrder] = field(default_factory=list[ActionOrder])
    closings: list[Closing] = field(default_factory=list[Closing])
    changed: threading.Condition = field(default_factory=threading.Condition)

    def opening(self, number: int = 1) -> ReviewOpening:
        """The n-th review that was opened, as soon as it is."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.openings) >= number, WAIT_S), "no review was opened"
        return self.openings[number - 1]

    def escalation(self) -> Escalation:
        """The escalation, as soon as there is one."""
        with self.changed:
            assert self.changed.wait_for(lambda: bool(self.escalations), WAIT_S), "nothing was escalated"
        return self.escalations[0]

    def stray_from(self, step: str) -> object | None:
        """What `step` answers instead of doing its work, or None. Raises what it is to raise."""
        stray = self.instead.get(step)
        if isinstance(stray, Exception):
            raise stray
        return stray

    def attempts_of(self, specialist: Specialist) -> int:
        return sum(order.specialist == specialist for order in self.heard)

    @property
    def outcomes(self) -> list[CaseOutcome]:
        return [closing.outcome for closing in self.closings]


class FakeActivities:
    """All activities of an investigation, by the case that they are called for."""

    def __init__(self, scripts: Mapping[str, CaseScript]) -> None:
        self._scripts = scripts

    def begin_investigation(self, ctx: task.ActivityContext, order: Investigation) -> InvestigationPolicy:
        return self._scripts[order.case_id].policy

    def begin_round(self, ctx: task.ActivityContext, start: RoundStart) -> None:
        self._scripts[start.case_id].rounds.append(start.round)

    def run_specialist(self, ctx: task.ActivityContext, order: SpecialistTask) -> SpecialistReport:
        script = self._scripts[order.case_id]
        script.heard.append(order)
        return script.specialist(order)

    def record_report(self, ctx: task.ActivityContext, filing: ReportFiling) -> SpecialistReport:
        self._scripts[filing.case_id].filed.append(filing.report)
        return filing.report

    def assess_risk(self, ctx: task.ActivityContext, order: AssessmentTask) -> RiskAssessment:
        script = self._scripts[order.case_id]
        script.assessed.append(order)
        if script.aggregator_fails:
            raise ScriptedFault("The aggregator is down.")
        return assess(order, Judgement(script.score, script.recommended, "Because of the evidence."))

    def assess_without_model(self, ctx: task.ActivityContext, order: AssessmentTask) -> RiskAssessment:
        return assess(order, NO_JUDGEMENT)

    def open_review(self, ctx: task.ActivityContext, opening: ReviewOpening) -> None:
        script = self._scripts[opening.case_id]
        with script.changed:
            script.openings.append(opening)
            script.changed.notify_all()

    def escalate_review(self, ctx: task.ActivityContext, escalation: Escalation) -> Decision | None:
        script = self._scripts[escalation.case_id]
        with script.changed:
            script.escalations.append(escalation)
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
        return ActionResult(effects=_with_status(order, "done"))

    def give_up_action(self, ctx: task.ActivityContext, order: ActionOrder) -> ActionResult:
        self._scripts[order.case_id].given_up.append(order)
        return ActionResult(effects=_with_status(order, "unknown"))

    def close_case(self, ctx: task.ActivityContext, closing: Closing) -> None:
        self._scripts[closing.case_id].closings.append(closing)


def _with_status(order: ActionOrder, status: str) -> tuple[Effect, ...]:
    assert order.decision.action is not None
    planned = planned_effects(order.case_id, order.customer_id, order.decision.action)
    return tuple(effect.model_copy(update={"status": status}) for effect in planned)
