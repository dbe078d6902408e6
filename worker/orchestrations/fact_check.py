"""Checks the facts between an approval and its effects, and again after a refusal of the store."""

from collections.abc import Callable
from dataclasses import dataclass

from durabletask import task

from contracts.actions import ACTIONS
from contracts.case import CaseOutcome
from contracts.steps import CheckFactsInput, Conclusion, ExecuteActionInput, RoundInput, TakenDecision
from worker.domain.decisions import outcome_of
from worker.domain.facts import still_to_do
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.agent_memory import CaseMemory
from worker.orchestrations.case import OpenCase
from worker.orchestrations.effects import carry_out
from worker.orchestrations.review import ReviewOutcome, Subject, ask_analyst, ask_manager, go_on_asking

Ask = Callable[[task.OrchestrationContext, OpenCase, Subject], Orchestration[ReviewOutcome]]


@dataclass(frozen=True)
class Settled:
    """The result of a question: the last decision, and the outcome of the approved action.

    `outcome` is None when nothing was approved.
    """

    answer: ReviewOutcome
    outcome: CaseOutcome | None

    @property
    def concluded(self) -> Conclusion:
        """What was asked about last."""
        return self.answer.asked.subject.concluded


def ask_until_settled(
    ctx: task.OrchestrationContext, case: OpenCase, memory: CaseMemory, subject: Subject, ask: Ask
) -> Orchestration[Settled]:
    """Ask, and do what is approved. When what was approved no longer holds, before it is done or when the store
    refuses it, ask the same role again, as a round that says what has changed.
    """
    return (yield from settle(ctx, case, memory, (yield from ask(ctx, case, subject))))


def settle(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    memory: CaseMemory,
    answer: ReviewOutcome,
    *,
    has_begun: bool = False,
) -> Orchestration[Settled]:
    """The same for a given decision. Without a decision on record the question remains open.

    `has_begun`: an earlier orchestration began to do it. What it did would look like a change.
    """
    while True:
        try:
            changed = False
            if not has_begun:
                changed = yield from _changed_since(ctx, case, answer)
            has_begun = False
            if not changed:
                if answer.decision is None or answer.decision.verdict == "reject":
                    return Settled(answer, None)
                outcome, changed = yield from _act(ctx, case, answer, answer.decision)
                if not changed:
                    return Settled(answer, outcome)
            # The same judgement, with what has changed and without what cannot be done: the casebook knows both.
            before = answer.asked.subject.concluded
            again = Subject(before.model_copy(update={"round": before.round + 1}))
            yield from memory.keep_round(again.concluded)
            if answer.by_manager:
                answer = yield from ask_manager(ctx, case, again, "facts_changed")
            else:
                answer = yield from ask_analyst(ctx, case, again)
        except activity_stubs.Refused:
            answer = yield from go_on_asking(ctx, case, answer)


def _act(
    ctx: task.OrchestrationContext, case: OpenCase, answer: ReviewOutcome, decision: TakenDecision
) -> Orchestration[tuple[CaseOutcome, bool]]:
    """Do what was approved: the outcome, and whether the store refused a part of it because facts have changed."""
    action = decision.action or "clear"
    if not ACTIONS[action].effects:
        return outcome_of(action, (), case.done), False
    order = ExecuteActionInput(case_id=case.case_id, review_id=decision.review_id, action=action)
    result = yield from carry_out(ctx, case, order)
    outcome = outcome_of(action, result.effects, case.done)
    if all(effect.status != "failed" for effect in result.effects) or still_to_do(action, case.done) == "clear":
        return outcome, False
    return outcome, (yield from _is_changed(ctx, case, answer, decision, after_refusal=True))


def _changed_since(ctx: task.OrchestrationContext, case: OpenCase, answer: ReviewOutcome) -> Orchestration[bool]:
    """Whether to ask again instead of acting. Fails closed: not knowing is a change."""
    decision = answer.decision
    if decision is None or decision.verdict == "reject" or decision.action is None:
        return False
    if still_to_do(decision.action, case.done) == "clear":
        return False
    return (yield from _is_changed(ctx, case, answer, decision))


def _is_changed(
    ctx: task.OrchestrationContext,
    case: OpenCase,
    answer: ReviewOutcome,
    decision: TakenDecision,
    *,
    after_refusal: bool = False,
) -> Orchestration[bool]:
    """Whether what was approved no longer holds, once that is on record."""
    check = CheckFactsInput(case_id=case.case_id, review_id=decision.review_id, after_refusal=after_refusal)
    try:
        if not (yield from activity_stubs.check_facts(ctx, check)).has_changed:
            return False
    except (task.TaskFailedError, activity_stubs.Refused):
        # Whether they may be read is nothing that the record decides: a refusal is no answer, nor is a failure.
        pass
    approved = RoundInput(case_id=case.case_id, round=answer.asked.subject.concluded.round)
    return (yield from activity_stubs.note_changed_facts(ctx, approved)).has_changed
