"""`scripts/bench floods`: what somebody at the desk notices of floods of one address, beside the same without any.

A whole stack of its own. A person asks for what a page of the queue asks for, one request after the other; in turn for
a while alone, and for a while beside each flood, which a process of its own makes. Of each: the person's p50 and p95 as
ratios to those without it, failed requests, the backend's memory, and how the connections of the flood ended.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.stack import running_parts
from tests.bench._attacks import ATTACKS
from tests.support.stack import ROOT, LocalStack

PAGE = ("/api/session", "/api/config", "/api/cases", "/api/cases/counts", "/api/people", "/api/views", "/api/service")
MANY = 10_000
FEW = {"large_headers": 20, "large_frames": 20, "deep_json": 20, "inflating": 20}
"""At a time, of those that are costly one by one; of the others as many as asked for."""
LONGER_S = {"slow_body": 35}
HEADER_S = 15
"""Longer than the backend waits for headers; for a body it waits longer."""


@dataclass(frozen=True)
class Noticed:
    """What a person noticed, and what the flood came to."""

    p50_s: float
    p95_s: float
    failed: int
    memory_mb: int
    """The backend's, at most."""
    outcomes: dict[str, int]
    lived_s: float | None
    """Median of the flood's connections that were closed."""


def resident_mb(pid: int) -> int:
    """What a process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) // 1024


class Floods:
    """A stack that is flooded, and a person who works meanwhile."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        parts = running_parts(stack.data)["backend"]
        pid, port = parts["pid"], parts["port"]
        assert pid is not None
        assert port is not None
        self._pid, self._port = pid, port
        self._token = stack.http.headers["Authorization"].removeprefix("Bearer ")

    def memory_mb(self) -> int:
        return resident_mb(self._pid)

    def flood(self, name: str | None, connections: int, seconds: float) -> Noticed:
        """Work for so long, beside a flood or alone."""
        attacker = None if name is None else self._attack(name, connections, seconds)
        waited: list[float] = []
        failed, memory = 0, 0
        ends_at = time.monotonic() + seconds
        try:
            while time.monotonic() < ends_at:
                for path in PAGE:
                    began = time.monotonic()
                    try:
                        failed += not self._stack.http.get(path).is_success
                    except httpx.HTTPError:
                        failed += 1
                    waited.append(time.monotonic() - began)
                memory = max(memory, self.memory_mb())
            said: dict[str, Any] = {} if attacker is None else json.loads(attacker.communicate()[0])
        finally:
            if attacker is not None:
                attacker.kill()
                attacker.wait()
        percentiles = statistics.quantiles(waited, n=20)
        p50, outcomes, lived_s = statistics.median(waited), said.get("outcomes", {}), said.get("lived_s")
        return Noticed(p50, percentiles[-1], failed, memory, outcomes, lived_s)

    def _attack(self, name: str, connections: int, seconds: float) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.bench._attacks", name, str(self._port), str(connections), str(seconds)]
        secrets = {"ATTACKER_TOKEN": self._token, "ATTACKED_CASE": "case-none"}
        env = {**os.environ, "PYTHONPATH": str(ROOT), **secrets}
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)


def measure(floods: Floods, names: Sequence[str], connections: int, seconds: float, rounds: int) -> None:
    """Each flood in turn, after a while without."""
    for name in names:
        number = min(connections, FEW.get(name, connections))
        pairs = [
            (floods.flood(None, 0, seconds), floods.flood(name, number, seconds + LONGER_S.get(name, HEADER_S)))
            for _ in range(rounds)
        ]
        p50, p95 = (
            statistics.median(getattr(beside, each) / getattr(alone, each) for alone, beside in pairs)
            for each in ("p50_s", "p95_s")
        )
        alone, beside = pairs[-1]
        _say(
            f"{name}, {number:,} at a time: p50 {p50:.2f} x (alone {alone.p50_s * 1e3:.1f} ms), p95 {p95:.2f} x "
            f"(alone {alone.p95_s * 1e3:.1f} ms), {sum(each.failed for _, each in pairs)} requests failed; backend at "
            f"most {beside.memory_mb} MB (alone {alone.memory_mb} MB); {beside.outcomes}, median life "
            f"{'-' if beside.lived_s is None else f'{beside.lived_s:.1f} s'}"
        )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Starts a stack of its own and prints the figures. Returns 0."""
    parser = argparse.ArgumentParser(prog="scripts/bench floods", description=__doc__)
    parser.add_argument("--connections", type=int, default=MANY, help=f"at a time (default: {MANY:,})")
    parser.add_argument("--seconds", type=float, default=20, help="of each flood (default: 20)")
    parser.add_argument("--rounds", type=int, default=3, help="pairs (default: 3)")
    parser.add_argument("--only", choices=[*ATTACKS], action="append", help="one of the floods; again for more")
    asked = parser.parse_args()
    # All are let in: those beyond the limit would only be told to come later.
    let_in = {"MAX_CONNECTIONS": str(asked.connections + 500)}
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalStack(Path(folder) / "data", "--no-simulator", env=let_in) as stack,
    ):
        measure(Floods(stack), asked.only or [*ATTACKS], asked.connections, asked.seconds, asked.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
