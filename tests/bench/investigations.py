"""`scripts/bench investigations`: how fast one worker process investigates, and how fast a decision takes effect.

Every time is also given as a ratio to the critical path of one case: the model calls that cannot be made at the same
time (those of the slowest specialist, then the aggregator's), each as long as the local model's latency.
The reference figures are those of the tutorial system that this one grew from, measured elsewhere with the same
stub latencies: 100 cases at 1 s in 124 s, at 0 s in 9.3 s, 0.116 s of worker CPU per case.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from contracts.actions import RecommendedAction
from contracts.fraud_case import FraudCaseView
from contracts.ids import case_id as case_of
from contracts.report import SPECIALISTS
from tests.support.casebooks import CaseBook
from tests.support.stack import LocalStack

REFERENCE_100_AT_1S = 124.0
REFERENCE_100_AT_0S = 9.3
REFERENCE_CPU_S = 0.116
PATIENCE_S = 600.0
TICK_S = 0.1
"""How often to look whether the reviews are open. When they were is in the casebook, so nothing is measured by it."""
LOCKS = 50
"""Decisions with an effect that are timed while the flood waits."""


@dataclass(frozen=True)
class Batch:
    """The results of alerts that were raised at the same time."""

    cases: tuple[str, ...]
    seconds: float
    """From the first alert until the last case awaits its review."""
    waits: tuple[float, ...]
    """From each case's opening until its review, by the casebook's clock, in the order of opening."""
    cpu_s: float
    """Processor time of the worker."""


class Bench:
    """A running stack and what is measured on it."""

    def __init__(self, stack: LocalStack, casebook: CaseBook) -> None:
        self._stack = stack
        self._casebook = casebook
        self._customers = [profile["customer_id"] for profile in stack.profiles()]

    def investigate(self, name: str, count: int, latency_s: float, watch: Callable[[int], None] | None = None) -> Batch:
        """Raise `count` alerts at once and wait until all await their review. `watch` hears how many do."""
        alerts = [self._alert(f"{name}-{number}", number) for number in range(count)]
        after, cpu = self._casebook.last_seq(), worker_cpu_s(self._stack)
        with self._stack.slow_model(latency_s), ThreadPoolExecutor(16) as pool:
            started = time.time()
            list(pool.map(self._stack.start_case, alerts))
            times = self._await_reviews({case_of(alert["alert_id"]) for alert in alerts}, after, watch)
        seconds = max(asked for _, asked in times.values()) - started
        waits = tuple(asked - opened for opened, asked in times.values())
        return Batch(tuple(times), seconds, waits, worker_cpu_s(self._stack) - cpu)

    def critical_path_calls(self) -> int:
        """Model calls of one case that must follow each other."""
        before = self._agents()
        self.investigate("path", 1, 0.0)
        calls = {agent: count - before.get(agent, 0) for agent, count in self._agents().items()}
        return max(calls[specialist] for specialist in SPECIALISTS) + calls["aggregator"]

    def decide(self, cases: Sequence[str], action: RecommendedAction = "clear") -> list[float]:
        """Seconds from the decision to `closed` as seen on the case's WebSocket, one case after another.

        Raises RuntimeError when the case closes without what was approved.
        """
        times: list[float] = []
        for case in cases:
            times.append(self._decide(self._casebook.get_fraud_case(case), action))
            effects = self._casebook.get_fraud_case(case).effects
            if action != "clear" and [effect.status for effect in effects] != ["done"]:
                raise RuntimeError(f"{case} closed with the effects {effects}.")
        return times

    def lockable(self, cases: Iterable[str], count: int) -> list[str]:
        """At most `count` of the cases, each of another customer: an account is locked once."""
        first: dict[int, str] = {}
        for case in cases:
            first.setdefault(self._casebook.get_fraud_case(case).alert.customer_id, case)
            if len(first) == count:
                break
        return [*first.values()]

    def _decide(self, view: FraudCaseView, action: RecommendedAction) -> float:
        url = f"{self._stack.url.replace('http', 'ws')}/api/workflow/ws/{view.case_id}"
        headers = {"Authorization": self._stack.http.headers["Authorization"]}
        if action == "clear":
            # A critical case is cleared by two people: the time begins with the second approval.
            self._stack.decide(view, "approve", persona="ben", action=action).raise_for_status()
        with connect(url, open_timeout=60, proxy=None, additional_headers=headers) as socket:
            socket.recv(timeout=60)
            started = time.perf_counter()
            answer = self._stack.decide(view, "approve", action=action)
            if answer.status_code != 202:
                raise RuntimeError(answer.text)
            _await_closed(socket)
            return time.perf_counter() - started

    def _alert(self, alert_id: str, number: int) -> dict[str, Any]:
        return {
            "alert_id": alert_id,
            "customer_id": self._customers[number % len(self._customers)],
            "alert_type": "impossible_travel",
            "severity": "critical",
            "description": "Two logins far apart.",
        }

    def _agents(self) -> dict[str, int]:
        return self._stack.model_calls_by_agent()

    def _await_reviews(
        self, cases: set[str], after: int, watch: Callable[[int], None] | None
    ) -> dict[str, tuple[float, float]]:
        """When each case was opened and when its review was, by the casebook's clock, in the order of opening."""
        opened: dict[str, float] = {}
        asked: dict[str, float] = {}
        deadline = time.monotonic() + PATIENCE_S
        while len(asked) < len(cases):
            time.sleep(TICK_S)
            while events := self._casebook.events_after(after):
                after = events[-1].seq
                for event in events:
                    if event.case_id not in cases:
                        continue
                    if event.type == "case_opened":
                        opened[event.case_id] = event.at.timestamp()
                    elif event.type == "review_opened":
                        asked[event.case_id] = event.at.timestamp()
                        if watch is not None:
                            watch(len(asked))
            if time.monotonic() > deadline:
                raise TimeoutError(f"Only {len(asked)} of {len(cases)} cases await their review.")
        return {case: (at, asked[case]) for case, at in opened.items()}


def worker_cpu_s(stack: LocalStack) -> float:
    """Processor time of the worker so far, user and system."""
    fields = Path(f"/proc/{stack.pid('worker')}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def worker_memory_mb(stack: LocalStack) -> float:
    """Resident memory of the worker."""
    pages = int(Path(f"/proc/{stack.pid('worker')}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _await_closed(socket: ClientConnection) -> None:
    while '"state":"closed"' not in str(socket.recv(timeout=60)):
        continue


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def measure(bench: Bench, cases: int) -> None:
    """One case, many cases slow and fast, and decisions while many wait."""
    bench.investigate("warm-up", 5, 0.0)
    path = bench.critical_path_calls()
    _say(f"critical path: {path} model calls")

    one = statistics.median(bench.investigate(f"one-{turn}", 1, 1.0).seconds for turn in range(3))
    _say(f"1 case at 1 s: {one:.2f} s, {one / path:.2f} x its critical path (target 1.2)")

    slow = bench.investigate("slow", cases, 1.0)
    _say(
        f"{cases} cases at 1 s: {slow.seconds:.2f} s, {slow.seconds / path:.2f} x the path of one (target 2), "
        f"{REFERENCE_100_AT_1S / 100 * cases / slow.seconds:.1f} times as fast as the reference (target 20); "
        f"worker CPU {slow.cpu_s / cases:.3f} s per case (target 0.06)"
    )
    fast = bench.investigate("fast", cases, 0.0)
    _say(
        f"{cases} cases at 0 s: {fast.seconds:.2f} s, "
        f"{REFERENCE_100_AT_0S / 100 * cases / fast.seconds:.1f} times as fast as the reference; "
        f"worker CPU {fast.cpu_s / cases:.3f} s per case, {fast.cpu_s / cases / REFERENCE_CPU_S:.2f} of the reference"
    )
    times = bench.decide(slow.cases)
    _say(
        f"decision -> closed on the WebSocket with {cases} to {2 * cases} waiting, {len(times)} decisions: "
        f"p50 {_percentile(times, 0.5) * 1e3:.0f} ms (target 30), "
        f"p95 {_percentile(times, 0.95) * 1e3:.0f} ms (target 60)"
    )


def measure_flood(bench: Bench, stack: LocalStack, alerts: int) -> None:
    """Many more alerts than the worker may work on at once: its memory stays flat and nobody starves.

    Then accounts are locked while all those cases wait.
    """
    memory: dict[int, float] = {}

    def watch(done: int) -> None:
        if done % (alerts // 5) == 0:
            memory[done] = worker_memory_mb(stack)

    flood = bench.investigate("flood", alerts, 0.1, watch)
    shown = ", ".join(f"{size:.0f} MB at {done}" for done, size in memory.items())
    _say(f"{alerts} alerts at once, model latency 0.1 s: {flood.seconds:.1f} s; worker memory {shown}")
    mean = statistics.mean(flood.waits)
    _say(
        f"opening -> review: p50 {_percentile(flood.waits, 0.5):.1f} s, mean {mean:.1f} s, "
        f"longest {max(flood.waits):.1f} s of {flood.seconds:.1f} s in all"
    )
    times = bench.decide(bench.lockable(flood.cases, LOCKS), "lock_account")
    _say(
        f"decision -> account locked and case closed with {alerts} waiting, {len(times)} decisions: "
        f"p50 {_percentile(times, 0.5) * 1e3:.0f} ms, p95 {_percentile(times, 0.95) * 1e3:.0f} ms"
    )


def main() -> int:
    """Starts a stack of its own on free ports and prints the figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench investigations", description=__doc__)
    parser.add_argument("--cases", type=int, default=100, help="alerts raised at once (default: 100)")
    parser.add_argument("--flood", type=int, default=1_000, help="alerts of the last part; 0: leave it out")
    parser.add_argument("--threads", type=int, help="WORKER_THREADS (default: the worker's own)")
    asked = parser.parse_args()
    env = {"WORKER_THREADS": str(asked.threads)} if asked.threads else {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with LocalStack(data, "--no-simulator", env=env) as stack:
            engine = open_engine(f"sqlite:///{data / 'casebook.db'}")
            bench = Bench(stack, CaseBook(Transactions(engine)))
            _say(f"Python {platform.python_version()}, {os.cpu_count()} cores, one worker process")
            measure(bench, asked.cases)
            if asked.flood:
                measure_flood(bench, stack, asked.flood)
            engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
