"""What the change feed and the outbox promise."""

import pytest
from sqlalchemy import Engine, event

from casebook.database.transactions import Transactions
from casebook.errors import CaseNotFound
from casebook.queries.change_feed import LogReader
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    ask,
    open_case,
)


@pytest.fixture
def reader(book: CaseBook) -> LogReader:
    return LogReader(book.transactions)


def test_changes_are_events_with_their_cases_as_of_now(book: CaseBook, reader: LogReader) -> None:
    first, second = open_case(book, 1), open_case(book, 2)
    ask(book, second)
    changes = reader.changes_after(1, 500)
    assert [each.event for each in changes] == book.events_after(1)
    for each in changes:
        assert (each.case, each.progress) == (
            book.summary(each.event.case_id),
            book.get_fraud_case(each.event.case_id).progress,
        )
    assert first not in {each.event.case_id for each in changes}
    assert [each.event.seq for each in reader.changes_after(0, 2)] == [1, 2]
    assert reader.changes_after(reader.last_seq(), 500) == ()


def test_changes_cost_five_statements_however_many_cases(engine: Engine, book: CaseBook, reader: LogReader) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    for number in range(1, 6):
        open_case(book, number)
    event.listen(engine, "before_cursor_execute", note)
    assert len(reader.changes_after(0, 500)) == 5
    assert len(statements) == 5


def test_unknown_case_has_no_status(reader: LogReader) -> None:
    with pytest.raises(CaseNotFound):
        reader.case_state("case-nobody")


def test_detector_shows_what_others_commit_and_nothing_else(engine: Engine, book: CaseBook) -> None:
    detector = LogReader(Transactions(engine)).open_change_detector()
    if engine.dialect.name != "sqlite":
        assert detector is None
        return
    assert detector is not None
    detector.changed()
    assert not detector.changed()
    case = open_case(book)
    assert detector.changed()
    book.get_fraud_case(case)
    assert not detector.changed()
    detector.close()


def test_confirmations_are_one_commit_and_counted_once(engine: Engine, book: CaseBook) -> None:
    cases = [open_case(book, number) for number in (1, 2, 3)]
    opening = ask(book, cases[0])
    book.accept_decision(a_decision(opening), MANAGER)
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)

    book.confirm(scheduled={*cases[:2], "case-nobody"}, delivered={opening.review.review_id})
    assert len(commits) == 1

    assert [book.is_scheduled(case) for case in cases] == [True, True, False]
    assert book.undelivered_decisions() == []
    assert (book.backlog().unscheduled, book.backlog().undelivered) == (1, 0)
    book.confirm(scheduled=cases)
    assert book.unscheduled_cases() == []
    assert book.verify_case_log() is None
