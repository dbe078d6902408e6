"""Exports of many cases: each once, a page at a time, at the cost of a page."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from casebook.errors import CaseNotFound
from casebook.queries.case_export import ExportPosition
from casebook.queries.filters import CaseQuery
from casebook.workspace_api import WorkspaceApi
from contracts.case import CaseSummary
from tests.bench.casebook import fill as fill_to
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import ask, open_case

EVERYTHING = CaseQuery()


def pages(
    workspace: WorkspaceApi, query: CaseQuery = EVERYTHING, *, after: str | None = None, limit: int = 2
) -> Iterator[list[str]]:
    position: ExportPosition | None = workspace.begin_export(after)
    while position is not None:
        page = workspace.export_page(query, "ana", position, limit=limit)
        yield [case.case_id for case in page.items]
        position = page.next


def exported(workspace: WorkspaceApi, query: CaseQuery = EVERYTHING, **more: Any) -> list[str]:
    return [case for page in pages(workspace, query, **more) for case in page]


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 500])
@pytest.mark.parametrize("sort", ["-opened", "due", "-score"])
def test_export_holds_each_case_once_oldest_first(book: CaseBook, limit: int, sort: Any) -> None:
    cases = [open_case(book, number) for number in range(1, 6)]
    assert exported(book, CaseQuery(sort=sort), limit=limit) == cases


def test_export_has_the_filters_of_the_list(book: CaseBook) -> None:
    cases = [open_case(book, number) for number in range(1, 6)]
    for waiting in cases[1:3]:
        ask(book, waiting)
    book.claim(cases[2], "ana")
    book.add_note(cases[4], "ana", "Needle in a haystack.")
    for asked in (
        {"state": ("awaiting_review",)},
        {"state": ("awaiting_review", "investigating")},
        {"assignee": "me"},
        {"assignee": "none", "state": ("awaiting_review",)},
        {"customer_id": 4},
        {"q": "needle"},
        {"overdue": True},
        {"min_score": 0.5, "rule": "impossible_travel"},
        {"opened_within_hours": 1},
    ):
        query = CaseQuery.model_validate({**asked, "sort": "opened"})
        listed = [case.case_id for case in book.list_cases(query, "ana").items]
        assert exported(book, query) == listed, asked


def test_case_that_changes_meanwhile_comes_once(book: CaseBook) -> None:
    cases = [open_case(book, number) for number in range(1, 6)]
    found: list[str] = []
    for page in pages(book, CaseQuery(sort="-updated")):
        found += page
        # Those before and those behind are the last that changed now.
        book.add_note(cases[0], "ana", "Again.")
        book.add_note(cases[4], "ana", "Again.")
        open_case(book, 100 + len(found))
    assert found == cases


def test_export_continues_after_a_case(book: CaseBook) -> None:
    cases = [open_case(book, number) for number in range(1, 6)]
    assert exported(book, after=cases[2]) == cases[3:]
    assert exported(book, after=cases[4]) == []
    with pytest.raises(CaseNotFound):
        book.begin_export("case-nobody")


def test_no_connection_is_held_between_pages(book: CaseBook, engine: Engine) -> None:
    for number in range(1, 6):
        open_case(book, number)
    assert isinstance(engine.pool, QueuePool)
    assert [engine.pool.checkedout() for _ in pages(book)] == [0, 0, 0]


def test_ten_times_the_cases_hold_no_more_rows(book: CaseBook, engine: Engine) -> None:
    """The statements grow with the pages, and what is in memory does not grow at all."""
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    costs: list[tuple[float, int]] = []
    for size, added in ((100, 100), (1_000, 900)):
        fill_to(engine, added, after=size - added)
        statements.clear()
        count = held = read = 0
        for page in pages(book, limit=50):
            count += 1
            read += len(page)
            held = max(held, sum(isinstance(each, CaseSummary) for each in gc.get_objects()))
        assert read == size
        costs.append((len(statements) / count, held))
    (few, small), (many, large) = costs
    assert max(few, many) <= 6, costs
    assert large <= small <= 100, costs
