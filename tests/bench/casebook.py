"""The casebook with 100,000 cases against the same casebook with 1,000: same machine, same run, alternating.

    scripts/bench casebook [--database sqlite postgresql] [--cases 100000] [--against 1000] [--rounds 200] [--json FILE]

Every figure is a call of the workspace facade from start to result, in milliseconds; the ratio is of the two p95.
PostgreSQL is a server of its own on loopback that does not force writes to disk; SQLite forces each.

A row of an answer costs the same wherever it was found, so both sizes answer with as many rows as each other: the rare
word is in ten cases of either, another in as many as a page holds, and the customer who is asked for has twenty.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, insert, text, update

from casebook.database.engine import for_writing, open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.policy.priority import PRIORITY
from casebook.queries.filters import CaseQuery
from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.base import Base
from casebook.schema.case_log import CaseEventRow, LogHead
from casebook.schema.cases import AlertRow, CaseRow
from casebook.schema.reviews import ReviewRow
from casebook.schema.rounds import RoundRow
from casebook.schema.workspace import CaseTextRow
from casebook.workspace_api import WorkspaceApi
from contracts.alert import Severity
from contracts.hashing import content_hash
from tests.support.postgres import PostgresServer
from tests.unit.casebook.builders import an_alert

BATCH = 2_000
START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = ("impossible_travel", "login_storm", "data_spike", "card_testing", "odd_charge")
PLACES = ("Oslo", "Lima", "Kyoto", "Accra", "Porto", "Quito", "Turin", "Hanoi")
SEVERITIES: Sequence[Severity] = ("low", "medium", "high", "critical")
STATES = ("closed", "closed", "closed", "awaiting_review", "awaiting_review", "escalated", "investigating", "acting")
HASH = content_hash("bench")

RARE = 10
"""How many cases have the word `needle`, in a casebook of any size."""
PAGE = 50
"""How many cases have the word `thimble`: a page."""
CUSTOMER, OF_CUSTOMER = 7, 20
"""A customer, and how many cases are about it."""

Row = dict[str, Any]
Call = Callable[[int], object]
"""What is measured; it hears how often it was called before."""
Preparation = Callable[[WorkspaceApi], Call]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--against", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results: list[Row] = []
    for database in arguments.database:
        results += measure(database, arguments.cases, arguments.against, arguments.rounds)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def measure(database: str, many: int, few: int, rounds: int) -> list[Row]:
    """Both sizes of one database, by turns."""
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer()) if database == "postgresql" else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casewright-bench-")))
        workspaces: dict[int, WorkspaceApi] = {}
        for size in (few, many):
            url = f"sqlite:///{folder / f'{size}.db'}" if server is None else server.url(server.create_database())
            engine = open_engine(url)
            stack.callback(engine.dispose)
            started = time.monotonic()
            fill(engine, size)
            say(f"{database}: {size:,} cases in {time.monotonic() - started:.0f} s")
            workspaces[size] = WorkspaceApi(Transactions(engine))
        return [
            report(database, name, many, few, by_turns(prepare, workspaces, rounds)) for name, prepare in CALLS.items()
        ]


def by_turns(prepare: Preparation, workspaces: dict[int, WorkspaceApi], rounds: int) -> dict[int, list[float]]:
    """Milliseconds of each call, after a few that do not count."""
    taken: dict[int, list[float]] = {size: [] for size in workspaces}
    calls = {size: prepare(workspace) for size, workspace in workspaces.items()}
    for number in range(-10, rounds):
        for size, call in calls.items():
            started = time.perf_counter()
            call(number)
            if number >= 0:
                taken[size].append((time.perf_counter() - started) * 1_000)
    return taken


def report(database: str, name: str, many: int, few: int, taken: dict[int, list[float]]) -> Row:
    """One line of the table."""
    row: Row = {"database": database, "call": name}
    for size in (few, many):
        row[f"p50_{size}"] = statistics.median(taken[size])
        row[f"p95_{size}"] = statistics.quantiles(taken[size], n=20)[-1]
    row["ratio"] = row[f"p95_{many}"] / row[f"p95_{few}"]
    say(
        f"{database:<11}{name:<34}{few:>9,}: p50 {row[f'p50_{few}']:6.1f} p95 {row[f'p95_{few}']:6.1f}"
        f"  {many:>9,}: p50 {row[f'p50_{many}']:6.1f} p95 {row[f'p95_{many}']:6.1f}  ratio {row['ratio']:5.2f}"
    )
    return row


def listing(**query: Any) -> Preparation:
    """A call that asks for the first page of a query."""
    asked = CaseQuery.model_validate(query)
    return lambda workspace: lambda _: workspace.list_cases(asked, "ana")


def later_page(pages: int, **query: Any) -> Preparation:
    """A call that asks for the page of a query that follows the first `pages`."""
    asked = CaseQuery.model_validate(query)

    def prepare(workspace: WorkspaceApi) -> Call:
        cursor: str | None = None
        for _ in range(pages):
            cursor = workspace.list_cases(asked, "ana", cursor=cursor).next_cursor
        if cursor is None:
            raise ValueError(f"There is no page after the first {pages}: ask for more cases.")
        return lambda _: workspace.list_cases(asked, "ana", cursor=cursor)

    return prepare


CALLS: dict[str, Preparation] = {
    "list newest": listing(),
    "list queue by deadline": listing(state=("awaiting_review", "escalated"), sort="due"),
    "list queue, fourth page": later_page(3, state=("awaiting_review", "escalated"), sort="due"),
    "list by score": listing(sort="-score"),
    "list closed by last change": listing(state=("closed",), sort="-updated"),
    "list one rule, severe": listing(rule="login_storm", severity="critical"),
    "list one customer by deadline": listing(customer_id=CUSTOMER, sort="due"),
    "list unclaimed by deadline": listing(state=("awaiting_review",), assignee="none", sort="due"),
    "list overdue": listing(overdue=True, sort="due"),
    "search a rare word": listing(q="needle"),
    "search a rare word, by deadline": listing(q="needle", sort="due"),
    "search a word of one page": listing(q="thimble"),
    "search a common word": listing(q="customer"),
    "search a common word, fourth page": later_page(3, q="customer"),
    "search two words by deadline": listing(q="oslo lima", sort="due"),
    "search the queue by deadline": listing(q="oslo", state=("awaiting_review", "escalated"), sort="due"),
    "search a beginning, by score": listing(q="accr", sort="-score"),
    "next": lambda workspace: lambda number: workspace.next_case(f"person-{number}", as_manager=True),
    "note": lambda workspace: lambda number: workspace.add_note("case-impossible_travel-1", "ana", f"Note {number}."),
}


def fill(engine: Engine, size: int, *, after: int = 0, states: Sequence[str] = STATES) -> None:
    """Adds `size` cases in any of `states` behind event `after`; by default, three in eight of them wait for people."""
    upgrade(engine)
    chance = random.Random(size)
    for start in range(after, after + size, BATCH):
        numbers = range(start + 1, min(start + BATCH, after + size) + 1)
        rows = [row for number in numbers for row in case_rows(number, size, states, chance)]
        with for_writing(engine).begin() as connection:
            for table in Base.metadata.sorted_tables:
                if of_table := [values for kind, values in rows if kind is table]:
                    connection.execute(insert(table), of_table)
    with for_writing(engine).begin() as connection:
        connection.execute(update(LogHead).values(last_seq=after + size))
        if engine.dialect.name == "postgresql":
            # What a server does by itself after a minute. SQLite never has statistics: nobody makes them.
            connection.execute(text("ANALYZE"))


def case_rows(
    number: int, size: int, states: Sequence[str], chance: random.Random
) -> "Iterator[tuple[Table[Any], Row]]":
    """The rows of one case of `size`."""
    alert = an_alert(number)
    case, at = f"case-{alert.alert_id}", START + timedelta(minutes=number)
    state, severity = chance.choice(states), chance.choice(SEVERITIES)
    is_asked = state in ("awaiting_review", "escalated")
    due = at + timedelta(hours=chance.randrange(4, 72)) if is_asked else None
    others = chance.randrange(CUSTOMER + 1, CUSTOMER + 2 + size // 5)
    customer = CUSTOMER if is_one_of(OF_CUSTOMER, number, size) else others
    description = f"Customer {customer} was in {' '.join(chance.sample(PLACES, 3))} on one day."
    description += " needle" if is_one_of(RARE, number, size) else ""
    description += " thimble" if is_one_of(PAGE, number, size) else ""
    yield table(CaseRow), {
        "case_id": case, "alert_id": alert.alert_id, "customer_id": customer, "alert_type": "impossible_travel",
        "severity": severity, "priority": PRIORITY[severity], "description": description, "source": "live",
        "state": state, "phase": state, "round": 1, "specialists": "{}", "risk_score": chance.random(),
        "risk_level": "high", "outcome": "cleared" if state == "closed" else None, "due_at": due,
        "opened_at": at, "updated_at": at, "scheduled_at": at, "opened_seq": number, "last_seq": number,
        "last_hash": HASH, "rule_id": chance.choice(RULES), "recommended_action": "lock_account",
    }  # fmt: skip
    yield table(AlertRow), {
        "alert_id": alert.alert_id, "case_id": case, "recorded_seq": number, "body": alert.model_dump_json()
    }  # fmt: skip
    yield table(RoundRow), {"case_id": case, "round": 1, "started_at": at}
    yield table(CaseTextRow), {"opened_seq": number, "body": join_words(words_of(description, alert.alert_id))}
    yield table(CaseEventRow), {
        "seq": number, "case_id": case, "type": "case_opened", "at": at, "actor": "system", "data": "{}",
        "prev_hash": None, "hash": HASH, "dedupe_key": "case_opened",
    }  # fmt: skip
    if is_asked:
        yield table(ReviewRow), {
            "review_id": f"{case}:r1", "case_id": case, "round": 1, "status": "open", "assessment_hash": HASH,
            "opened_at": at, "due_at": due, "required_role": "analyst", "approvals_required": 1,
        }  # fmt: skip


def is_one_of(chosen: int, number: int, size: int) -> bool:
    """Whether a case is one of so many that are spread evenly over all."""
    return number * chosen // size > (number - 1) * chosen // size


def table(row: type[Base]) -> "Table[Any]":
    """The table of a class of rows."""
    return Base.metadata.tables[row.__tablename__]


def say(line: str) -> None:
    """Prints at once: a run takes minutes."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
