"""Between approval and execution: what the approval relied on is checked, and asked about again when it has changed."""

from collections.abc import Callable

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.investigation import ChangedFacts
from worker import calls
from worker.calls import Steps
from worker.domain.facts import NOT_CHECKED, asked_again, facts_behind
from worker.orchestrations.case import OpenCase
from worker.orchestrations.remembering import CaseMemory
from worker.orchestrations.review import Answer, ask_analyst, ask_manager

FACTS_CHANGED = "What a manager approved no longer holds."

Ask = Callable[[task.OrchestrationContext, OpenCase, RiskAssessment], Steps[Answer]]


def ask_until_facts_hold(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, assessment: RiskAssessment, ask: Ask
) -> Steps[tuple[RiskAssessment, Answer]]:
    """Ask. When what was approved no longer holds, ask the same role again, as a round that says what has changed.

    Ends with the assessment that was answered last, and that answer.
    """
    answer = yield from ask(ctx, case, assessment)
    while True:
        again = yield from _changed_since(ctx, case, assessment, answer)
        if again is None:
            return assessment, answer
        assessment = again
        yield from memory.keep_round(assessment)
        if answer.by_manager:
            answer = yield from ask_manager(ctx, case, assessment, FACTS_CHANGED)
        else:
            answer = yield from ask_analyst(ctx, case, assessment)


def _changed_since(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, answer: Answer
) -> Steps[RiskAssessment | None]:
    """What to ask instead of acting, or None when the answer can be followed. Fails closed: not knowing is a change."""
    decision = answer.decision
    if not case.features.fact_checks or decision is None or decision.verdict == "reject" or decision.action is None:
        return None
    check = facts_behind(case.case_id, case.alert.customer_id, decision.action, assessment)
    if check is None:
        return None
    try:
        report = yield from calls.check_facts(ctx, check)
        changes = report.changes
    except task.TaskFailedError:
        report, changes = None, (NOT_CHECKED,)
    if not changes:
        return None
    yield from calls.note_changed_facts(
        ctx, ChangedFacts(case_id=case.case_id, round=assessment.round, changes=changes)
    )
    return asked_again(assessment, case.policy, check, changes, report)
