"""Lists: newest first, page by page, and fast however many cases there are."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from casebook.errors import MalformedCursor
from casebook.queries.cursors import MAX_PAGE, write_cursor
from casebook.queries.filters import CaseQuery
from casebook.workspace_api import WorkspaceApi
from contracts import ids
from contracts.report import SPECIALISTS
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    an_alert,
    an_effect,
    an_opening,
    ask,
    close_as_failed,
    closing,
    investigate,
    only_on,
    open_case,
    put,
)


def customers(book: CaseBook, limit: int = 50, **query: Any) -> list[int]:
    """All customers of a case list, read page by page."""
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = book.list_cases(CaseQuery.model_validate(query), limit=limit, cursor=cursor)
        seen.extend(case.customer_id or 0 for case in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return seen


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_pages_show_every_case_once_newest_first(book: CaseBook, limit: int):
    for number in range(1, 8):
        open_case(book, number)

    assert customers(book, limit=limit) == [7, 6, 5, 4, 3, 2, 1]


def test_last_page_exactly_full_has_no_next(book: CaseBook):
    for number in range(1, 5):
        open_case(book, number)

    first = book.list_cases(limit=2)
    last = book.list_cases(limit=2, cursor=first.next_cursor)

    assert first.next_cursor is not None
    assert [case.customer_id for case in last.items] == [2, 1]
    assert last.next_cursor is None


def test_cases_opened_meanwhile_do_not_shift_pages(book: CaseBook):
    for number in range(1, 5):
        open_case(book, number)
    first = book.list_cases(limit=2)

    open_case(book, 5)
    second = book.list_cases(limit=2, cursor=first.next_cursor)

    assert [case.customer_id for case in (*first.items, *second.items)] == [4, 3, 2, 1]


def test_a_list_can_be_of_one_state(book: CaseBook):
    for number in range(1, 7):
        case = open_case(book, number)
        if number % 2:
            close_as_failed(book, case)

    assert customers(book, state=["closed"], limit=2) == [5, 3, 1]
    assert customers(book, state=["investigating"], limit=2) == [6, 4, 2]
    assert customers(book, state=["escalated"]) == []


def test_a_case_s_row_says_what_its_page_says(book: CaseBook):
    case = open_case(book)
    ask(book, case)

    (row,) = book.list_cases().items

    view = book.get_fraud_case(case)
    assert row == book.summary(case)
    assert (row.state, row.round, row.last_seq, row.risk_score) == ("awaiting_review", 1, view.last_seq, 0.8)
    assert (row.alert_id, row.description, row.source) == (
        view.alert.alert_id,
        view.alert.description,
        view.alert.source,
    )


def test_alerts_are_listed_newest_first_word_for_word(book: CaseBook):
    for number in (1, 2, 3):
        open_case(book, number)

    first = book.list_alerts(limit=2)
    last = book.list_alerts(limit=2, cursor=first.next_cursor)

    assert [each.alert for each in first.items] == [an_alert(3), an_alert(2)]
    assert [each.alert for each in last.items] == [an_alert(1)]
    assert last.items[0].case_id == ids.case_id(an_alert(1).alert_id)
    assert last.next_cursor is None


def test_an_empty_casebook_lists_nothing(book: CaseBook):
    assert book.list_cases().items == ()
    assert book.list_alerts().next_cursor is None
    assert book.last_seq() == 0
    assert book.events_after(0) == []


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "5",
        "!!!!",
        "ünïcode",
        "=",
        "YWxlcnRzOi0x",  # alerts:-1
        "YWxlcnRzOjA",  # alerts:0
        "YWxlcnRzOjA1",  # alerts:05
        "YWxlcnRzOjU=",  # padded
        "YWxlcnRzOjV",  # cut short
        write_cursor("alerts", 2**63),
        write_cursor("alerts", 10**400),
    ],
)
def test_foreign_cursor_of_alerts_is_refused(book: CaseBook, cursor: str):
    with pytest.raises(MalformedCursor, match="not given out by this list") as refused:
        book.list_alerts(cursor=cursor)
    assert refused.value.status == 422


@pytest.mark.parametrize(("asked", "given"), [(-1, 1), (0, 1), (1, 1), (3, 3)])
def test_a_page_has_at_least_one_row(book: CaseBook, asked: int, given: int):
    for number in range(1, 5):
        open_case(book, number)
    assert len(book.list_cases(limit=asked).items) == given


@contextmanager
def recorded(engine: Engine) -> Generator[list[tuple[str, Any]]]:
    """All statements that are sent inside the block."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "EXPLAIN")):
            statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


JOINING = ("COMPOUND QUERY", "LEFT-MOST SUBQUERY", "UNION ALL")
"""Steps that read nothing themselves: those below them do."""


def plans(engine: Engine, statements: list[tuple[str, Any]]) -> list[str]:
    with engine.connect() as connection:
        return [
            str(step[3])
            for statement, parameters in statements
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            if step[3] not in JOINING
        ]


READS: dict[str, Callable[[CaseBook, str], object]] = {
    "alerts": lambda book, _: book.list_alerts(),
    "next alerts": lambda book, _: book.list_alerts(cursor=write_cursor("alerts", 3)),
    "events after": lambda book, _: book.events_after(2),
    "case events": lambda book, case: book.case_events(case),
    "history page": lambda book, case: book.list_events(case, types=("note_added",)),
    "audit page": lambda book, case: book.audit_case(case),
    "note page": lambda book, case: WorkspaceApi(book.transactions).list_notes(case),
    "last seq": lambda book, _: book.last_seq(),
    "unscheduled": lambda book, _: book.unscheduled_cases(),
    "undelivered": lambda book, _: book.undelivered_decisions(),
    "later unscheduled": lambda book, case: book.unscheduled_cases(after=case),
    "later undelivered": lambda book, case: book.undelivered_decisions(after=f"{case}:r1"),
    "backlog": lambda book, _: book.backlog(),
    "whether it is scheduled": lambda book, case: book.is_scheduled(case),
    "case": lambda book, case: book.get_fraud_case(case),
    "summary": lambda book, case: book.summary(case),
    "evidence": lambda book, case: book.evidence(case, "r1-usage-1"),
    "what the aggregator has done": lambda book, case: book.start_assessment(case, 2),
    "what a case has cost": lambda book, case: book.spent_on_case(case),
}


@only_on("sqlite")
@pytest.mark.parametrize("name", READS)
def test_no_read_scans_or_sorts_a_table(engine: Engine, book: CaseBook, name: str):
    case = open_case(book)
    ask(book, case)

    with recorded(engine) as statements:
        READS[name](book, case)

    steps = plans(engine, statements)
    assert steps
    # The outbox queries walk a partial index, which holds nothing but what waits.
    partial = {
        "unscheduled": ("ix_case_unscheduled",),
        "undelivered": ("ix_decision_undelivered",),
        "backlog": ("ix_case_unscheduled", "ix_decision_undelivered"),
    }.get(name, ())
    for step in steps:
        assert step.startswith(("SEARCH", "SCALAR SUBQUERY", "CORRELATED SCALAR SUBQUERY")) or step.endswith(partial), (
            steps
        )


@only_on("sqlite")
def test_no_investigation_step_scans_or_sorts_a_table(engine: Engine, book: CaseBook):
    with recorded(engine) as statements:
        case = open_case(book)
        opening = ask(book, case)
        book.accept_decision(a_decision(opening), MANAGER)
        book.start_effect(case, an_effect(case))
        book.finish_effect(case, an_effect(case, status="done"))
        book.close_case(closing(case))

    steps = plans(engine, [each for each in statements if not each[0].startswith("INSERT")])
    assert [step for step in steps if not step.startswith("SEARCH")] == []


def test_reading_a_case_takes_a_fixed_number_of_statements(engine: Engine, book: CaseBook):
    case = open_case(book)
    with recorded(engine) as few:
        book.get_fraud_case(case)
    for round_number in (1, 2, 3):
        opening = ask(book, case, round_number)
        book.accept_decision(a_decision(opening, "reject"), MANAGER)

    with recorded(engine) as statements:
        view = book.get_fraud_case(case)

    assert len(statements) == len(few)
    assert [earlier.round for earlier in view.earlier_rounds] == [1, 2]
    assert len(view.decisions) == 3
    assert len(view.reports) == len(SPECIALISTS)


@only_on("sqlite")
def test_counting_states_reads_an_index_only(engine: Engine, book: CaseBook):
    open_case(book)
    with recorded(engine) as statements:
        book.count_states()
    (step,) = plans(engine, statements)
    assert re.match(r"SCAN case USING COVERING INDEX ix_case_(by_)?state_", step), step


def test_a_page_is_never_longer_than_promised(book: CaseBook, monkeypatch: pytest.MonkeyPatch):
    assert MAX_PAGE == 500
    monkeypatch.setattr("casebook.queries.cursors.MAX_PAGE", 2)
    for number in (1, 2, 3):
        open_case(book, number)
    assert len(book.list_cases(limit=1_000).items) == 2


def test_cases_and_events_of_other_cases_stay_apart(book: CaseBook):
    first, second = open_case(book, 1), open_case(book, 2)
    investigate(book, first)
    put(book, an_opening(first))

    assert [event.type for event in book.case_events(second)] == ["case_opened"]
    assert book.get_fraud_case(second).reports == ()
    assert {event.case_id for event in book.case_events(first)} == {first}
