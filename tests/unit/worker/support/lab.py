"""Runs the real orchestration and entity on the SDK's in-memory backend, with fake activities."""

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from durabletask import task
from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.worker import TaskHubGrpcWorker

from contracts import names
from contracts.actions import RecommendedAction
from contracts.alert import Alert
from contracts.case import CaseProgress
from contracts.investigation import EscalationResult, ReviewOpening
from contracts.review import Decision, ReviewRequest
from contracts.schedules import RESET_COUNTS
from contracts.steps import (
    EscalateInput,
    Investigation,
    MemoryKept,
    RememberFeedbackInput,
    RememberRoundInput,
    ReminderOrder,
    ReversalOrder,
    ReviewQuestion,
)
from contracts.tasks import reminder_instance
from runtime.data_converter import PydanticDataConverter
from tests.unit.worker.support.case_script import NULL, WAIT_S, CaseScript
from tests.unit.worker.support.cases import a_decision, a_policy, an_alert, an_investigation
from tests.unit.worker.support.fake_activities import FakeActivities, FakeRecord
from worker.activities.recorded import for_the_scheduler
from worker.activities.steps import ActingSteps, InvestigationSteps, Work
from worker.domain.failures import StepFailed, id_of
from worker.entities.fraud_analysis_agent import FraudAnalysisAgent
from worker.orchestrations.count_reset import count_reset
from worker.orchestrations.investigation import investigation
from worker.orchestrations.reversal import reversal
from worker.orchestrations.task_reminder import task_reminder
from worker.wiring import steps_of

CONVERTER = PydanticDataConverter()


class AsItIs(PydanticDataConverter):
    """Sends text as it is, even if it is no JSON."""

    def serialize(self, value: Any) -> str | None:
        return value if isinstance(value, str) else super().serialize(value)


@dataclass(frozen=True)
class RunningCase:
    """One scheduled investigation and the script that its activities follow."""

    order: Investigation
    script: CaseScript
    client: TaskHubGrpcClient
    rude_client: TaskHubGrpcClient

    def decide(
        self, opening: ReviewOpening, action: RecommendedAction | None = "lock_account", **changes: Any
    ) -> Decision:
        """Answer a review, as the casebook accepts it: an approval of `action`, or what `changes` say."""
        decision = a_decision(opening.review.review_id, opening.assessment, action=action, **changes)
        self.script.accepted.setdefault(decision.review_id, decision)
        self.send(opening.round, None)
        return decision

    def reject(self, opening: ReviewOpening, **changes: Any) -> Decision:
        return self.decide(opening, action=None, verdict="reject", **changes)

    def send(self, round_number: int, payload: object) -> None:
        """Raise the event of a round, whatever it carries: anybody can."""
        event = names.analyst_decision(round_number)
        self.client.raise_orchestration_event(self.order.case_id, event, data=payload)

    def send_text(self, round_number: int, text: str) -> None:
        """Raise the event of a round with a payload that need not even be JSON."""
        event = names.analyst_decision(round_number)
        self.rude_client.raise_orchestration_event(self.order.case_id, event, data=text)

    def outcome(self, patience_s: float = WAIT_S) -> str:
        """Wait for the end; the orchestration's output."""
        return self.outcome_of(self.order.case_id, patience_s)

    def outcome_of(self, instance_id: str, patience_s: float = WAIT_S) -> str:
        """Wait for the end of an instance; its output."""
        state = self.client.wait_for_orchestration_completion(instance_id, timeout=int(patience_s))
        assert state is not None
        assert state.runtime_status.name == "COMPLETED", state.failure_details
        assert state.serialized_output is not None
        return CONVERTER.deserialize(state.serialized_output)

    def failure(self) -> str:
        """Wait for the end, which must be a failure; what it says."""
        state = self.client.wait_for_orchestration_completion(self.order.case_id, timeout=int(WAIT_S))
        assert state is not None
        assert state.failure_details is not None, state.runtime_status
        return state.failure_details.message

    def progress(self) -> CaseProgress:
        """The custom status as it is now."""
        status = self._status()
        assert status is not None
        return CaseProgress.model_validate_json(status)

    def progress_when(self, reached: Callable[[CaseProgress], bool], patience_s: float = WAIT_S) -> CaseProgress:
        """The custom status as soon as it is as awaited. The backend tells nobody, so it is asked again and again."""
        pause = threading.Event()
        for _ in range(int(patience_s / 0.02)):
            status = self._status()
            progress = None if status is None else CaseProgress.model_validate_json(status)
            if progress is not None and reached(progress):
                return progress
            pause.wait(0.02)
        raise AssertionError(f"The custom status never was as awaited: {self._status()}")

    def _status(self) -> str | None:
        state: OrchestrationState | None = self.client.get_orchestration_state(self.order.case_id)
        return None if state is None else state.serialized_custom_status


@dataclass(frozen=True)
class Lab:
    """Starts cases on one backend and worker."""

    client: TaskHubGrpcClient
    rude_client: TaskHubGrpcClient
    scripts: dict[str, CaseScript]
    numbers: Iterator[int]

    def start(
        self,
        script: CaseScript | None = None,
        alert: Alert | None = None,
        text: str | None = None,
        version: str = names.INVESTIGATION_VERSION,
    ) -> RunningCase:
        """Schedule a case; `text` is its input if it is to be another than its order."""
        alert = alert or an_alert(f"alert-{next(self.numbers)}")
        order = an_investigation(alert)
        script = script or CaseScript()
        script.alert = alert
        self.scripts[order.case_id] = script
        client, order_or_text = (self.client, order) if text is None else (self.rude_client, text)
        client.schedule_new_orchestration(
            names.INVESTIGATION, input=order_or_text, instance_id=order.case_id, version=version
        )
        return RunningCase(order, script, self.client, self.rude_client)

    def reverse(self, order: ReversalOrder, script: CaseScript, patience_s: float = WAIT_S) -> str:
        """Schedule a reversal and wait for its end; the orchestration's output."""
        self.scripts[order.reversal_id] = script
        self.client.schedule_new_orchestration(
            names.REVERSAL, input=order, instance_id=order.reversal_id, version=names.REVERSAL_VERSION
        )
        running = RunningCase(an_investigation(), script, self.client, self.rude_client)
        return running.outcome_of(order.reversal_id, patience_s)

    def remind(self, order: ReminderOrder, script: CaseScript, patience_s: float = WAIT_S) -> object:
        """Schedule a reminder of a task and wait for its end; the orchestration's output."""
        instance = reminder_instance(order.task_id, order.revision)
        self.scripts[instance] = script
        self.client.schedule_new_orchestration(
            names.TASK_REMINDER, input=order, instance_id=instance, version=names.TASK_REMINDER_VERSION
        )
        return RunningCase(an_investigation(), script, self.client, self.rude_client).outcome_of(instance, patience_s)

    def reset_counts(self, script: CaseScript, patience_s: float = WAIT_S) -> object:
        """Run the daily reset as its schedule does and wait for its end; the orchestration's output."""
        instance = f"{RESET_COUNTS}-{next(self.numbers)}"
        self.scripts[instance] = script
        self.client.schedule_new_orchestration(names.COUNT_RESET, instance_id=instance)
        return RunningCase(an_investigation(), script, self.client, self.rude_client).outcome_of(instance, patience_s)

    def instance_of(self, script: CaseScript) -> str:
        """The id of the instance whose activities follow the script."""
        return next(instance for instance, its in self.scripts.items() if its is script)


def register(
    worker: TaskHubGrpcWorker, scripts: Mapping[str, CaseScript], investigates: Callable[..., Any] = investigation
) -> None:
    """Register the real orchestrations and entity with scripted activities; `investigates` is named `investigation`."""
    worker.add_orchestrator(investigates)
    worker.add_orchestrator(reversal)
    worker.add_orchestrator(task_reminder)
    worker.add_orchestrator(count_reset)
    worker.add_entity(_scripted_memory(scripts), names.FRAUD_ANALYSIS_AGENT)
    fakes = FakeActivities(scripts)
    work = Work(fakes, fakes, fakes, fakes, fakes, fakes, NoReplies())
    record = FakeRecord(scripts)
    for step in steps_of(InvestigationSteps(record, work, a_policy()), ActingSteps(record, fakes, fakes)):
        worker.add_activity(_scripted(step, scripts))
    worker.add_activity(_scripted(fakes.tell_overdue, scripts))
    worker.add_activity(_scripted(fakes.reset_counts, scripts))


class NoReplies:
    """Nobody is asked about a reply in a case of fraud."""

    def ask_person(self, _: task.ActivityContext, question: ReviewQuestion, /) -> ReviewRequest:
        raise AssertionError(question)

    def escalate_to_manager(self, _: task.ActivityContext, order: EscalateInput, /) -> EscalationResult:
        raise AssertionError(order)


def _scripted(activity: Callable[..., Any], scripts: Mapping[str, CaseScript]) -> Callable[..., Any]:
    @functools.wraps(activity)
    def do(ctx: task.ActivityContext, order: Any) -> Any:
        stray = scripts[ctx.orchestration_id].stray_from(activity.__name__)
        if stray is None:
            return activity(ctx, order)
        return None if stray is NULL else stray

    return for_the_scheduler(do)


def _scripted_memory(scripts: Mapping[str, CaseScript]) -> type[FraudAnalysisAgent]:
    class ScriptedMemory(FraudAnalysisAgent):
        def remember_round(self, kept: RememberRoundInput) -> MemoryKept:
            return self._stray("remember_round") or super().remember_round(kept)

        def remember_feedback(self, said: RememberFeedbackInput) -> MemoryKept:
            return self._stray("remember_feedback") or super().remember_feedback(said)

        def _stray(self, step: str) -> Any:
            case_id = self.entity_context.entity_id.key
            try:
                return scripts[case_id].stray_from(step)
            except Exception as fault:
                failed = StepFailed(id_of(fault), case_id)
            raise failed

    return ScriptedMemory
