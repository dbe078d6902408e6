"""The worker's real activities over real HTTP, with fault injection into the model and the tool server."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx
import mcp_types as mt
import uvicorn
from durabletask import task
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools.base import ToolResult

from casebook.chat_api import ChatApi
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.schedules_api import SchedulesApi
from casebook.tasks_api import TasksApi
from contracts import names
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.ids import case_id
from contracts.investigation import InvestigationPolicy
from contracts.report import SPECIALISTS, Specialist, SpecialistReport
from contracts.steps import RoundInput, SpecialistInput
from local.model.server import build_server as build_model
from mcp_server.contoso.generator import generate
from mcp_server.server import build_server
from mcp_server.store.sqlite.store import SqliteCustomerStore
from runtime.listening import listen, url_of
from tests.support.alerts import foreign_login
from tests.support.casebooks import CaseBook
from tests.support.tool_access import OPEN
from tests.unit.local.serving import running
from worker.adapters.circuit_breaker import CircuitBreaker
from worker.adapters.client_loop import ClientLoop
from worker.adapters.failover import Deployment, FailoverModel
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import OpenAIProvider, open_client
from worker.agents.limits import Limits
from worker.wiring import wire_activities

AS_OF = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
POLICY = InvestigationPolicy(quality_check_share=0.0)
PATIENT = Limits(seconds=60, retries=1, first_pause_s=0.01, model_timeout_s=30, tool_timeout_s=30)
HASTY_WITH_MODELS = replace(PATIENT, model_timeout_s=0.3)
HASTY_WITH_TOOLS = replace(PATIENT, tool_timeout_s=0.3)

ToolFault = Literal["error", "slow"]


class FaultyTool(Middleware):
    """Spoils one tool of the real server while `fault` is set."""

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.fault: ToolFault | None = None

    async def on_call_tool(
        self,
        context: MiddlewareContext[mt.CallToolRequestParams],
        call_next: CallNext[mt.CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        if context.message.name == self.tool and self.fault == "error":
            raise ToolError("The customer's file is damaged.")
        if context.message.name == self.tool and self.fault == "slow":
            await anyio.sleep_forever()
        return await call_next(context)


@dataclass(frozen=True)
class _Healthy:
    """The reports that were made without any fault, and the case that they were made for."""

    case_id: str
    reports: dict[Specialist, SpecialistReport]


class FaultStack:
    """One casebook, one model, one tool server, and as many cases as are asked for."""

    def __init__(
        self,
        loop: ClientLoop,
        casebook: CaseBook,
        control: httpx.Client,
        model_url: str,
        tools_url: str,
        nowhere_url: str,
        switch: FaultyTool,
        alert: Alert,
    ) -> None:
        self._casebook = casebook
        self._control = control
        self._switch = switch
        self._alert = alert
        self._numbers = count(1)
        self._healthy: _Healthy | None = None
        client = open_client(OpenAIProvider(model_url, "casewright-rules-1"))
        loop.close_with(client.close)
        self._model = OpenAIModel(client, "casewright-rules-1", loop)
        session, nowhere = McpSession(tools_url), McpSession(nowhere_url)
        loop.close_with(session.close)
        self._tools = {True: McpToolBox(session, loop), False: McpToolBox(nowhere, loop)}
        self._gateway = McpActionGateway(session, loop)

    @contextmanager
    def model_fault(self, **control: Any) -> Generator[None]:
        """The local model is controlled so while the block lasts."""
        self._control.put("/control", json=control).raise_for_status()
        try:
            yield
        finally:
            self._control.put("/control", json={}).raise_for_status()

    @contextmanager
    def tool_fault(self, fault: ToolFault) -> Generator[None]:
        """One tool that every specialist asks fails so while the block lasts."""
        self._switch.fault = fault
        try:
            yield
        finally:
            self._switch.fault = None

    def open_case(self) -> Alert:
        """A new case about the innocent customer, its first round begun."""
        alert = self._alert.model_copy(update={"alert_id": f"{self._alert.alert_id}-{next(self._numbers)}"})
        self._casebook.open_case(alert)
        order = RoundInput(case_id=case_id(alert.alert_id), round=1)
        self._activity(names.START_ROUND, PATIENT, tools_up=True)(task.ActivityContext(order.case_id, 1), order)
        return alert

    def report(
        self, alert: Alert, specialist: Specialist, limits: Limits = PATIENT, *, tools_up: bool = True
    ) -> SpecialistReport:
        """What the specialist's real activity comes back with."""
        order = SpecialistInput(case_id=case_id(alert.alert_id), round=1, specialist=specialist)
        run = self._activity(names.RUN_SPECIALIST, limits, tools_up=tools_up)
        run(task.ActivityContext(order.case_id, 1), order)
        return next(
            each for each in self._casebook.get_fraud_case(order.case_id).reports if each.specialist == specialist
        )

    def assessment(
        self, alert: Alert, reports: tuple[SpecialistReport, ...], limits: Limits = PATIENT
    ) -> RiskAssessment:
        """What the aggregator's real activity and the guard rails make of the reports."""
        order = RoundInput(case_id=case_id(alert.alert_id), round=1)
        self._activity(names.ASSESS_RISK, limits, tools_up=True)(task.ActivityContext(order.case_id, 1), order)
        shown = self._casebook.get_fraud_case(order.case_id).assessment
        assert shown is not None
        assert shown.reports == reports
        return shown

    def model_calls(self) -> int:
        """How often the model has been asked."""
        return self._control.get("/control/stats").json()["calls"]

    def _activity(self, name: str, limits: Limits, *, tools_up: bool) -> Any:
        circuit = CircuitBreaker(failures=100, open_for=1, monotonic=lambda: 0.0)
        model = FailoverModel([Deployment("local", self._model, circuit)])
        records = (
            ChatApi(self._casebook.transactions),
            TasksApi(self._casebook.transactions),
            SchedulesApi(self._casebook.transactions),
        )
        tools = self._tools[tools_up]
        activities = wire_activities(self._casebook, *records, model, tools, self._gateway, POLICY, limits)
        return next(activity for activity in activities if activity.__name__ == name)

    def file_healthy(self, alert: Alert) -> dict[Specialist, SpecialistReport]:
        """All three reports without any fault, as if they had been made for this case: they are made once."""
        if self._healthy is None:
            first = self.open_case()
            made: dict[Specialist, SpecialistReport] = {
                specialist: self.report(first, specialist) for specialist in SPECIALISTS
            }
            self._healthy = _Healthy(case_id(first.alert_id), made)
        origin, reports = self._healthy.case_id, self._healthy.reports
        for report in reports.values():
            evidence = [self._casebook.evidence(origin, call.tool_call_id) for call in report.tool_calls]
            self._casebook.save_report(case_id(alert.alert_id), report, evidence)
        return reports


@contextmanager
def fault_stack(folder: Path) -> Generator[FaultStack]:
    """The agents with everything that they need, in this process and over real HTTP."""
    store = SqliteCustomerStore(folder / "customers.db", lambda: generate(7, AS_OF), clock=lambda: AS_OF)
    engine = open_engine(f"sqlite:///{folder / 'casebook.db'}")
    upgrade(engine)
    switch = FaultyTool("get_customer")
    server = build_server(store, OPEN)
    server.add_middleware(switch)
    try:
        with (
            running(build_model()) as model_url,
            _serving(server) as tools_url,
            _refusing() as nowhere_url,
            httpx.Client(base_url=model_url, timeout=60) as control,
            ClientLoop() as loop,
        ):
            model, casebook = f"{model_url}/v1", CaseBook(Transactions(engine))
            yield FaultStack(loop, casebook, control, model, tools_url, nowhere_url, switch, _innocent_alert(store))
    finally:
        engine.dispose()
        store.close()


def _innocent_alert(store: SqliteCustomerStore) -> Alert:
    """A login from where the customer really travels."""
    profiles = [profile.model_dump(mode="json") for profile in store.telemetry_profiles()]
    traveller: Any = next(each for each in profiles if each["story"] and each["story"]["kind"] == "travel")
    stated = foreign_login(traveller, severity="medium", alert_id="travel", now=AS_OF)
    ruled = {"rule_id": "impossible_travel", "rule_version": 1, "raised_at": AS_OF, "source": "manual"}
    return Alert.model_validate(stated | ruled)


@contextmanager
def _serving(server: FastMCP) -> Generator[str]:
    app = server.http_app(path="/mcp", stateless_http=True, json_response=True)
    listener = listen("127.0.0.1", 0, instead="")
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, ws="none")
    uvicorn_server = uvicorn.Server(config)
    thread = threading.Thread(target=uvicorn_server.run, kwargs={"sockets": [listener]})
    thread.start()
    pause = threading.Event()
    while not uvicorn_server.started:
        assert thread.is_alive(), "the tool server did not start"
        pause.wait(0.02)
    try:
        yield f"{url_of(listener)}/mcp"
    finally:
        uvicorn_server.should_exit = True
        thread.join(60)


@contextmanager
def _refusing() -> Generator[str]:
    """Where nobody listens, and nobody else can as long as the block lasts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"
