"""Resumes a case after its orchestration failed, with the question that the record asks for."""

from functools import partial

from durabletask import task

from contracts.steps import ResumePoint
from worker.orchestrations.case import OpenCase
from worker.orchestrations.fact_check import Ask
from worker.orchestrations.inbox import DecisionInbox
from worker.orchestrations.review import AskedReview, ReviewOutcome, Subject, ask_analyst, ask_manager


def answer_on_record(ctx: task.OrchestrationContext, case: OpenCase, resume: ResumePoint) -> ReviewOutcome | None:
    """The answer that was given already, or that nobody gave in time; None while the question waits for one."""
    if resume.review is None or (resume.decision is None and not resume.is_expired):
        return None
    inbox = DecisionInbox(ctx, case, resume.concluded.round)
    asked = AskedReview(Subject(resume.concluded), resume.review, inbox, by_manager=resume.role != "analyst")
    return ReviewOutcome(resume.decision, asked)


def question_of(case: OpenCase, resume: ResumePoint) -> Ask:
    """How the next question is put: to an analyst, unless the case has come further."""
    if resume.role != "analyst":
        return partial(ask_manager, reason="failed_again")
    if resume.rejections >= case.max_review_attempts:
        return partial(ask_manager, reason="no_attempts_left")
    return ask_analyst
