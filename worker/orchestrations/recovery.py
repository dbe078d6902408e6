"""Going on where an orchestration that broke has left its case: with the question that the case has come to."""

from functools import partial

from durabletask import task

from contracts.investigation import CaseStanding
from worker.orchestrations.case import OpenCase
from worker.orchestrations.checking import Ask
from worker.orchestrations.inbox import DecisionInbox
from worker.orchestrations.review import Answer, Asked, ask_analyst, ask_manager

NO_ATTEMPTS_LEFT = "The investigation broke, and the analysts have rejected as often as they may."


def answer_on_record(ctx: task.OrchestrationContext, case: OpenCase, standing: CaseStanding) -> Answer | None:
    """The answer that was given already, or that nobody gave in time; None while the question waits for one."""
    if standing.review is None or (standing.decision is None and not standing.is_expired):
        return None
    inbox = DecisionInbox(ctx, case, standing.assessment.round)
    return Answer(
        standing.decision,
        Asked(standing.assessment, standing.review, inbox, by_manager=standing.role != "analyst"),
    )


def question_of(case: OpenCase, standing: CaseStanding) -> Ask:
    """How the next question is put: of an analyst, unless the case has come further."""
    if standing.role != "analyst":
        return partial(ask_manager, reason=standing.reason)
    if standing.rejections >= case.policy.max_review_attempts:
        return partial(ask_manager, reason=NO_ATTEMPTS_LEFT)
    return ask_analyst
