"""The investigation of one case, from its alert to its outcome."""

import logging
from functools import partial

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.case import CaseOutcome
from contracts.converter import Undecoded
from contracts.investigation import CaseStanding, Feedback, Investigation
from worker import calls
from worker.calls import Steps
from worker.domain.assessing import send_to_person
from worker.domain.deciding import outcome_of_done
from worker.orchestrations.acting import close
from worker.orchestrations.case import OpenCase, ProgressBoard
from worker.orchestrations.checking import Ask, Settled, ask_until_settled, settle
from worker.orchestrations.recovery import answer_on_record, question_of
from worker.orchestrations.remembering import CaseMemory
from worker.orchestrations.review import Answer, ask_analyst, ask_manager, go_on_asking
from worker.orchestrations.rounds import assess_again, assess_round

log = logging.getLogger(__name__)

ATTEMPTS_USED_UP = "The analysts rejected every assessment that they may ask for."


def investigation(ctx: task.OrchestrationContext, order: Undecoded) -> Steps[CaseOutcome]:
    """Investigate one case; `order` is an `Investigation`. Whatever goes wrong, the case does not stay open unseen.

    What breaks fails, and who started it hands the case to a person.
    """
    board = ProgressBoard(ctx)
    try:
        return (yield from _investigate(ctx, board, calls.decode(order, Investigation)))
    except Exception:
        if not ctx.is_replaying:
            log.exception("The investigation broke: a person takes over.", extra={"case_id": ctx.instance_id})
        raise


def _investigate(ctx: task.OrchestrationContext, board: ProgressBoard, order: Investigation) -> Steps[CaseOutcome]:
    """Investigate the case from its first round, or go on with it where its record says."""
    known = yield from calls.begin_case(ctx, order)
    if known.outcome is not None:
        board.show_closed(known.outcome)
        return known.outcome
    case = OpenCase(order.case_id, known.customer_id, known.severity, known.policy, board)
    if known.standing is None:
        return (yield from _from_the_start(ctx, case))
    memory = CaseMemory(ctx, case)
    settled = yield from _taken_up(ctx, case, memory, known.standing)
    return (yield from _to_the_end(ctx, case, memory, settled, known.standing.rejections))


def _from_the_start(ctx: task.OrchestrationContext, case: OpenCase) -> Steps[CaseOutcome]:
    memory = CaseMemory(ctx, case)
    assessment = yield from assess_round(ctx, case, 1, memory)
    came = yield from _clear_or_ask(ctx, case, memory, assessment)
    return came if isinstance(came, str) else (yield from _to_the_end(ctx, case, memory, came, 0))


def _to_the_end(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, settled: Settled, rejections: int
) -> Steps[CaseOutcome]:
    """Act on the answer; a rejection starts another round that knows all earlier ones."""
    while True:
        try:
            if not _asks_for_more(settled.answer):
                return (yield from _conclude(ctx, case, settled))
            yield from memory.keep_feedback(_feedback(settled))
            if rejections + 1 >= case.policy.max_review_attempts:
                return (yield from _leave_to_manager(ctx, case, memory, settled.assessment))
            assessment = yield from assess_round(ctx, case, settled.assessment.round + 1, memory)
        except calls.Refused:
            settled = yield from _go_on(ctx, case, memory, settled)
            continue
        rejections += 1
        came = yield from _clear_or_ask(ctx, case, memory, assessment)
        if isinstance(came, str):
            return came
        settled = came


def _clear_or_ask(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, assessment: RiskAssessment
) -> Steps[Settled | CaseOutcome]:
    """The outcome of a case that closes by itself, or what came of the question about the assessment."""
    if assessment.route == "auto_clear":
        try:
            return (yield from close(ctx, case, assessment.round, "auto_cleared"))
        except calls.Refused as refusal:
            assessment = send_to_person(assessment, str(refusal))
    return (yield from _ask(ctx, case, memory, assessment, ask_analyst))


def _taken_up(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, standing: CaseStanding
) -> Steps[Settled]:
    """What comes of the question that a case which broke has come to."""
    case.board.take_up(standing.assessment.round)
    case.done.update(standing.done)
    yield from memory.keep_round(standing.assessment)
    answer = answer_on_record(ctx, case, standing)
    if answer is not None:
        return (yield from settle(ctx, case, memory, answer, has_begun=standing.is_acting))
    return (yield from _ask(ctx, case, memory, standing.assessment, question_of(case, standing)))


def _ask(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, assessment: RiskAssessment, ask: Ask
) -> Steps[Settled]:
    try:
        return (yield from ask_until_settled(ctx, case, memory, assessment, ask))
    except calls.Refused:
        # What came back as the assessment is not what was concluded. People are asked about what was.
        concluded = yield from assess_again(ctx, case, memory, assessment)
        case.board.rate(concluded.overall_risk_score)
        return (yield from ask_until_settled(ctx, case, memory, concluded, ask))


def _go_on(ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, settled: Settled) -> Steps[Settled]:
    """What was to follow from the answer is not borne out by the record: the question stands as it was put."""
    return (yield from settle(ctx, case, memory, (yield from go_on_asking(ctx, case, settled.answer))))


def _asks_for_more(answer: Answer) -> bool:
    """Whether an analyst rejected; a manager's rejection ends the case."""
    return not answer.by_manager and answer.decision is not None and answer.decision.verdict == "reject"


def _feedback(settled: Settled) -> Feedback:
    decision = settled.answer.decision
    assert decision is not None
    return Feedback(round=settled.assessment.round, text=decision.feedback or "", decided_by=decision.decided_by)


def _leave_to_manager(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, assessment: RiskAssessment
) -> Steps[CaseOutcome]:
    # A round of its own, so that its decision is bound to another review, hash and event than the rejected one.
    last = assessment.model_copy(update={"round": assessment.round + 1})
    settled = yield from ask_until_settled(ctx, case, memory, last, partial(ask_manager, reason=ATTEMPTS_USED_UP))
    while True:
        try:
            return (yield from _conclude(ctx, case, settled))
        except calls.Refused:
            settled = yield from _go_on(ctx, case, memory, settled)


def _conclude(ctx: task.OrchestrationContext, case: OpenCase, settled: Settled) -> Steps[CaseOutcome]:
    """Close the case with what came of its last question. Raises Refused when that is not on record."""
    outcome = settled.outcome
    if outcome is None:
        # What an earlier approval did stays done, although nobody approves the rest.
        outcome = outcome_of_done(case.done) if case.done else "unresolved"
    return (yield from close(ctx, case, settled.assessment.round, outcome))
