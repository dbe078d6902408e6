"""From a question to what comes of its answer: the facts are checked before anything happens, and after a refusal."""

from collections.abc import Callable
from dataclasses import dataclass

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.case import CaseOutcome
from contracts.investigation import ActionOrder, ActionResult, ChangedFacts, FactCheck, FactReport
from worker import calls
from worker.calls import Steps
from worker.domain.deciding import outcome_of
from worker.domain.facts import NOT_CHECKED, asked_again, facts_behind, order_for, refused_because, still_to_do
from worker.orchestrations.acting import carry_out
from worker.orchestrations.case import OpenCase
from worker.orchestrations.remembering import CaseMemory
from worker.orchestrations.review import Answer, ask_analyst, ask_manager, go_on_asking

FACTS_CHANGED = "What a manager approved no longer holds."

Ask = Callable[[task.OrchestrationContext, OpenCase, RiskAssessment], Steps[Answer]]


@dataclass(frozen=True)
class Settled:
    """What came of a question: the answer that was given last, and the outcome of what was approved.

    `outcome` is None when nothing was approved.
    """

    answer: Answer
    outcome: CaseOutcome | None

    @property
    def assessment(self) -> RiskAssessment:
        """What was asked about last."""
        return self.answer.asked.assessment


def ask_until_settled(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, assessment: RiskAssessment, ask: Ask
) -> Steps[Settled]:
    """Ask, and do what is approved. When what was approved no longer holds, before it is done or when the store
    refuses it, ask the same role again, as a round that says what has changed.
    """
    return (yield from settle(ctx, case, memory, (yield from ask(ctx, case, assessment))))


def settle(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    memory: CaseMemory,
    answer: Answer,
    *,
    has_begun: bool = False,
) -> Steps[Settled]:
    """The same for an answer that has been given. One that is not on record is none: the question stands.

    `has_begun`: an earlier orchestration began to do it. What it did would look like a change.
    """
    while True:
        try:
            again = None
            if not has_begun:
                again = yield from _changed_since(ctx, case, answer.asked.assessment, answer)
            has_begun = False
            if again is None:
                if answer.decision is None or answer.decision.verdict == "reject":
                    return Settled(answer, None)
                outcome, again = yield from _act(ctx, case, answer.asked.assessment, answer)
                if again is None:
                    return Settled(answer, outcome)
            yield from memory.keep_round(again)
            if answer.by_manager:
                answer = yield from ask_manager(ctx, case, again, FACTS_CHANGED)
            else:
                answer = yield from ask_analyst(ctx, case, again)
        except calls.Refused:
            answer = yield from go_on_asking(ctx, case, answer)


def _act(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, answer: Answer
) -> Steps[tuple[CaseOutcome, RiskAssessment | None]]:
    """Do what was approved: the outcome, and what to ask instead when the store refused because facts have changed."""
    decision = answer.decision
    assert decision is not None, "only what somebody approved is carried out"
    action = decision.action or "clear"
    if action == "clear":
        return outcome_of(action, (), case.done), None
    order = order_for(case.case_id, case.customer_id, assessment, decision)
    result = yield from carry_out(ctx, case, order)
    again = yield from _refused(ctx, case, assessment, order, result)
    return outcome_of(action, result.effects, case.done), again


def _changed_since(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, answer: Answer
) -> Steps[RiskAssessment | None]:
    """What to ask instead of acting, or None when the answer can be followed. Fails closed: not knowing is a change."""
    decision = answer.decision
    if decision is None or decision.verdict == "reject" or decision.action is None:
        return None
    action = still_to_do(decision.action, case.done)
    check = facts_behind(case.case_id, case.customer_id, action, assessment)
    if check is None:
        return None
    report = yield from _facts(ctx, check)
    changes = (NOT_CHECKED,) if report is None else report.changes
    return (yield from _ask_instead(ctx, case, assessment, check, changes))


def _refused(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    assessment: RiskAssessment,
    order: ActionOrder,
    result: ActionResult,
) -> Steps[RiskAssessment | None]:
    """What to ask when the store refused a part of what was approved, because of what happened since it was checked."""
    refused = next((effect for effect in result.effects if effect.status == "failed"), None)
    if refused is None or order.decision.action is None:
        return None
    action = still_to_do(order.decision.action, case.done)
    check = facts_behind(case.case_id, case.customer_id, action, assessment)
    if check is None:
        return None
    report = yield from _facts(ctx, check)
    changes = refused_because(check, order, refused, report)
    return (yield from _ask_instead(ctx, case, assessment, check, changes))


def _facts(ctx: task.OrchestrationContext, check: FactCheck) -> Steps[FactReport | None]:
    """How the facts stand now, or None when the store could not be asked."""
    try:
        return (yield from calls.check_facts(ctx, check))
    except (task.TaskFailedError, calls.Refused):
        # Whether they may be read is nothing that the record decides: a refusal is no answer.
        return None


def _ask_instead(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    assessment: RiskAssessment,
    check: FactCheck,
    changes: tuple[str, ...],
) -> Steps[RiskAssessment | None]:
    """The next question about what has changed, once that is on record; None when nothing has."""
    if not changes:
        return None
    noted = yield from calls.note_changed_facts(
        ctx, ChangedFacts(case_id=case.case_id, round=assessment.round, changes=changes)
    )
    if not noted.changes:
        return None
    return asked_again(assessment, case.policy, check, noted.changes, noted.report, case.done)
