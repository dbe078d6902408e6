"""What the doors of the backend's live feed and outbox promise."""

import pytest
from sqlalchemy import Engine, event

from casebook.database.transactions import Transactions
from casebook.errors import CaseNotFound
from casebook.queries.change_feed import Following
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import MANAGER, a_decision, ask, open_case


@pytest.fixture
def following(book: CaseBook) -> Following:
    return Following(book.transactions)


def test_news_are_the_events_with_their_cases_as_they_stand(book: CaseBook, following: Following) -> None:
    first, second = open_case(book, 1), open_case(book, 2)
    ask(book, second)
    news = following.news_after(1, 500)
    assert [each.event for each in news] == book.events_after(1)
    for each in news:
        assert (each.case, each.progress) == (
            book.summary(each.event.case_id),
            book.get_case(each.event.case_id).progress,
        )
    assert first not in {each.event.case_id for each in news}
    assert [each.event.seq for each in following.news_after(0, 2)] == [1, 2]
    assert following.news_after(following.last_seq(), 500) == ()


def test_news_cost_the_same_statements_however_many_cases_they_are_about(
    engine: Engine, book: CaseBook, following: Following
) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    for number in range(1, 6):
        open_case(book, number)
    event.listen(engine, "before_cursor_execute", note)
    assert len(following.news_after(0, 500)) == 5
    assert len(statements) == 5


def test_how_an_unknown_case_stands_is_not_made_up(following: Following) -> None:
    with pytest.raises(CaseNotFound):
        following.standing("case-nobody")


def test_the_sign_shows_what_another_writes_and_nothing_else(engine: Engine, book: CaseBook) -> None:
    sign = Following(Transactions(engine)).open_sign()
    if engine.dialect.name != "sqlite":
        assert sign is None
        return
    assert sign is not None
    sign.changed()
    assert not sign.changed()
    case = open_case(book)
    assert sign.changed()
    book.get_case(case)
    assert not sign.changed()
    sign.close()


def test_what_the_scheduler_was_told_is_confirmed_once_and_together(engine: Engine, book: CaseBook) -> None:
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
