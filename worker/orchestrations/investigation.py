"""The investigation of one case, from its alert to its outcome."""

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.case import CaseOutcome
from contracts.investigation import DurableAgentState, Feedback, Investigation
from contracts.review import Decision
from worker import calls
from worker.orchestrations.acting import carry_out, close
from worker.orchestrations.case import OpenCase, ProgressBoard, Steps
from worker.orchestrations.review import Answer, ask_analyst, ask_manager
from worker.orchestrations.rounds import Memory, assess_round

ATTEMPTS_USED_UP = "The analysts rejected every assessment that they may ask for."


def investigation(ctx: task.OrchestrationContext, order: Investigation) -> Steps[CaseOutcome]:
    """Investigate, ask, and act on the answer; a rejection starts another round that knows all earlier ones."""
    policy = yield calls.begin_investigation(ctx, order)
    case = OpenCase(order.case_id, order.alert, policy, ProgressBoard(ctx))
    round_number, memory = 1, Memory()
    while True:
        assessment = yield from assess_round(ctx, case, round_number, memory)
        if assessment.route == "auto_clear":
            return (yield from close(ctx, case, round_number, "auto_cleared"))
        answer = yield from ask_analyst(ctx, case, assessment)
        if not _asks_for_more(answer):
            return (yield from _conclude(ctx, case, assessment, answer))
        memory = yield from _remember(ctx, case, round_number, answer.decision)
        if round_number >= policy.max_review_attempts:
            return (yield from _leave_to_manager(ctx, case, assessment))
        round_number += 1


def _asks_for_more(answer: Answer) -> bool:
    """Whether an analyst rejected; a manager's rejection ends the case."""
    return not answer.by_manager and answer.decision is not None and answer.decision.verdict == "reject"


def _remember(
    ctx: task.OrchestrationContext, case: OpenCase, round_number: int, decision: Decision | None
) -> Steps[Memory]:
    assert decision is not None
    feedback = Feedback(round=round_number, text=decision.feedback or "", decided_by=decision.decided_by)
    state: DurableAgentState = yield calls.remember_feedback(ctx, case.case_id, feedback)
    return state.rounds


def _leave_to_manager(ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment) -> Steps[CaseOutcome]:
    # A round of its own, so that its decision is bound to another review, hash and event than the rejected one.
    last = assessment.model_copy(update={"round": assessment.round + 1})
    answer = yield from ask_manager(ctx, case, last, ATTEMPTS_USED_UP)
    return (yield from _conclude(ctx, case, last, answer))


def _conclude(
    ctx: task.OrchestrationContext, case: OpenCase, assessment: RiskAssessment, answer: Answer
) -> Steps[CaseOutcome]:
    if answer.decision is None or answer.decision.verdict == "reject":
        return (yield from close(ctx, case, assessment.round, "unresolved"))
    return (yield from carry_out(ctx, case, assessment, answer.decision))
