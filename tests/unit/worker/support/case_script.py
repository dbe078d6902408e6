"""What one case's fake activities do, and what they were asked to do."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from casebook.errors import AlertsJoined, QuestionNotAsked
from contracts.actions import RecommendedAction
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.case import CaseOutcome
from contracts.effect import Effect, EffectStatus
from contracts.investigation import (
    ActionOrder,
    AssessmentOrder,
    Escalation,
    FactCheck,
    FactReport,
    FailedCase,
    InvestigationPolicy,
    NotedFacts,
    Reconciliation,
    ReviewOpening,
    ReviewPlan,
    SpecialistOrder,
)
from contracts.report import Specialist, SpecialistReport
from contracts.review import Decision, ReviewRequest
from contracts.steps import (
    CloseCaseInput,
    CountResetOrder,
    CountResetResult,
    ReadDecisionInput,
    ReconcileReversalInput,
    Refusal,
    Reminder,
    ReminderResult,
    ReversalOrder,
)
from tests.unit.worker.support.cases import a_policy, a_report, an_alert

WAIT_S = 240.0
"""For what hangs."""

NULL = object()
"""Marks an answer that is null."""


class ScriptedFault(Exception):
    """A fault that a script asks for."""


def ordinary_report(order: SpecialistOrder) -> SpecialistReport:
    return a_report(order.specialist, 0.1, round=order.round)


@dataclass(frozen=True)
class Changed:
    """What no longer holds of what was approved in a round."""

    round: int
    changes: tuple[str, ...]
    report: FactReport | None


def _is_set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class CaseScript:
    """What one case's activities do, and what they were given."""

    alert: Alert = field(default_factory=an_alert)
    """What is on record of the case."""
    failed_case: FailedCase | None = None
    """The state of the case, when an earlier orchestration failed."""
    closed_as: CaseOutcome | None = None
    """How the case has ended before this orchestration began."""
    policy: InvestigationPolicy = field(default_factory=a_policy)
    score: float = 0.9
    recommended: RecommendedAction = "lock_account"
    specialist: Callable[[SpecialistOrder], SpecialistReport] = ordinary_report
    aggregator_fails: bool = False
    action_fails: bool = False
    reminder_looks: list[ReminderResult] = field(default_factory=list[ReminderResult])
    """What is on record of a reminder of a task, one look after the other; then that it is told."""
    resets: list[CountResetResult] = field(default_factory=list[CountResetResult])
    """What is on record of the daily reset, one look after the other."""
    reset_orders: list[CountResetOrder] = field(default_factory=list[CountResetOrder])
    facts: list[FactReport | Exception] = field(default_factory=list[FactReport | Exception])
    """What the checks of the facts find, one after the other; then that nothing has changed."""
    found: FactReport | None = None
    """What the last check found; None when it failed."""
    noted: list[NotedFacts] = field(default_factory=list[NotedFacts])
    """The recorded changes of facts, one after the other; then the changes that the step reported."""
    reconciled: list[EffectStatus] = field(default_factory=list[EffectStatus])
    """What looking into the ledger finds, one after the other; then that all is done."""
    executed: list[dict[str, EffectStatus]] = field(default_factory=list[dict[str, EffectStatus]])
    """What comes of each action's effects, by effect, where it is not that all is done; one after the other."""
    decided_before_deadline: Decision | None = None
    """What the record answers when a deadline has passed: a decision that was accepted just before it."""
    decides: dict[int, Callable[[ReviewOpening], Decision]] = field(
        default_factory=dict[int, Callable[[ReviewOpening], Decision]]
    )
    """By round: the decision that is accepted just before the deadline, however soon that is."""
    accepted: dict[str, Decision] = field(default_factory=dict[str, Decision])
    """The decisions on record, by review. An event that announces any other proves nothing."""
    instead: dict[str, object] = field(default_factory=dict[str, object])
    """By activity or entity operation: the exception that it raises, or the answer of another shape that it gives."""

    invented: dict[str, list[object]] = field(default_factory=dict[str, list[object]])
    """Answers to a step that nobody has taken, one after the other; then it is taken."""
    refused: list[str] = field(default_factory=list[str])
    """Steps that the record does not justify, each as often as it is listed; then they are done."""

    overtaken: list[str] = field(default_factory=list[str])
    """Steps before which an alert has joined, each as often as it is listed."""

    asked: dict[str, ReviewRequest] = field(default_factory=dict[str, ReviewRequest])
    """Each question on record, by review."""
    plans: list[ReviewPlan] = field(default_factory=list[ReviewPlan])
    readings: list[ReadDecisionInput] = field(default_factory=list[ReadDecisionInput])
    reminders: list[Reminder] = field(default_factory=list[Reminder])
    checks: list[FactCheck] = field(default_factory=list[FactCheck])
    changed_facts: list[Changed] = field(default_factory=list[Changed])
    """What was noted of changed facts."""
    looks: list[Reconciliation] = field(default_factory=list[Reconciliation])
    may_find: threading.Event = field(default_factory=_is_set)
    """What a look into the ledger waits for before it finds anything."""
    reversals: list[ReversalOrder] = field(default_factory=list[ReversalOrder])
    reversal_looks: list[ReconcileReversalInput] = field(default_factory=list[ReconcileReversalInput])
    rounds: list[int] = field(default_factory=list[int])
    heard: list[SpecialistOrder] = field(default_factory=list[SpecialistOrder])
    filed: list[SpecialistReport] = field(default_factory=list[SpecialistReport])
    assessed: list[AssessmentOrder] = field(default_factory=list[AssessmentOrder])
    openings: list[ReviewOpening] = field(default_factory=list[ReviewOpening])
    escalations: list[Escalation] = field(default_factory=list[Escalation])
    expired: list[ReviewRequest] = field(default_factory=list[ReviewRequest])
    orders: list[ActionOrder] = field(default_factory=list[ActionOrder])
    closings: list[CloseCaseInput] = field(default_factory=list[CloseCaseInput])

    limits: InvestigationPolicy | None = None
    """On record since the case began."""
    reports: dict[tuple[int, Specialist], SpecialistReport] = field(
        default_factory=dict[tuple[int, Specialist], SpecialistReport]
    )
    """On record, by round and specialist."""
    concluded: dict[int, RiskAssessment] = field(default_factory=dict[int, RiskAssessment])
    """On record, by round."""
    effects: dict[str, Effect] = field(default_factory=dict[str, Effect])
    """On record, by key."""
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
            return Refusal(refused=f"no-ground-for-{step.replace('_', '-')}")
        if step in self.overtaken:
            self.overtaken.remove(step)
            raise AlertsJoined("case")
        invented = self.invented.get(step)
        if invented:
            return invented.pop(0)
        stray = self.instead.get(step)
        if isinstance(stray, Exception):
            raise stray
        return stray

    def refuse_unasked(self, wanted: str) -> None:
        """Raises QuestionNotAsked for a question that is not on record."""
        is_on_record = self.failed_case is not None and self.failed_case.review is not None
        if (
            not is_on_record
            and wanted not in self.asked
            and all(each.review.review_id != wanted for each in self.openings)
        ):
            raise QuestionNotAsked(wanted)

    def attempts_of(self, specialist: Specialist) -> int:
        return sum(order.specialist == specialist for order in self.heard)

    @property
    def outcomes(self) -> list[CaseOutcome]:
        return [closing.outcome for closing in self.closings]
