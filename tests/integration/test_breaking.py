"""Orchestrations that fail in a running stack: each ends with a person, and what was approved happens once."""

import os
import signal
import sqlite3
import sys
from collections.abc import Generator
from contextlib import closing

import pytest
from durabletask.azuremanaged.client import DurableTaskSchedulerClient

from casebook.commands.recovery import MAX_FAILURES
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from tests.integration.test_one_case import awaits_review
from tests.support.alerts import foreign_login
from tests.support.casebooks import CaseBook
from tests.support.crashing import ALWAYS, FOLDER, KILLED, SCHEDULER
from tests.support.stack import LocalStack

DELIVERIES = 2


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    """A stack whose parts die where a point is armed, and whose scheduler soon gives up such work."""
    data = tmp_path_factory.mktemp("mortal")
    points = data / "points"
    points.mkdir()
    arguments = f"--grace 1 --max-deliveries {DELIVERIES}"
    stack = LocalStack(data, env={FOLDER: str(points), SCHEDULER: arguments})
    stack.command = (
        sys.executable, "-m", "tests.support.crashing", "stack", "--data", str(data), "--no-simulator",
    )  # fmt: skip
    with stack:
        yield stack


def is_intact(stack: LocalStack, case_id: str) -> bool:
    engine = open_engine(f"sqlite:///{stack.data / 'casebook.db'}")
    try:
        return CaseBook(Transactions(engine)).audit_case(case_id).broken is None
    finally:
        engine.dispose()


def kinds_of(stack: LocalStack, case_id: str) -> list[str]:
    history = stack.http.get(f"/api/cases/{case_id}/history", params={"limit": 200}).json()["items"]
    return [event["type"] for event in history]


def test_begun_effect_happens_once_despite_an_orchestration_failure(mortal: LocalStack) -> None:
    case_id = mortal.start_case(foreign_login(mortal.customer("sim_swap", 2), alert_id="acting"))
    asked = mortal.wait_for_case(case_id, awaits_review(1))
    operator = DurableTaskSchedulerClient(
        host_address=f"http://127.0.0.1:{mortal.env['SCHEDULER_PORT']}",
        taskhub="default",
        token_credential=None,
        secure_channel=False,
    )

    point = mortal.data / "points" / "worker-acted"
    point.touch()
    # What starts the next worker stands still, so that nobody goes on before the orchestration is terminated.
    starter = mortal.pid("worker")
    os.kill(starter, signal.SIGSTOP)
    try:
        assert mortal.decide(asked, "approve", action="lock_account").status_code == 202
        mortal.wait_until(lambda: not point.exists(), "the death of the worker")
        operator.terminate_orchestration(case_id)
    finally:
        os.kill(starter, signal.SIGCONT)
        operator.close()
    mortal.wait_for_line(f"worker {KILLED}")
    ended = mortal.wait_for_case(case_id, lambda view: view.state == "closed")

    assert ended.outcome == "account_locked"
    assert kinds_of(mortal, case_id).count("orchestration_failed") == 1
    assert [effect.status for effect in ended.effects] == ["done"]
    with closing(sqlite3.connect(mortal.data / "customers.db")) as store:
        keys = [key for (key,) in store.execute("SELECT idempotency_key FROM effect")]
    assert keys.count(ended.effects[0].key) == 1
    assert is_intact(mortal, case_id)


@pytest.mark.long
def test_case_whose_question_kills_workers_reaches_a_manager(mortal: LocalStack) -> None:
    point = mortal.data / "points" / f"worker-asking{ALWAYS}"
    point.touch()
    case_id = mortal.start_case(foreign_login(mortal.customer("sim_swap", 3), alert_id="poisonous"))

    view = mortal.wait_for_case(case_id, lambda case: case.review is not None)
    point.unlink()

    assert view.review is not None
    assert view.assessment is not None
    assert (view.state, view.review.required_role) == ("escalated", "manager")
    assert view.assessment.overall_risk_score is not None
    assert kinds_of(mortal, case_id).count("orchestration_failed") == MAX_FAILURES
    assert mortal.decide(view, "approve", persona="maria", action="lock_account").status_code == 202
    ended = mortal.wait_for_case(case_id, lambda case: case.state == "closed")
    assert ended.outcome == "account_locked"
    assert is_intact(mortal, case_id)
