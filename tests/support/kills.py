"""Kills the parts of a real stack at every step between decision and report, and counts the effects."""

import itertools
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from contracts.fraud_case import FraudCaseView
from contracts.ids import case_id as case_of
from contracts.ids import effect_key
from tests.support.casebooks import CaseBook
from tests.support.crashing import FOLDER, KILLED, POINTS
from tests.support.stack import LocalStack

PATIENCE_S = 240.0
AT_ONCE = len(POINTS)
"""Parts that are killed in one wave, and cases that are decided in it."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    cases: int
    kills: int
    effects: int
    """Rows of the store's ledger."""
    doubles: int
    """Rows beyond the first of a case, and cases that recorded more than one finished effect."""
    lost: int
    """Cases that are not closed with exactly their own effect done, in the casebook and in the store."""
    broken: str | None
    """The first broken link of the audit chain."""
    preparing_s: float
    seconds: float
    slowest_s: float
    """From decision to closed case, in the slowest wave."""

    @property
    def is_exact(self) -> bool:
        """Whether every case has exactly one effect, and every kill that was armed took place."""
        return (self.kills, self.effects, self.doubles, self.lost, self.broken) == (self.cases, self.cases, 0, 0, None)


def kill_at_every_step(data: Path, waves: int) -> Outcome:
    """Run `waves` waves on a stack of its own: each kills one process of every part while as many cases act."""
    points = data / "points"
    points.mkdir(parents=True)
    stack = LocalStack(data, env={FOLDER: str(points)})
    stack.command = (
        sys.executable, "-m", "tests.support.crashing", "stack", "--data", str(data), "--no-simulator",
    )  # fmt: skip
    with stack:
        engine = open_engine(f"sqlite:///{data / 'casebook.db'}")
        try:
            casebook = CaseBook(Transactions(engine))
            started = time.monotonic()
            cases = _open_cases(stack, casebook, waves * AT_ONCE)
            prepared = time.monotonic()
            slowest = 0.0
            for wave, armed in zip(range(waves), _combinations(), strict=False):
                at = time.monotonic()
                _run_wave(stack, casebook, points, armed, cases[wave * AT_ONCE : (wave + 1) * AT_ONCE])
                slowest = max(slowest, time.monotonic() - at)
            seconds = time.monotonic() - prepared
            # Who is killed last says so when it has risen, after its point was passed.
            _until(lambda: _kills(stack) >= len(cases), "Not everybody who was killed said so")
            return _count(stack, casebook, data, cases, prepared - started, seconds, slowest)
        finally:
            engine.dispose()


def _combinations() -> Iterator[tuple[str, ...]]:
    """One point of every part at a time, so that each of them comes up as often as the others of its part."""
    return zip(*(itertools.cycle(points) for points in POINTS.values()), strict=True)


def _open_cases(stack: LocalStack, casebook: CaseBook, count: int) -> list[str]:
    """Cases of as many customers, each of them waiting for its decision."""
    customers = [profile["customer_id"] for profile in stack.profiles()][:count]
    if len(customers) < count:
        raise ValueError(
            f"There are only {len(customers)} customers: ask for at most {len(customers) // AT_ONCE} waves."
        )
    for customer in customers:
        stack.start_case(
            {
                "alert_id": f"killed-{customer}",
                "customer_id": customer,
                "alert_type": "impossible_travel",
                "severity": "critical",
                "description": "Two logins far apart.",
            }
        )
    cases = [case_of(f"killed-{customer}") for customer in customers]
    for case in cases:
        _wait(casebook, case, "awaiting_review")
    return cases


def _run_wave(stack: LocalStack, casebook: CaseBook, points: Path, armed: Sequence[str], cases: Sequence[str]) -> None:
    for point in armed:
        (points / point).touch()
    for case in cases:
        _approve(stack, casebook.get_fraud_case(case))
    for case in cases:
        _wait(casebook, case, "closed")
    # The last one is passed after what the record shows.
    _until(lambda: not [*points.iterdir()], "Nobody came by a point: this wave killed less than it should")


def _approve(stack: LocalStack, view: FraudCaseView) -> None:
    """Press the button until the backend has taken it, however often it dies meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            answer = stack.decide(view, "approve", action="lock_account")
        except httpx.TransportError:
            time.sleep(0.05)  # another process comes up without telling us
            continue
        if answer.status_code in (202, 409):
            return
        if answer.status_code < 500:
            raise AssertionError(f"{view.case_id}: {answer.status_code} {answer.text}")
        time.sleep(0.05)  # a part that it needs comes up
    raise AssertionError(f"{view.case_id}: the backend never took the decision.")


def _until(reached: Callable[[], bool], else_what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, f"{else_what}."
        time.sleep(0.05)  # another process does it


def _kills(stack: LocalStack) -> int:
    return sum(KILLED in line for line in tuple(stack.lines))


def _wait(casebook: CaseBook, case: str, state: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if casebook.summary(case).state == state:
            return
        time.sleep(0.05)  # who watches is not who is killed: the record is asked, not the backend
    raise AssertionError(f"{case} never came to {state}: {casebook.get_fraud_case(case).model_dump_json(indent=1)}")


def _count(
    stack: LocalStack,
    casebook: CaseBook,
    data: Path,
    cases: Sequence[str],
    preparing_s: float,
    seconds: float,
    slowest_s: float,
) -> Outcome:
    with closing(sqlite3.connect(data / "customers.db")) as store:
        ledger = [key for (key,) in store.execute("SELECT idempotency_key FROM effect")]
        locked = dict(store.execute("SELECT customer_id, lock_reason FROM customer WHERE status = 'locked'").fetchall())
    lost = doubles = 0
    for case in cases:
        view = casebook.get_fraud_case(case)
        key = effect_key(case, "lock_account", str(view.alert.customer_id))
        finished = [event for event in casebook.case_events(case) if event.type == "effect_finished"]
        in_store = [row for row in ledger if row.startswith(f"{case}:")]
        doubles += max(len(in_store) - 1, 0) + max(len(finished) - 1, 0)
        done = [effect.key for effect in view.effects if effect.status == "done"]
        reason = str(locked.get(view.alert.customer_id, ""))
        lost += not (view.outcome == "account_locked" and done == in_store == [key] and reason.startswith(f"{case}: "))
    broken = casebook.verify_case_log()
    return Outcome(
        cases=len(cases),
        kills=_kills(stack),
        effects=len(ledger),
        doubles=doubles,
        lost=lost,
        broken=None if broken is None else str(broken),
        preparing_s=preparing_s,
        seconds=seconds,
        slowest_s=slowest_s,
    )
