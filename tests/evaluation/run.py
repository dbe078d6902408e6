"""Runs scenarios through the worker's own activities, against a real tool server and a real model endpoint."""

import os
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar, cast

from durabletask.task import ActivityContext

from casebook.workspace_api import WorkspaceApi
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.ids import case_id, run_id
from contracts.investigation import (
    AssessmentOrder,
    AssessmentTask,
    InvestigationPolicy,
    ReportFiling,
    SpecialistOrder,
    SpecialistTask,
)
from contracts.journal import JournalEntry
from contracts.report import SPECIALISTS, SpecialistReport
from screening.coverage import REQUIRED
from tests.evaluation.outcome import Outcome, Run, outcome_of
from tests.evaluation.scenario import Scenario
from tests.evaluation.scenario_seeder import SeededScenario, seed_scenarios
from tests.evaluation.servers import serving
from tests.support.tool_access import Keys
from worker.activities.assessment import AssessmentActivities
from worker.activities.specialists import SpecialistActivities
from worker.adapters.case_record import Casebook
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import NO_KEY, OpenAIProvider, open_client
from worker.agents.aggregator import AggregatorAgent
from worker.agents.journal import RunJournal
from worker.agents.limits import Limits
from worker.agents.loop import AgentLoop
from worker.agents.prompts import load_prompts
from worker.agents.specialists import SpecialistAgents
from worker.domain.assessments import assess
from worker.domain.failures import id_of, sentence_for, unavailable_report
from worker.domain.rule_floor import rules_against
from worker.orchestrations.activity_stubs import THINKING
from worker.ports.model import Model, ModelReply, ModelRequest, ModelUnavailable
from worker.ports.tools import ToolsUnavailable
from worker.wiring import utc_now

T = TypeVar("T")

RULES_MODEL = "casewright-rules-1"
POLICY = InvestigationPolicy(quality_check_share=0.0)
"""The limits that a new installation has, but without the random sample of cleared cases."""
PROMPTS = load_prompts()
_UNUSED_CONTEXT = cast("ActivityContext", None)
"""Activities take the SDK's context and do not look at it."""


class _Unrecorded:
    """The journal of runs that nobody takes up again."""

    def save_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        """Forget them."""


def _unrecorded(agent: str) -> RunJournal:
    return RunJournal(_Unrecorded(), "case", run_id(1, agent), {})


@dataclass(frozen=True)
class Endpoint:
    """A chat-completions endpoint. `base_url` null: the local rules model is started."""

    model: str = RULES_MODEL
    base_url: str | None = None
    api_key: str = NO_KEY


class CountedModel:
    """A model that remembers how often it was asked and what that cost."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lock = threading.Lock()
        self.calls = 0
        self.tokens = 0

    def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        """The model's own answer. Raises ModelUnavailable or ModelRejected."""
        with self._lock:
            self.calls += 1
        reply = self._model.complete(request, timeout_s)
        with self._lock:
            self.tokens += reply.tokens
        return reply


class Laboratory:
    """Everything that investigates, over one store of seeded scenarios."""

    def __init__(
        self,
        casebook: Casebook,
        model: Model,
        tools: McpToolBox,
        wait: Callable[[float], None],
    ) -> None:
        self._casebook = casebook
        self._model = model
        self._tools = tools
        self._wait = wait

    def investigate(self, seeded: SeededScenario) -> Outcome:
        """One round on one scenario, as the orchestration would run it."""
        model = CountedModel(self._model)
        started = time.monotonic()
        assessment = self._assess(seeded, model)
        seconds = time.monotonic() - started
        case = case_id(seeded.alert.alert_id)
        evidence = tuple(
            self._casebook.record.evidence(case, call.tool_call_id)
            for report in assessment.reports
            for call in report.tool_calls
        )
        return outcome_of(seeded, assessment, evidence, model_calls=model.calls, tokens=model.tokens, seconds=seconds)

    def assess_together(self, alerts: Sequence[Alert], model: Model | None = None) -> RiskAssessment:
        """One round on several alerts of one customer, without a record; `model` in the place of the usual one."""
        first, *others = alerts
        case, joined = case_id(first.alert_id), tuple(others)
        agent = self._agent(model or self._model)
        specialists, aggregator = SpecialistAgents(agent, PROMPTS), AggregatorAgent(agent, PROMPTS)
        tasks = [
            SpecialistTask(case_id=case, round=1, specialist=each, alert=first, joined=joined, policy=POLICY)
            for each in SPECIALISTS
        ]
        with ThreadPoolExecutor(len(tasks)) as pool:
            heard = tuple(pool.map(specialists.investigate, tasks, map(_unrecorded, SPECIALISTS)))
        reports, evidence = tuple(report for report, _ in heard), [call for _, calls in heard for call in calls]
        task = AssessmentTask(case_id=case, round=1, alert=first, joined=joined, reports=reports, policy=POLICY)
        judgement = aggregator.judge(task, _unrecorded("aggregator")).judgement
        read = [call for call in evidence if call.tool in REQUIRED]
        return assess(task, judgement, lambda: rules_against(task.alerts, read, POLICY.auto_clear_threshold))

    def _assess(self, seeded: SeededScenario, model: Model) -> RiskAssessment:
        record, alert = self._casebook.record, seeded.alert
        specialists, assessment = self._activities(model)
        case = case_id(alert.alert_id)
        WorkspaceApi(record.transactions).open_case(alert)
        record.start_round(case, 1, POLICY)
        orders = [
            SpecialistOrder(case_id=case, round=1, specialist=specialist, policy=POLICY) for specialist in SPECIALISTS
        ]
        with ThreadPoolExecutor(len(orders)) as pool:
            reports = tuple(pool.map(partial(self._hear, specialists), orders))
        order = AssessmentOrder(case_id=case, round=1, reports=reports, policy=POLICY)
        try:
            return self._persist(partial(assessment.assess_risk, _UNUSED_CONTEXT, order))
        except ModelUnavailable:
            return assessment.assess_without_model(_UNUSED_CONTEXT, order)

    def _activities(self, model: Model) -> tuple[SpecialistActivities, AssessmentActivities]:
        """The worker's own activities that investigate, and none that acts."""
        record = self._casebook.record
        agent = self._agent(model)
        return (
            SpecialistActivities(record, SpecialistAgents(agent, PROMPTS)),
            AssessmentActivities(record, AggregatorAgent(agent, PROMPTS)),
        )

    def _agent(self, model: Model) -> AgentLoop:
        return AgentLoop(model, self._tools, Limits(), monotonic=time.monotonic, now=utc_now, pause=self._wait)

    def _hear(self, specialists: SpecialistActivities, order: SpecialistOrder) -> SpecialistReport:
        try:
            return self._persist(partial(specialists.run_specialist, _UNUSED_CONTEXT, order))
        except (ModelUnavailable, ToolsUnavailable) as error:
            report = unavailable_report(order.specialist, 1, sentence_for(id_of(error)))
            return specialists.record_report(_UNUSED_CONTEXT, ReportFiling(case_id=order.case_id, report=report))

    def _persist(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives, tried as often as the orchestration would, with its pauses."""
        pause = THINKING.first_retry_interval.total_seconds()
        for _ in range(THINKING.max_number_of_attempts - 1):
            try:
                return attempt()
            except (ModelUnavailable, ToolsUnavailable):
                self._wait(pause)
                pause *= THINKING.backoff_coefficient or 1.0
        return attempt()


@contextmanager
def laboratory(
    scenarios: Sequence[Scenario], endpoint: Endpoint, *, wait: Callable[[float], None] = time.sleep
) -> Generator[tuple[Laboratory, tuple[SeededScenario, ...]]]:
    """A laboratory with a fresh store, casebook, tool server and, without a URL, the rules model.

    Raises BadScenario or CannotEvaluate.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="casewright-evaluation-")))
        seeded = seed_scenarios(scenarios, folder / "customers.db")
        base_url = endpoint.base_url
        if base_url is None:
            base_url = stack.enter_context(serving("rules model", ["local.model", "--port", "0"], os.environ)) + "/v1"
        mcp_url = stack.enter_context(serving("tool server", ["mcp_server"], _tool_server_env(folder)))
        casebook = Casebook(f"sqlite:///{folder / 'casebook.db'}")
        stack.callback(casebook.close)
        casebook.upgrade()
        loop = stack.enter_context(ClientLoop())
        client = open_client(OpenAIProvider(base_url, endpoint.model, endpoint.api_key))
        session = McpSession(mcp_url, Keys(folder / "keys").reading())
        loop.close_with(client.close)
        loop.close_with(session.close)
        model, tools = OpenAIModel(client, endpoint.model, loop), McpToolBox(session, loop)
        yield Laboratory(casebook, model, tools, wait), seeded


def evaluate(
    scenarios: Sequence[Scenario],
    endpoint: Endpoint,
    parallel: int,
    done: Callable[[Outcome], None] = lambda _: None,
) -> Run:
    """All scenarios, `parallel` at a time; `done` hears of each as it ends. Raises BadScenario or CannotEvaluate."""
    started_at, started = datetime.now(UTC), time.monotonic()
    with laboratory(scenarios, endpoint) as (lab, seeded), ThreadPoolExecutor(parallel) as pool:
        outcomes: list[Outcome] = []
        for outcome in pool.map(lab.investigate, seeded):
            outcomes.append(outcome)
            done(outcome)
    return Run(
        model=endpoint.model,
        started_at=started_at,
        seconds=round(time.monotonic() - started, 1),
        outcomes=tuple(outcomes),
    )


def _tool_server_env(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MCP_", "CONTOSO_"))}
    return {**kept, "MCP_PORT": "0", "CUSTOMER_STORE_PATH": str(folder / "customers.db")}
