"""The facades for an event loop."""

import inspect
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio.to_thread
import pytest

from casebook.access_api import AccessApi
from casebook.async_api import (
    AsyncAccesses,
    AsyncBackTests,
    AsyncDesk,
    AsyncDetectionRules,
    AsyncEvents,
    AsyncRelay,
    AsyncRiskScore,
    AsyncSecurityLog,
    AsyncSessions,
    AsyncSubscriptions,
    AsyncTasks,
    AsyncWorkspace,
)
from casebook.back_tests_api import BackTestsApi
from casebook.desk_api import DeskApi
from casebook.detection_rules_api import DetectionRulesApi
from casebook.errors import CaseNotFound
from casebook.events_api import EventsApi
from casebook.facade import Facade
from casebook.relay_api import RelayApi
from casebook.risk_score_api import RiskScoreApi
from casebook.security_log_api import SecurityLogApi
from casebook.sessions_api import SessionsApi
from casebook.subscriptions_api import SubscriptionsApi
from casebook.tasks_api import TasksApi
from casebook.workspace_api import WorkspaceApi
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import an_alert, only_on

pytestmark = pytest.mark.anyio

P = ParamSpec("P")
T = TypeVar("T")

IN_THREADS = {"events_after", "case_events", "audit", "own_tasks", "tell_overdue"}
"""Read whole logs, for scripts and tests; or are for workers only."""


class OneThread:
    """Runs calls off the loop, and remembers where."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def noted() -> T:
            self.threads.add(threading.get_ident())
            return call(*args, **kwargs)

        return await anyio.to_thread.run_sync(noted)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@only_on("sqlite")
async def test_calls_run_off_the_loop_with_results_and_errors(book: CaseBook) -> None:
    off_loop = OneThread()
    workspace = AsyncWorkspace(book, off_loop)
    opened = await workspace.open_case(an_alert())
    assert opened.created
    assert (await workspace.get_fraud_case(opened.case_id)).alert == an_alert()
    assert await AsyncRelay(book, off_loop).unscheduled_cases() == [opened.case_id]
    with pytest.raises(CaseNotFound):
        await workspace.get_fraud_case("case-nobody")
    assert threading.get_ident() not in off_loop.threads


@only_on("sqlite")
async def test_every_method_can_be_awaited(book: CaseBook) -> None:
    for facade, awaited in (
        (WorkspaceApi, AsyncWorkspace(book, OneThread())),
        (RelayApi, AsyncRelay(book, OneThread())),
        (AccessApi, AsyncAccesses(book, OneThread())),
        (DeskApi, AsyncDesk(book, OneThread())),
        (DetectionRulesApi, AsyncDetectionRules(DetectionRulesApi(book.transactions), OneThread())),
        (RiskScoreApi, AsyncRiskScore(RiskScoreApi(book.transactions), OneThread())),
        (BackTestsApi, AsyncBackTests(BackTestsApi(book.transactions), OneThread())),
        (SessionsApi, AsyncSessions(SessionsApi(book.transactions), OneThread())),
        (SecurityLogApi, AsyncSecurityLog(SecurityLogApi(book.transactions), OneThread())),
        (TasksApi, AsyncTasks(TasksApi(book.transactions), OneThread())),
        (EventsApi, AsyncEvents(EventsApi(book.transactions), OneThread())),
        (SubscriptionsApi, AsyncSubscriptions(SubscriptionsApi(book.transactions), OneThread())),
    ):
        own = {name for name, _ in inspect.getmembers(facade, inspect.isfunction) if not name.startswith("_")}
        inherited = {name for name, _ in inspect.getmembers(Facade, inspect.isfunction)}
        assert vars(awaited).keys() - {"blocking"} - IN_THREADS == own - inherited - IN_THREADS
