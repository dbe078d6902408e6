"""Writers of one process that come together wait for the disk together, and for nothing else of each other."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Barrier, Event

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import IntegrityError

from casebook.database.transactions import Transactions
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import an_alert

WRITERS = 12


@pytest.fixture
def database() -> str:
    """Only SQLite has one writer."""
    return "sqlite"


def opening(book: CaseBook, number: int) -> Callable[[], None]:
    def open_case() -> None:
        book.open_case(an_alert(number))

    return open_case


def commits_of(engine: Engine) -> list[int]:
    made: list[int] = []

    def count(_: Connection) -> None:
        made.append(1)

    event.listen(engine, "commit", count)
    return made


def while_one_writes(transactions: Transactions, others: Callable[[ThreadPoolExecutor], list[Future[None]]]) -> None:
    """Holds a transaction open until all others queue for theirs, and waits for all of them."""
    holds, queued = Event(), Event()

    def hold() -> None:
        with transactions.write():
            holds.set()
            assert queued.wait(60)

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        first = pool.submit(hold)
        assert holds.wait(60)
        waiting = others(pool)
        while transactions.queued_writers < len(waiting) and not wait(waiting, timeout=0.005).done:
            continue
        queued.set()
        wait([first, *waiting])
        first.result()


def test_writers_that_queue_share_one_commit(engine: Engine) -> None:
    transactions = Transactions(engine)
    book = CaseBook(transactions)
    made = commits_of(engine)

    def open_cases(pool: ThreadPoolExecutor) -> list[Future[None]]:
        return [pool.submit(opening(book, number)) for number in range(1, WRITERS + 1)]

    while_one_writes(transactions, open_cases)

    assert len(made) == 1
    assert [each.seq for each in book.events_after(0)] == list(range(1, WRITERS + 1))


def test_failing_writer_leaves_the_others_unchanged(engine: Engine) -> None:
    transactions = Transactions(engine)
    book = CaseBook(transactions)
    failed: list[BaseException | None] = []

    def fail() -> None:
        with transactions.write() as connection:
            connection.execute(text("UPDATE log_head SET last_seq = 1000"))
            raise RuntimeError("changed my mind")

    def together(pool: ThreadPoolExecutor) -> list[Future[None]]:
        futures = [pool.submit(fail)]
        futures += [pool.submit(opening(book, number)) for number in (1, 2, 3)]
        futures[0].add_done_callback(lambda done: failed.append(done.exception()))
        return futures

    while_one_writes(transactions, together)

    assert isinstance(failed[0], RuntimeError)
    assert [each.seq for each in book.events_after(0)] == [1, 2, 3]


def test_failed_commit_fails_for_everyone_in_it(engine: Engine) -> None:
    transactions = Transactions(engine)
    book = CaseBook(transactions)
    futures: list[Future[None]] = []

    def orphan(connection: Connection) -> None:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(
            text(
                "INSERT INTO evidence (case_id, evidence_id, round, specialist, body) "
                "VALUES ('case-nobody', 'e', 1, 'usage', '{}')"
            )
        )

    def write_orphan() -> None:
        with transactions.write() as connection:
            orphan(connection)

    def together(pool: ThreadPoolExecutor) -> list[Future[None]]:
        futures.append(pool.submit(write_orphan))
        futures.append(pool.submit(opening(book, 1)))
        return futures

    with pytest.raises(IntegrityError):  # the writer that kept the transaction open shares it as well
        while_one_writes(transactions, together)

    assert all(isinstance(future.exception(), IntegrityError) for future in futures)
    assert book.events_after(0) == []
    book.open_case(an_alert(2))
    assert [each.seq for each in book.events_after(0)] == [1]


def test_writers_return_only_after_the_commit(engine: Engine) -> None:
    transactions = Transactions(engine)
    told_early: list[str] = []
    book = CaseBook(transactions)
    start = Barrier(WRITERS)

    def open_and_read(number: int) -> None:
        start.wait(60)
        opened = book.open_case(an_alert(number))
        with Transactions(engine).read() as connection:
            found = connection.execute(text('SELECT 1 FROM "case" WHERE case_id = :id'), {"id": opened.case_id}).first()
        if found is None:
            told_early.append(opened.case_id)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(open_and_read, range(1, WRITERS + 1)))
    assert told_early == []
