# ruff: noqa: A002 -- input is the protocol's word
"""Kills workers and the scheduler at random moments and at every named commit point, under a mixed load.

    python -m tests.conformance.chaos --kills 200 [--seed N]

Afterwards every instance must have completed with the right result and every account must have the right balance.
"""

import argparse
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import grpc
from durabletask import entities
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.client import OrchestrationStatus

from local.scheduler.failpoints import POINTS
from tests.support.ports import free_port

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("chaos_worker.py")
ACCOUNTS = [f"a{n}" for n in range(4)]


class Report(NamedTuple):
    """What a run has shown."""

    kills: int
    scheduler_kills: int
    worker_kills: int
    failpoints: dict[str, int]
    instances: int
    wrong: list[str]
    activity_runs: int
    repeated_activities: int
    seconds: float

    @property
    def good(self) -> bool:
        return not self.wrong


class Chaos:
    """One run in a folder of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._port = free_port()
        self._log = folder / "activities.log"
        self._log.touch()
        self._expected: dict[str, Any] = {}
        self._balances = dict.fromkeys(ACCOUNTS, 0)
        self._points: dict[str, int] = {}
        self._listening: list[str] = []
        self._armed: str | None = None
        quiet = logging.getLogger("chaos")
        quiet.setLevel(logging.CRITICAL)
        self._client = DurableTaskSchedulerClient(
            host_address=f"127.0.0.1:{self._port}", taskhub="default", token_credential=None, secure_channel=False,
            logger=quiet,
        )  # fmt: skip
        self._scheduler = self._start_scheduler(None)
        self._worker = self._start_worker()

    def _start_scheduler(self, failpoint: str | None) -> "subprocess.Popen[bytes]":
        environment = dict(os.environ)
        if failpoint:
            environment["CASEWRIGHT_SCHEDULER_FAILPOINT"] = failpoint
        with (self._folder / "scheduler.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "local.scheduler", "--port", str(self._port), "--grace", "2",
                 "--data", str(self._folder / "data")],
                cwd=ROOT, env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    def _start_worker(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, str(WORKER), f"127.0.0.1:{self._port}", str(self._log)])

    def _insist(self, call: Callable[[], T], timeout: float = 300) -> T | None:
        """Repeats a call until the scheduler answers; an instance that exists was started by an earlier try."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return call()
            except grpc.RpcError as error:
                code = error.code()  # type: ignore[attr-defined]
                if code == grpc.StatusCode.ALREADY_EXISTS:
                    return None
                if time.monotonic() > deadline:
                    raise
            self._revive()
            time.sleep(0.05)

    def _revive(self) -> None:
        if self._scheduler.poll() is not None:
            if self._armed is not None:
                self._points[self._armed] = self._points.get(self._armed, 0) + 1
                self._armed = None
            self._scheduler = self._start_scheduler(None)
        if self._worker.poll() is not None:
            self._worker = self._start_worker()

    def _start(self, kind: str, input: Any, expected: Any) -> str:
        instance_id = f"{kind}-{len(self._expected)}"
        self._insist(lambda: self._client.schedule_new_orchestration(kind, input=input, instance_id=instance_id))
        self._expected[instance_id] = expected
        return instance_id

    def _load(self) -> None:
        number = len(self._expected)
        self._start("chain", number, number + 3)
        self._start("fan", 5, 15)
        self._start("nap", 150, 151)
        self._start("family", number, 3 * number + 12)
        self._start("loop", [4, number], number + 4)
        self._listening.append(self._start("listen", None, number + 1))
        self._insist(lambda: self._client.raise_orchestration_event(self._listening[-1], "go", data=number))
        source, target = self._random.sample(ACCOUNTS, 2)
        amount = self._random.randint(1, 9)
        self._start("transfer", [source, target, amount], expected=True)
        self._balances[source] -= amount
        self._balances[target] += amount

    def _kill_one(self, number: int) -> str:
        if number % 4 == 0:
            self._worker.kill()
            self._worker.wait()
            self._worker = self._start_worker()
            return "worker"
        self._scheduler.kill()
        self._scheduler.wait()
        if number % 4 == 2:
            self._scheduler = self._start_scheduler(None)
            return "scheduler"
        point = POINTS[(number // 2) % len(POINTS)]
        rare = point in ("before-timers", "after-timers", "during-checkpoint")
        self._scheduler = self._start_scheduler(f"{point}:{1 if rare else self._random.randint(1, 6)}")
        self._armed = point
        self._load()
        if not self._has_fired():
            try:
                self._scheduler.wait(4)
            except subprocess.TimeoutExpired:
                self._armed = None  # not reached this time; the next kill ends it
        self._revive()
        return "scheduler"

    def _has_fired(self) -> bool:
        return self._armed is None

    def run(self, kills: int) -> Report:
        begin = time.monotonic()
        killed = {"worker": 0, "scheduler": 0}
        number = 0
        while killed["worker"] + killed["scheduler"] + sum(self._points.values()) < kills:
            self._load()
            time.sleep(self._random.uniform(0.05, 0.7))
            killed[self._kill_one(number)] += 1
            number += 1
        wrong = self._check()
        runs = self._log.read_text(encoding="utf-8").splitlines()
        scheduler_kills = killed["scheduler"] + sum(self._points.values())
        return Report(
            killed["worker"] + scheduler_kills, scheduler_kills, killed["worker"], self._points, len(self._expected),
            wrong, len(runs), len(runs) - len(set(runs)), time.monotonic() - begin,
        )  # fmt: skip

    def _check(self) -> list[str]:
        self._scheduler.kill()
        self._scheduler.wait()
        self._revive()
        wrong: list[str] = []
        deadline = time.monotonic() + 300 + len(self._expected) / 10
        for instance_id, expected in self._expected.items():
            while True:
                state = self._insist(lambda i=instance_id: self._client.get_orchestration_state(i))
                ended = state is not None and state.runtime_status in (
                    OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED
                )  # fmt: skip
                if ended or time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            if state is None or state.get_output() != expected:
                found = "missing" if state is None else f"{state.runtime_status} {state.serialized_output}"
                wrong.append(f"{instance_id}: {found}, expected {expected}")
        for account, balance in self._balances.items():
            found = self._insist(lambda a=account: self._client.get_entity(entities.EntityInstanceId("account", a)))
            held = 0 if found is None else found.get_typed_state(int) or 0
            if held != balance:
                wrong.append(f"account {account}: {held}, expected {balance}")
        return wrong

    def close(self) -> None:
        self._client.close()
        for process in (self._worker, self._scheduler):
            process.kill()
            process.wait()


def run_chaos(folder: Path, kills: int, seed: int) -> Report:
    """A run of at least `kills` kills."""
    chaos = Chaos(folder, seed)
    try:
        return chaos.run(kills)
    finally:
        chaos.close()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="scheduler-chaos-") as folder:
        report = run_chaos(Path(folder), options.kills, options.seed)
    for name, value in report._asdict().items():
        print(f"{name}: {value}")  # noqa: T201
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
