"""The casebook with 100,000 cases against the same casebook with 1,000: same machine, same run, alternating.

    scripts/bench casebook [--database sqlite postgresql] [--cases 100000] [--against 1000] [--rounds 200]
        [--most-alerts 5] [--json FILE]

Every figure is a call of the workspace facade from start to result, in milliseconds; the ratio is of the two p95.
A case has one to `--most-alerts` alerts: by default three, on average.
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
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, insert, text, update

from casebook.database.engine import for_writing, open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.policy.alert_joins import JoinPolicy
from casebook.policy.priority import PRIORITY
from casebook.queries.cursors import OpenedCase
from casebook.queries.filters import CaseQuery
from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.base import Base
from casebook.schema.case_log import CaseEventRow, LogHead
from casebook.schema.cases import AlertRow, CaseRow
from casebook.schema.reviews import ReviewRow
from casebook.schema.rounds import RoundRow
from casebook.schema.workspace import CaseTextRow
from casebook.workspace_api import WorkspaceApi
from contracts.alert import Alert
from contracts.hashing import content_hash
from contracts.severity import Severity
from tests.support.casebooks import CaseBook
from tests.support.postgres import PostgresServer
from tests.unit.casebook.builders import NOON, an_alert, ask

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
NEW = 10_000_000
"""Customers from here on have no case before the measured calls."""
CUSTOMER, OF_CUSTOMER = 7, 20
"""A customer, and how many cases are about it."""

WARMING = 10
"""How many calls do not count."""

Row = dict[str, Any]
Call = Callable[[int], object]
"""What is measured; it hears how often it was called before."""
Preparation = Callable[[CaseBook], Call]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--against", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--most-alerts", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results: list[Row] = []
    for database in arguments.database:
        results += measure(database, (arguments.against, arguments.cases), arguments.rounds, arguments.most_alerts)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def measure(database: str, sizes: tuple[int, int], rounds: int, most_alerts: int) -> list[Row]:
    """Both sizes of one database, by turns."""
    few, many = sizes
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer()) if database == "postgresql" else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="casewright-bench-")))
        workspaces: dict[int, CaseBook] = {}
        for size in (few, many):
            url = f"sqlite:///{folder / f'{size}.db'}" if server is None else server.url(server.create_database())
            engine = open_engine(url)
            stack.callback(engine.dispose)
            started = time.monotonic()
            alerts = fill(engine, size, most_alerts=most_alerts)
            say(f"{database}: {size:,} cases with {alerts:,} alerts in {time.monotonic() - started:.0f} s")
            workspaces[size] = CaseBook(Transactions(engine), joins=JoinPolicy())
        calls = {name: partial(prepare, rounds=rounds) for name, prepare in WRITES.items()} | CALLS
        return [
            report(database, name, many, few, by_turns(prepare, workspaces, rounds)) for name, prepare in calls.items()
        ]


def by_turns(prepare: Preparation, workspaces: dict[int, CaseBook], rounds: int) -> dict[int, list[float]]:
    """Milliseconds of each call, after a few that do not count."""
    taken: dict[int, list[float]] = {size: [] for size in workspaces}
    calls = {size: prepare(workspace) for size, workspace in workspaces.items()}
    for number in range(-WARMING, rounds):
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


def an_alert_of(customer: int, number: int) -> Alert:
    """One of several alerts of a customer."""
    return an_alert(customer).model_copy(update={"alert_id": f"impossible_travel-{number}"})


def opening(customer: int | None) -> Callable[..., Call]:
    """A call that opens a case of this customer, whose others are too old; None: of one who has no other."""

    def prepare(book: CaseBook, rounds: int) -> Call:

        def call(number: int) -> OpenedCase:
            own = NEW + number if customer is None else customer
            # Further apart than alerts of one case may be.
            at = NOON + timedelta(days=7 * (number + WARMING + 1))
            opened = book.open_case(an_alert_of(own, NEW * (own + 1) + number).model_copy(update={"raised_at": at}))
            assert opened.created
            return opened

        return call

    return prepare


def joining_waiting(book: CaseBook, rounds: int) -> Call:
    """A call whose alert joins a case of which a person has been asked something."""
    for number in range(-WARMING, rounds):
        ask(book, book.open_case(an_alert(2 * NEW + number)).case_id)

    def call(number: int) -> OpenedCase:
        joined = book.open_case(an_alert_of(2 * NEW + number, 3 * NEW + number))
        assert joined.overtaken_round == 1
        return joined

    return call


def finding(book: CaseBook, rounds: int) -> Call:
    """A call whose alert is on record."""

    def call(number: int) -> OpenedCase:
        found = book.open_case(an_alert(number % 100 + 1))
        assert (found.created, found.joined) == (False, False)
        return found

    return call


WRITES: dict[str, Callable[..., Call]] = {
    "open a case": opening(None),
    "open a case beside twenty": opening(CUSTOMER),
    "join a case that waits": joining_waiting,
    "find an alert again": finding,
}
"""They hear how many calls are counted."""


def fill(engine: Engine, size: int, *, after: int = 0, states: Sequence[str] = STATES, most_alerts: int = 1) -> int:
    """Adds `size` cases in any of `states` behind event `after`; by default, three in eight of them wait for people.

    Each has up to `most_alerts` alerts. Returns how many all of them have.
    """
    upgrade(engine)
    chance, alerts = random.Random(size), 0
    for start in range(after, after + size, BATCH):
        numbers = range(start + 1, min(start + BATCH, after + size) + 1)
        rows = [row for number in numbers for row in case_rows(number, size, states, most_alerts, chance)]
        alerts += sum(kind.name == AlertRow.__tablename__ for kind, _ in rows)
        with for_writing(engine).begin() as connection:
            for table in Base.metadata.sorted_tables:
                if of_table := [values for kind, values in rows if kind is table]:
                    connection.execute(insert(table), of_table)
    with for_writing(engine).begin() as connection:
        connection.execute(update(LogHead).values(last_seq=(after + size) * most_alerts))
        if engine.dialect.name == "postgresql":
            # What a server does by itself after a minute. SQLite never has statistics: nobody makes them.
            connection.execute(text("ANALYZE"))
    return alerts


def case_rows(
    number: int, size: int, states: Sequence[str], most_alerts: int, chance: random.Random
) -> "Iterator[tuple[Table[Any], Row]]":
    """The rows of one case of `size`. Each may have as many events in the log as it may have alerts."""
    case, at = f"case-impossible_travel-{number}", START + timedelta(minutes=number)
    seq, count = (number - 1) * most_alerts + 1, chance.randint(1, most_alerts) if most_alerts > 1 else 1
    state, severity = chance.choice(states), chance.choice(SEVERITIES)
    is_asked = state in ("awaiting_review", "escalated")
    due = at + timedelta(hours=chance.randrange(4, 72)) if is_asked else None
    others = chance.randrange(CUSTOMER + 1, CUSTOMER + 2 + size // 5)
    customer = CUSTOMER if is_one_of(OF_CUSTOMER, number, size) else others
    alert = an_alert_of(customer, number)
    description = f"Customer {customer} was in {' '.join(chance.sample(PLACES, 3))} on one day."
    description += " needle" if is_one_of(RARE, number, size) else ""
    description += " thimble" if is_one_of(PAGE, number, size) else ""
    yield table(CaseRow), {
        "case_id": case, "alert_id": alert.alert_id, "customer_id": customer, "alert_type": "impossible_travel",
        "severity": severity, "priority": PRIORITY[severity], "description": description, "source": "live",
        "state": state, "phase": state, "round": 1, "specialists": "{}", "risk_score": chance.random(),
        "risk_level": "high", "outcome": "cleared" if state == "closed" else None, "due_at": due,
        "opened_at": at, "updated_at": at, "scheduled_at": at, "opened_seq": seq, "last_seq": seq + count - 1,
        "last_hash": HASH, "alert_count": count, "rule_id": chance.choice(RULES), "recommended_action": "lock_account",
    }  # fmt: skip
    yield from alert_rows(case, alert, seq, count, at)
    yield table(RoundRow), {"case_id": case, "round": 1, "started_at": at}
    yield table(CaseTextRow), {"opened_seq": seq, "body": join_words(words_of(description, alert.alert_id))}
    if is_asked:
        yield table(ReviewRow), {
            "review_id": f"{case}:r1", "case_id": case, "round": 1, "status": "open", "assessment_hash": HASH,
            "opened_at": at, "due_at": due, "required_role": "analyst", "approvals_required": 1,
        }  # fmt: skip


def alert_rows(case: str, first: Alert, seq: int, count: int, at: datetime) -> "Iterator[tuple[Table[Any], Row]]":
    """The alerts of a case, and the events by which they came to it."""
    for number in range(count):
        alert_id = f"{first.alert_id}{f'.{number}' if number else ''}"
        body = first.model_copy(update={"alert_id": alert_id}).model_dump_json()
        yield table(AlertRow), {"alert_id": alert_id, "case_id": case, "recorded_seq": seq + number, "body": body}
        event = "alert_joined" if number else "case_opened"
        yield table(CaseEventRow), {
            "seq": seq + number, "case_id": case, "type": event, "at": at, "actor": "system", "data": "{}",
            "prev_hash": HASH if number else None, "hash": HASH, "dedupe_key": f"{event}:{number}" if number else event,
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
