"""Wires the parts of an investigation from its ports."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from durabletask.worker import TaskHubGrpcWorker

from contracts import names
from contracts.investigation import InvestigationPolicy
from worker.activities.actions import ActionActivities
from worker.activities.assessment import AssessmentActivities
from worker.activities.chat import ChatSteps
from worker.activities.closure import ClosureActivities
from worker.activities.facts import FactActivities
from worker.activities.recorded import for_the_scheduler
from worker.activities.replies import ReplyQuestions
from worker.activities.reversals import ReversalActivities
from worker.activities.review import ReviewActivities
from worker.activities.rounds import RoundActivities
from worker.activities.schedules import ScheduleActivities
from worker.activities.specialists import SpecialistActivities
from worker.activities.steps import ActingSteps, InvestigationSteps, Work
from worker.activities.tasks import TaskActivities
from worker.agents.aggregator import AggregatorAgent
from worker.agents.budget import Budget, BudgetGuard
from worker.agents.chat import ChatAgent
from worker.agents.limits import Limits
from worker.agents.loop import AgentLoop
from worker.agents.prompts import load_chat_prompt, load_prompts
from worker.agents.specialists import SpecialistAgents
from worker.agents.task_tools import TaskTools
from worker.domain.deadlines import BusinessHours
from worker.domain.sensitivity import Keywords
from worker.entities.fraud_analysis_agent import FraudAnalysisAgent
from worker.orchestrations.chat_turn import chat_turn
from worker.orchestrations.count_reset import count_reset
from worker.orchestrations.hub import hub_owner
from worker.orchestrations.investigation import investigation
from worker.orchestrations.reversal import reversal
from worker.orchestrations.task_reminder import task_reminder
from worker.ports.actions import ActionGateway
from worker.ports.model import Model
from worker.ports.record import CaseRecord, ChatRecord, ScheduleRecord, TaskRecord, TurnSpend
from worker.ports.tools import ToolBox


@dataclass(frozen=True)
class AssistantTerms:
    """How the assistant's replies are checked."""

    keywords: Keywords
    policy: InvestigationPolicy
    """How long people have to decide about one."""


DEFAULT_TERMS = AssistantTerms(
    Keywords(), InvestigationPolicy(approval_timeout_hours=1.0, escalation_timeout_hours=4.0)
)


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def wire_activities(
    record: CaseRecord,
    chat: ChatRecord,
    tasks: TaskRecord,
    schedules: ScheduleRecord,
    model: Model,
    tools: ToolBox,
    gateway: ActionGateway,
    policy: InvestigationPolicy,
    limits: Limits,
    business: BusinessHours | None = None,
    pause: Callable[[float], None] = time.sleep,
    budget: Budget | None = None,
    assistant: AssistantTerms = DEFAULT_TERMS,
) -> tuple[Callable[..., Any], ...]:
    """Every activity. Agents get the tools that read; only the action activities get the gateway that writes.

    `business` has the business hours; `pause` sleeps before a retry of a model or tool.
    """
    agent, chat_agent = (
        AgentLoop(model, tools, limits, monotonic=time.monotonic, now=utc_now, pause=pause, budget=guard)
        for guard in (BudgetGuard(budget or Budget(), record), BudgetGuard(budget or Budget(), TurnSpend(chat, record)))
    )
    prompts = load_prompts()
    rounds = RoundActivities(record, policy)
    specialists = SpecialistActivities(record, SpecialistAgents(agent, prompts), policy)
    assessment = AssessmentActivities(record, AggregatorAgent(agent, prompts), policy)
    review = ReviewActivities(record, business, policy)
    facts = FactActivities(record, tools)
    actions = ActionActivities(record, gateway, facts)
    reversals = ReversalActivities(record, gateway)
    closure = ClosureActivities(record)
    work = Work(
        rounds=rounds,
        specialists=specialists,
        assessment=assessment,
        review=review,
        facts=facts,
        closure=closure,
        replies=ReplyQuestions(record, chat, review, assistant.policy, business),
    )
    task_tools = TaskTools(tasks, tools, utc_now)
    turns = ChatSteps(chat, ChatAgent(chat_agent, load_chat_prompt(), assistant.keywords, task_tools, utc_now))
    steps = steps_of(InvestigationSteps(record, work, policy), ActingSteps(record, actions, reversals))
    of_turns = (turns.draft_reply, turns.send_reply, turns.follow_decision, turns.give_up_turn)
    return (*steps, *of_turns, TaskActivities(tasks).tell_overdue, ScheduleActivities(schedules).reset_counts)


def steps_of(steps: InvestigationSteps, acting: ActingSteps) -> tuple[Callable[..., Any], ...]:
    """Every step of a case under its own name."""
    return (
        steps.start_case,
        steps.start_round,
        steps.run_specialist,
        steps.record_report,
        steps.assess_risk,
        steps.assess_without_model,
        steps.ask_person,
        steps.read_decision,
        steps.remind_review,
        steps.escalate_to_manager,
        steps.expire_review,
        steps.check_facts,
        steps.note_changed_facts,
        acting.execute_action,
        acting.reconcile_action,
        acting.execute_reversal,
        acting.reconcile_reversal,
        steps.close_case,
    )


def register(worker: TaskHubGrpcWorker, activities: Sequence[Callable[..., Any]]) -> None:
    """Tell the SDK's worker what it can do. Activities go by their method's name, as in `contracts.names`."""
    worker.add_orchestrator(investigation)
    worker.add_orchestrator(reversal)
    worker.add_orchestrator(chat_turn)
    worker.add_orchestrator(task_reminder)
    worker.add_orchestrator(count_reset)
    worker.configure_scheduled_tasks()
    worker.add_orchestrator(hub_owner)
    worker.add_entity(FraudAnalysisAgent, names.FRAUD_ANALYSIS_AGENT)
    for activity in activities:
        worker.add_activity(for_the_scheduler(activity))
