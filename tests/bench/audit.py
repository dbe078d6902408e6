"""How long `scripts/verify-case-log` takes for a casebook, and how much memory, against a smaller one in the same run.

    scripts/bench audit [--events 100000] [--against 10000]

Every case is opened, investigated, decided, acted on and closed through the casebook's facades, with a note; writing
them takes longer than verifying them, although nothing here is forced to disk.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.workspace_api import WorkspaceApi
from tests.support.casebooks import CaseBook
from tests.support.stack import ROOT
from tests.unit.casebook.builders import NOON, a_decision, an_alert, an_effect, ask, closing


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    said: str
    wall_s: float
    cpu_s: float
    memory_mb: float
    """At its most."""


def main() -> None:
    """Fills, verifies and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--against", type=int, default=10_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="casewright-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'casebook.db'}"
        for events in (asked.against, asked.events):
            started = time.process_time()
            written = fill(url, events)
            each_ms = (time.process_time() - started) / max(1, written) * 1_000
            cost = verify(url)
            say(cost.said)
            say(f"  {written} cases written, {each_ms:.1f} ms of a processor each")
            say(f"  {cost.wall_s:.1f} s, {cost.cpu_s:.1f} s of a processor, {cost.memory_mb:.0f} MB at its most")


def fill(url: str, events: int) -> int:
    """Adds closed cases until the log has `events` events. Returns how many it wrote."""
    engine = open_engine(url)
    event.listen(engine, "connect", never_wait_for_the_disk)
    upgrade(engine)
    transactions = Transactions(engine, lambda: NOON)
    book, workspace = CaseBook(transactions), WorkspaceApi(transactions)
    number = before = sum(book.count_states().values())
    while book.last_seq() < events:
        number += 1
        write_case(book, workspace, number)
    engine.dispose()
    return number - before


def never_wait_for_the_disk(connection: Any, _record: Any) -> None:
    """What is written here is gone after the run."""
    connection.execute("PRAGMA synchronous = OFF")


def write_case(book: CaseBook, workspace: WorkspaceApi, number: int) -> None:
    """One case from its alert to its end."""
    case = book.open_case(an_alert(number)).case_id
    opening = ask(book, case)
    workspace.add_note(case, "ana", "Rang the customer: it was not them.")
    book.accept_decision(a_decision(opening), ("analyst",))
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    book.close_case(closing(case))


def verify(url: str) -> Cost:
    """Runs the verifier as a process of its own. Raises RuntimeError unless it finds everything as it should be."""
    command: Sequence[str] = (sys.executable, "-m", "scripts.verify_case_log", "--casebook", url)
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read().strip()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"The verifier ended with {process.returncode}: {said}")
    return Cost(said, time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1_000)


def say(line: str) -> None:
    """Prints at once: a run takes minutes."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
