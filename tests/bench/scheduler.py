"""The local scheduler against the SDK's in-memory backend: same worker, same client, same run, alternating.

    python tests/bench/scheduler.py [--only chains events …] [--rounds N] [--quick] [--json FILE]

Every figure is printed for both and as a ratio; above 1 the scheduler is better. The in-memory backend keeps nothing:
the scheduler writes and forces to disk all it answers (`--durability normal` leaves out the forcing).
"""

import argparse
import json
import logging
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from durabletask import entities
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.client import OrchestrationQuery, OrchestrationStatus

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = Path(__file__).with_name("_scheduler_processes.py")
ENDED = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Backend:
    """A running backend with a worker and a client."""

    def __init__(self, kind: str, durability: str, stored: int = 0) -> None:
        self.kind = kind
        self.folder = Path(tempfile.mkdtemp(prefix="scheduler-bench-"))
        port = free_port()
        endpoint = f"127.0.0.1:{port}"
        if kind == "scheduler":
            if stored:
                fill = [sys.executable, str(PROCESSES), "fill", "--data", str(self.folder), "--stored", str(stored)]
                subprocess.run(fill, check=True)
            command = [sys.executable, "-m", "local.scheduler", "--port", str(port), "--data", str(self.folder)]
            command += ["--durability", durability]
        else:
            command = [sys.executable, str(PROCESSES), "peer", "--port", str(port), "--stored", str(stored)]
        self.server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._await_port(port)
        self.worker = subprocess.Popen(
            [sys.executable, str(PROCESSES), "worker", "--endpoint", endpoint], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert self.worker.stdout is not None
        self.worker.stdout.readline()
        quiet = logging.getLogger("bench")
        quiet.setLevel(logging.ERROR)
        self.client = DurableTaskSchedulerClient(
            host_address=endpoint, taskhub="default", token_credential=None, secure_channel=False, logger=quiet
        )

    def _await_port(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError(f"The {self.kind} backend did not open its port.")

    def memory(self) -> int:
        """Resident bytes of the backend."""
        text = Path(f"/proc/{self.server.pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu(self) -> float:
        """Processor seconds the backend has used."""
        fields = Path(f"/proc/{self.server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self.client.close()
        for process in (self.worker, self.server):
            process.send_signal(signal.SIGTERM if process is self.worker else signal.SIGKILL)
        for process in (self.worker, self.server):
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def backend(kind: str, durability: str, stored: int = 0) -> Generator[Backend]:
    running = Backend(kind, durability, stored)
    try:
        yield running
    finally:
        running.close()


def await_all(client: DurableTaskSchedulerClient, ids: list[str]) -> None:
    """Asks for one after the other: the in-memory backend cannot bear many waiting calls.

    The last started first, and not too often: asking costs both backends as much as the work that is measured.
    """
    for instance_id in reversed(ids):
        while True:
            state = client.get_orchestration_state(instance_id, fetch_payloads=False)
            if state is not None and state.runtime_status in ENDED:
                break
            time.sleep(0.05)


def chains(running: Backend, count: int) -> dict[str, float]:
    """Three-step chains per second, all started at once; processor milliseconds of the backend per chain."""
    client = running.client
    await_all(client, [client.schedule_new_orchestration("chain", input=1) for _ in range(20)])
    cpu, begin = running.cpu(), time.perf_counter()
    await_all(client, [client.schedule_new_orchestration("chain", input=1) for _ in range(count)])
    seconds = time.perf_counter() - begin
    return {f"chains_{count}_per_s": count / seconds, f"chain_{count}_cpu_ms": (running.cpu() - cpu) / count * 1000}


def fan(running: Backend, count: int) -> dict[str, float]:
    """Activities per second when `count` orchestrations fan out to 100 each; processor milliseconds per activity."""
    client = running.client
    await_all(client, [client.schedule_new_orchestration("fan_out", input=10)])
    cpu, begin = running.cpu(), time.perf_counter()
    await_all(client, [client.schedule_new_orchestration("fan_out", input=100) for _ in range(count)])
    seconds, spent = time.perf_counter() - begin, running.cpu() - cpu
    return {"fan_out_activities_per_s": count * 100 / seconds, "fan_out_cpu_ms": spent / count * 10}


def events(running: Backend, waiting: int) -> dict[str, float]:
    """Milliseconds from raising an event to the client knowing that the orchestration is done."""
    client = running.client
    ids = [client.schedule_new_orchestration("wait_for_go", instance_id=f"w{n}-{uuid4().hex}") for n in range(waiting)]
    for instance_id in ids:
        client.wait_for_orchestration_start(instance_id, timeout=120)
    time.sleep(1.0)
    taken: list[float] = []
    for instance_id in ids[:: max(1, waiting // 300)]:
        begin = time.perf_counter()
        client.raise_orchestration_event(instance_id, "go", data=1)
        client.wait_for_orchestration_completion(instance_id, timeout=30)
        taken.append((time.perf_counter() - begin) * 1000)
    taken.sort()
    return {"event_p50_ms": taken[len(taken) // 2], "event_p95_ms": taken[int(len(taken) * 0.95)]}


def signals(running: Backend, count: int) -> dict[str, float]:
    """Entity signals per second over 20 entities, sent one after the other, until all are in the states."""
    client = running.client
    ids = [entities.EntityInstanceId("counter", f"{uuid4().hex}") for _ in range(20)]
    cpu, begin = running.cpu(), time.perf_counter()
    for n in range(count):
        client.signal_entity(ids[n % 20], "add", 1)
    for entity_id in ids:
        while True:
            found = client.get_entity(entity_id)
            if found is not None and found.get_state(int) == count // 20:
                break
            time.sleep(0.005)
    seconds, spent = time.perf_counter() - begin, running.cpu() - cpu
    return {"signals_per_s": count / seconds, "signal_cpu_ms": spent / count * 1000}


def query_page(running: Backend, stored: int) -> dict[str, float]:
    """Milliseconds for the first page of 100 completed instances."""
    stub = running.client._stub  # pyright: ignore[reportPrivateUsage] -- the client only offers all pages at once
    from durabletask.internal.client_helpers import (  # pyright: ignore[reportMissingTypeStubs]
        build_query_instances_req,
    )

    query = OrchestrationQuery(runtime_status=[OrchestrationStatus.COMPLETED], max_instance_count=100)
    taken: list[float] = []
    for _ in range(30):
        begin = time.perf_counter()
        page = stub.QueryInstances(build_query_instances_req(query, None))
        taken.append((time.perf_counter() - begin) * 1000)
        assert len(page.orchestrationState) == 100
    return {f"query_page_at_{stored}_ms": statistics.median(taken)}


def memory(running: Backend, count: int) -> dict[str, float]:
    """Bytes of memory that each finished instance leaves behind, once the scheduler's page cache (4 MiB) is full."""
    client = running.client
    await_all(client, [client.schedule_new_orchestration("instant", input=1) for _ in range(count)])
    before = running.memory()
    await_all(client, [client.schedule_new_orchestration("instant", input=1) for _ in range(count)])
    return {"bytes_per_finished_instance": max(0.0, (running.memory() - before) / count)}


def compare(measure: Callable[[Backend], dict[str, float]], options: argparse.Namespace, stored: int = 0) -> None:
    """Runs a measurement on both, alternating, and prints the medians."""
    found: dict[str, dict[str, list[float]]] = {"in-memory": {}, "scheduler": {}}
    for number in range(options.rounds):
        order = ("in-memory", "scheduler") if number % 2 == 0 else ("scheduler", "in-memory")
        for kind in order:
            with backend(kind, options.durability, stored) as running:
                for name, value in measure(running).items():
                    found[kind].setdefault(name, []).append(value)
    for name, values in found["scheduler"].items():
        ours, theirs = statistics.median(values), statistics.median(found["in-memory"][name])
        better = ours / theirs if name.endswith("per_s") else theirs / ours if ours else float("inf")
        options.results[name] = {"scheduler": ours, "in_memory": theirs, "ratio": better, "runs": values}
        print(f"{name:32} in-memory {theirs:10.2f}   scheduler {ours:10.2f}   ratio {better:6.2f}", flush=True)  # noqa: T201


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("chains", "fan", "events", "signals", "queries", "memory")
    parser.add_argument("--only", nargs="*", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--durability", choices=("full", "normal"), default="full")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args(argv)
    results: dict[str, Any] = {}
    options.results = results
    small = options.quick
    if "chains" in options.only:
        for count in (200,) if small else (200, 2000):
            compare(lambda running, count=count: chains(running, count), options)
    if "fan" in options.only:
        compare(lambda running: fan(running, 3 if small else 30), options)
    if "events" in options.only:
        compare(lambda running: events(running, 200 if small else 2000), options)
    if "signals" in options.only:
        compare(lambda running: signals(running, 400 if small else 2000), options)
    if "queries" in options.only:
        for stored in (1000,) if small else (1000, 20_000, 100_000):
            compare(lambda running, stored=stored: query_page(running, stored), options, stored)
    if "memory" in options.only:
        compare(lambda running: memory(running, 200 if small else 8000), options)
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
