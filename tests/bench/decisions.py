"""How long a decision takes to come true while nobody waits, and while thousands of cases wait for theirs.

    scripts/bench decisions [--waiting 10000] [--decisions 50]

Two stacks follow one another on the same data, each with its real scheduler, worker, tool server and backend. In both,
accounts of fresh cases are locked one after the other; before the second, the waiting cases are written into the
casebook, and into the scheduler as copies of an orchestration that really waits: to investigate 10,000 takes an hour.
Milliseconds from the decision's entry in the log to the effect's, and from the request to `closed` on the WebSocket.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from contracts.case import CaseEvent
from local.parts import PartName
from local.scheduler.engine import Engine, Options
from local.scheduler.operations.context import OperationContext
from local.scheduler.store.rows import Instance
from tests.bench.casebook import fill
from tests.bench.investigations import Bench
from tests.support.casebooks import CaseBook
from tests.support.stack import LocalStack

BATCH = 500
QUIET_S = 1.0
BUSY_SHARE = 0.1
"""A process that takes less of a processor than this is at rest."""
PATIENCE_S = 900.0
REST_S = 15.0
"""For so long a stack with nothing to do is watched: three sweeps of the relay."""
FOR_EVER = 2**62
"""Microseconds since 1970: later than any timer."""


@dataclass(frozen=True)
class Figures:
    """What one stack did, in milliseconds."""

    waiting: int
    effect: Sequence[float]
    """From `decision_accepted` to `effect_finished`, by the log."""
    closed: Sequence[float]
    """From the request to `closed` on the WebSocket."""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiting", type=int, default=10_000, help="cases that wait (default: 10000)")
    parser.add_argument("--decisions", type=int, default=50, help="accounts locked on each stack (default: 50)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="casewright-bench-") as folder:
        data = Path(folder) / "data"
        with running(data) as (stack, casebook):
            bench = Bench(stack, casebook)
            fresh = bench.investigate("alone", asked.decisions + 1, 0.0).cases
            chosen = bench.lockable(fresh, asked.decisions)
            (model,) = {*fresh} - {*chosen}
            alone = measure(stack, bench, casebook, chosen, 0)
            locked = customers_of(casebook, chosen)
        add_waiting(data, asked.waiting, model)
        with running(data) as (stack, casebook):
            await_rest(stack, "backend")
            bench = Bench(stack, casebook)
            fresh = bench.investigate("among-many", 2 * asked.decisions + 1, 0.0).cases
            others = [case for case in fresh if not customers_of(casebook, [case]) & locked]
            among = measure(stack, bench, casebook, bench.lockable(others, asked.decisions), asked.waiting)
    for what in ("effect", "closed"):
        say(f"{what}: p95 {ratio(among, alone, what):.2f} times that with nobody waiting")


@contextmanager
def running(data: Path) -> Generator[tuple[LocalStack, CaseBook]]:
    """A stack on `data`, and its casebook."""
    started = time.monotonic()
    with LocalStack(data, "--no-simulator") as stack:
        say(f"ready in {time.monotonic() - started:.1f} s")
        engine = open_engine(f"sqlite:///{data / 'casebook.db'}")
        yield stack, CaseBook(Transactions(engine))
        engine.dispose()


def measure(stack: LocalStack, bench: Bench, casebook: CaseBook, cases: Sequence[str], waiting: int) -> Figures:
    """Locks the account of each of `cases`."""
    bench.decide(cases[:2], "lock_account")
    closed = [seconds * 1_000 for seconds in bench.decide(cases[2:], "lock_account")]
    figures = Figures(waiting, [effect_ms(casebook, case) for case in cases[2:]], closed)
    say(f"{waiting:,} waiting, {len(closed)} accounts locked")
    for what, times in (("accepted -> effect done", figures.effect), ("request -> closed", figures.closed)):
        say(f"  {what:<24} p50 {statistics.median(times):6.1f} ms  p95 {p95(times):6.1f} ms")
    parts: tuple[PartName, ...] = ("backend", "scheduler", "worker")
    before = {part: cpu_s(stack, part) for part in parts}
    time.sleep(REST_S)
    at_rest = (f"{part} {(cpu_s(stack, part) - before[part]) / REST_S:.1%}" for part in parts)
    say(f"  at rest, of a processor: {', '.join(at_rest)}")
    return figures


def effect_ms(casebook: CaseBook, case: str) -> float:
    """Between what the log says of the decision and of its effect."""
    at = {event.type: event.at for event in casebook.case_events(case)}
    return (at["effect_finished"] - at["decision_accepted"]).total_seconds() * 1_000


def customers_of(casebook: CaseBook, cases: Sequence[str]) -> set[int]:
    """The customers of some cases."""
    return {casebook.get_fraud_case(case).alert.customer_id for case in cases}


def add_waiting(data: Path, waiting: int, model: str) -> None:
    """Writes `waiting` cases behind those that exist. No part of the stack may be running."""
    started = time.monotonic()
    engine = open_engine(f"sqlite:///{data / 'casebook.db'}")
    casebook = CaseBook(Transactions(engine))
    after = casebook.last_seq()
    fill(engine, waiting, after=after, states=("awaiting_review",))
    names = [event.case_id for event in all_events(casebook, after)]
    engine.dispose()
    asyncio.run(copy_orchestration(data / "scheduler", model, names))
    say(f"{len(names):,} waiting cases written in {time.monotonic() - started:.0f} s")


def all_events(casebook: CaseBook, after: int) -> Iterator[CaseEvent]:
    """The log behind `after`."""
    while events := casebook.events_after(after):
        yield from events
        after = events[-1].seq


async def copy_orchestration(folder: Path, model: str, names: Sequence[str]) -> None:
    """Adds orchestrations that wait for what that of case `model` waits for, each with its history and its timers."""
    engine = Engine(Options(folder, durable=False))
    try:
        for start in range(0, len(names), BATCH):
            await engine.perform(lambda context, start=start: copy_to(context, model, names[start : start + BATCH]))
    finally:
        await engine.stop()


def copy_to(context: OperationContext, model: str, names: Sequence[str]) -> None:
    """One batch of copies."""
    store = context.store
    original = next(row for hub in store.hubs().values() if (row := store.find_instance(hub, model)) is not None)
    if [child for child in store.children(original.key) if not child.ended] or store.has_inbox(original.key):
        raise RuntimeError(f"{model} does not wait for a person.")
    given, history = store.payload(original.key).input, store.history(original.key)
    timers = [due for due in store.due(FOR_EVER, 2**31) if due.target == original.key]
    for name in names:
        copy: Instance = original._replace(key=store.next_key(), id=name, execution_id=uuid4().hex)
        store.insert_instance(copy, given)
        store.append_history(copy.key, history)
        for timer in timers:
            store.add_due(timer._replace(key=store.next_key(), target=copy.key))


def await_rest(stack: LocalStack, part: PartName) -> None:
    """Returns once a part has nothing left to do: a backend that starts looks at every open case."""
    started, used = time.monotonic(), cpu_s(stack, part)
    while True:
        before = cpu_s(stack, part)
        time.sleep(QUIET_S)
        if cpu_s(stack, part) - before < BUSY_SHARE * QUIET_S:
            break
        if time.monotonic() - started > PATIENCE_S:
            raise TimeoutError(f"The {part} does not come to rest.")
    took, used = time.monotonic() - started - QUIET_S, cpu_s(stack, part) - used
    say(f"the {part} had looked at every open case after {took:.0f} s ({used:.1f} s of a processor)")


def cpu_s(stack: LocalStack, part: PartName) -> float:
    """Processor time of a part so far, user and system."""
    fields = Path(f"/proc/{stack.pid(part)}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ratio(some: Figures, others: Figures, what: str) -> float:
    """Of two p95."""
    return p95(getattr(some, what)) / p95(getattr(others, what))


def p95(times: Sequence[float]) -> float:
    """What 95 of 100 stay below."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def say(line: str) -> None:
    """Prints at once: a run takes minutes."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
