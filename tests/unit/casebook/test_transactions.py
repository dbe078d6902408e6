"""What transactions promise beside all or nothing."""

import pytest
from sqlalchemy import Connection, Engine

from casebook.database.group_commit import MAX_MEMBERS
from casebook.database.transactions import Transactions
from casebook.errors import CasebookTooSlow, CaseNotFound
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import open_case


def test_hook_is_called_when_a_write_is_on_disk(engine: Engine, book: CaseBook) -> None:
    other = CaseBook(Transactions(engine))
    seen: list[int] = []
    with book.transactions.on_commit(lambda: seen.append(other.last_seq())):
        open_case(book, 1)
        open_case(book, 2)
        book.summary(open_case(other, 3))
        with pytest.raises(CaseNotFound):
            book.withdraw_proposal("case-nobody", "ana")
    assert seen == [1, 2]
    open_case(book, 4)
    assert seen == [1, 2]


def test_hook_that_fails_hides_no_write(book: CaseBook, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("Event loop is closed")

    with book.transactions.on_commit(fail):
        case = open_case(book)
    assert book.get_fraud_case(case).state == "investigating"
    assert [record.message for record in caplog.records] == ["A hook failed after a commit."]


def test_writers_that_share_a_commit_may_be_many(book: CaseBook, engine: Engine):
    assert book.transactions.callers_at_once == (MAX_MEMBERS if engine.dialect.name == "sqlite" else 8)


def count_up(connection: Connection, last: int) -> int:
    """Takes the database as long as it takes to count, and never returns to us in between."""
    counting = f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {last}) SELECT max(x) FROM n"
    return connection.exec_driver_sql(counting).scalar_one()


SLOW = 1_000_000_000


def test_read_that_takes_too_long_is_ended(engine: Engine) -> None:
    limited = Transactions(engine, read_limit_s=0.1)
    with pytest.raises(CasebookTooSlow) as slow, limited.read() as connection:
        count_up(connection, SLOW)
    assert (slow.value.id, slow.value.status) == ("casebook-too-slow", 503)
    assert slow.value.public == "The casebook took too long for this, and was stopped: ask for less, or try again."


def test_limit_ends_with_the_read(engine: Engine) -> None:
    limited, other = Transactions(engine, read_limit_s=0.001), Transactions(engine)
    with pytest.raises(CasebookTooSlow), limited.read() as connection:
        count_up(connection, SLOW)
    for opened in (limited.write, other.read):
        with opened() as connection:
            assert count_up(connection, 300_000) == 300_000
    assert limited.health.fault is None
