"""What transactions promise beside all or nothing."""

import pytest
from sqlalchemy import Engine

from casebook.database.group_commit import MAX_MEMBERS
from casebook.database.transactions import Transactions
from casebook.errors import CaseNotFound
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
