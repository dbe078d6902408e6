"""The case list: every filter, every order, page by page; and the plans that carry it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from casebook.errors import MalformedCursor, UnstorableText
from casebook.queries import full_text
from casebook.queries.filters import CaseQuery
from casebook.workspace_api import WorkspaceApi
from contracts.ids import case_id
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    HASTY,
    NOON,
    a_decision,
    an_alert,
    an_assessment,
    an_opening,
    begin,
    close_as_failed,
    only_on,
    put,
)
from tests.unit.casebook.test_cursors import plans, recorded

SEVERITIES = ("low", "critical", "high", "medium")


def twelve_cases(book: CaseBook) -> None:
    """Four cases of each state, of three customers, with and without scores and deadlines."""
    for number in range(12):
        severity = SEVERITIES[number % 4]
        alert = an_alert(number + 1).model_copy(update={"severity": severity, "customer_id": number % 3 + 1})
        case = book.open_case(alert).case_id
        if number % 3 == 0:
            continue
        begin(book, case, policy=HASTY)
        opening = an_opening(case, an_assessment(score=number / 20))
        due = NOON + timedelta(hours=number % 5)
        put(book, opening.model_copy(update={"review": opening.review.model_copy(update={"due_at": due})}))
        if number % 3 == 2:
            close_as_failed(book, case)


@pytest.fixture
def fill(request: pytest.FixtureRequest) -> Callable[[CaseBook], None] | None:
    return twelve_cases if "cases" in request.fixturenames else None


@pytest.fixture
def cases(engine: Engine) -> list[str]:
    """The ids of `twelve_cases`, which the casebook of this test begins with."""
    return [case_id(an_alert(number + 1).alert_id) for number in range(12)]


def listed(workspace: WorkspaceApi, *, limit: int = 50, **query: Any) -> list[int]:
    """Numbers of all cases of a query, read page by page."""
    asked, cursor, found = CaseQuery.model_validate(query), None, list[int]()
    while True:
        page = workspace.list_cases(asked, "ana", limit=limit, cursor=cursor)
        found += [int(case.case_id.rpartition("-")[2]) - 1 for case in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.usefixtures("cases")
def test_every_filter_lets_exactly_its_cases_through(workspace: WorkspaceApi) -> None:
    filters: list[tuple[dict[str, Any], list[int]]] = [
        ({}, list(range(12))),
        ({"state": ("investigating",)}, [0, 3, 6, 9]),
        ({"state": ("closed", "awaiting_review")}, [1, 2, 4, 5, 7, 8, 10, 11]),
        ({"min_score": 0.35}, [7, 8, 10, 11]),
        ({"max_score": 0.1}, [1, 2]),
        ({"risk_level": "high"}, [1, 2, 4, 5, 7, 8, 10, 11]),
        ({"risk_level": "low"}, []),
        ({"rule": "impossible_travel"}, list(range(12))),
        ({"rule": "impossible"}, []),
        ({"customer_id": 3}, [2, 5, 8, 11]),
        ({"severity": "critical"}, [1, 5, 9]),
        ({"outcome": "failed"}, [2, 5, 8, 11]),
        ({"due_before": NOON + timedelta(hours=2)}, [1, 10]),
        ({"opened_before": NOON}, []),
        ({"opened_after": NOON}, list(range(12))),
        ({"customer_id": 2, "state": ("awaiting_review",), "severity": "high"}, [10]),
        ({"q": "oslo customer 8"}, [7]),
        ({"q": "São PAULO", "state": ("investigating",)}, [0, 3, 6, 9]),
        ({"q": "?!"}, []),
    ]
    for query, numbers in filters:
        assert listed(workspace, sort="opened", **query) == numbers, query
        assert listed(workspace, sort="-opened", limit=3, **query) == numbers[::-1], query


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize("limit", [1, 2, 5, 50])
@pytest.mark.parametrize("states", [(), ("awaiting_review", "closed", "investigating")])
def test_every_order_holds_over_pages_gaps_last(workspace: WorkspaceApi, limit: int, states: tuple[str, ...]) -> None:
    scored = [1, 2, 4, 5, 7, 8, 10, 11]
    gaps = [0, 3, 6, 9]
    assert listed(workspace, limit=limit, state=states, sort="score") == scored + gaps
    assert listed(workspace, limit=limit, state=states, sort="-score") == scored[::-1] + gaps[::-1]
    by_due = [10, 1, 7, 4]
    rest = [1, 5, 9, 2, 6, 10, 3, 7, 11, 0, 4, 8]
    undue = [number for number in rest if number % 3 != 1]
    assert listed(workspace, limit=limit, state=states, sort="due") == by_due + undue
    assert listed(workspace, limit=limit, state=states, sort="-due") == by_due[::-1] + undue[::-1]


def test_the_last_change_orders_the_list(book: CaseBook, workspace: WorkspaceApi, cases: list[str]) -> None:
    workspace.add_note(cases[3], "ana", "Seen.")
    workspace.add_note(cases[0], "ana", "Seen.")
    assert listed(workspace, sort="-updated")[:2] == [0, 3]
    assert listed(workspace, sort="updated", limit=5)[-2:] == [3, 0]


def test_list_of_own_anothers_or_nobodys_cases(workspace: WorkspaceApi, cases: list[str]) -> None:
    workspace.claim(cases[1], "ana")
    workspace.claim(cases[4], "ben")
    assert listed(workspace, assignee="me") == [1]
    assert listed(workspace, assignee="ben", sort="due") == [4]
    assert listed(workspace, assignee="none", sort="opened", state=("awaiting_review",)) == [7, 10]
    workspace.release(cases[1], "ana")
    assert listed(workspace, assignee="me") == []


def test_overdue_and_last_disposition_are_filters(book: CaseBook, workspace: WorkspaceApi) -> None:
    openings = [an_opening(book.open_case(an_alert(number)).case_id) for number in (2, 3)]
    for opening, due in zip(openings, (NOON, NOON + timedelta(days=900)), strict=True):
        begin(book, opening.case_id, policy=HASTY)
        put(book, opening.model_copy(update={"review": opening.review.model_copy(update={"due_at": due})}))
    assert listed(workspace, overdue=True) == [1]
    assert listed(workspace, overdue=False) == [2]
    book.accept_decision(a_decision(openings[0], action="clear"), ("analyst",))
    assert listed(workspace, disposition="false_positive") == [1]
    assert listed(workspace, overdue=True) == []


def test_page_tells_total_where_counting_is_cheap(workspace: WorkspaceApi, cases: list[str]) -> None:
    def total(limit: int, **query: Any) -> int | None:
        return workspace.list_cases(CaseQuery.model_validate(query), "ana", limit=limit).total

    assert total(2) == 12
    assert total(2, state=("closed",)) == 4
    assert total(50, severity="critical") == 3
    assert total(2, severity="critical") is None


def test_cursor_continues_only_its_own_query(workspace: WorkspaceApi, cases: list[str]) -> None:
    cursor = workspace.list_cases(CaseQuery(sort="due"), "ana", limit=2).next_cursor
    assert cursor is not None
    for other in (CaseQuery(sort="-due"), CaseQuery(sort="due", severity="low"), CaseQuery(sort="score")):
        with pytest.raises(MalformedCursor):
            workspace.list_cases(other, "ana", cursor=cursor)
    for forged in ("", "x", cursor + "A", cursor[:-4], "W10", "WzFd"):
        with pytest.raises(MalformedCursor):
            workspace.list_cases(CaseQuery(sort="due"), "ana", cursor=forged)


@pytest.mark.parametrize("near", [full_text.NEAR, 0])
def test_whole_words_do_not_spell_out_a_case(
    book: CaseBook, workspace: WorkspaceApi, cases: list[str], monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    monkeypatch.setattr(full_text, "NEAR", near)
    workspace.add_note(cases[2], "ana", "mariana.kellermann@example.com, IP 203.0.113.77, order 4512345")

    def found(words: str) -> bool:
        return len(workspace.list_cases(CaseQuery(q=words), "ana", whole_words=True).items) == 1

    assert [found(words) for words in ("kellermann", "Mariana example", "4512345")] == [True] * 3
    assert [found(words) for words in ("kell", "kellerman", "77", "203.0.113.77", "45123", "!?")] == [False] * 6


def test_a_note_makes_its_case_found_by_its_words(book: CaseBook, workspace: WorkspaceApi, cases: list[str]) -> None:
    workspace.add_note(cases[2], "ana", "Rang the customer: ROAMING Straße, code x1.")
    assert listed(workspace, q="roaming") == [2]
    assert listed(workspace, q="roam strasse") == [2]  # from three letters on, a word finds what begins with it
    assert listed(workspace, q="x") == []
    assert listed(workspace, q="x1") == [2]
    assert listed(workspace, q="roaming oslo", sort="due", state=("closed",)) == [2]
    assert listed(workspace, q="roaming paris") == []
    assert listed(workspace, q='"roaming* OR (') == []


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize(("near", "few"), [(1, 100), (1, 3), (4, 100), (4, 3)])
@pytest.mark.parametrize("query", [{}, {"state": ("closed", "investigating", "awaiting_review")}, {"customer_id": 1}])
def test_search_finds_the_same_by_index_and_walk(
    workspace: WorkspaceApi, monkeypatch: pytest.MonkeyPatch, near: int, few: int, query: dict[str, Any]
) -> None:
    words = ("oslo", "oslo customer 8", "impossible 10", "oslo 99")
    asked = [{**query, "q": q, "sort": sort} for q in words for sort in ("opened", "-updated", "due", "-due", "-score")]
    one_by_one = [listed(workspace, limit=5, **each) for each in asked]
    monkeypatch.setattr(full_text, "NEAR", near)
    monkeypatch.setattr(full_text, "FEW", few)
    assert [listed(workspace, limit=5, **each) for each in asked] == one_by_one
    assert {len(found) for found in one_by_one} >= ({12, 1, 0} if not query.get("customer_id") else {4, 1, 0})


@pytest.mark.usefixtures("cases")
def test_a_nul_is_refused_by_every_database(workspace: WorkspaceApi, cases: list[str]) -> None:
    with pytest.raises(UnstorableText):
        workspace.add_note(cases[0], "ana", "a\0b")
    with pytest.raises(UnstorableText):
        listed(workspace, rule="\0")
    assert workspace.list_notes(cases[0]).items == ()


def test_nul_in_an_alert_is_replaced(book: CaseBook) -> None:
    case = book.open_case(an_alert().model_copy(update={"description": "A\0Z"})).case_id
    assert book.summary(case).description == "A\N{REPLACEMENT CHARACTER}Z"
    assert book.get_fraud_case(case).alert.description == "A\0Z"


PLANS: dict[str, dict[str, Any]] = {
    "newest": {},
    "next of newest": {"again": True},
    "due": {"sort": "due", "again": True},
    "score": {"sort": "-score", "again": True},
    "updated": {"sort": "updated", "again": True},
    "states by due": {"sort": "due", "state": ("awaiting_review", "escalated"), "again": True},
    "state by score": {"sort": "score", "state": ("closed",), "again": True},
    "state by change": {"sort": "-updated", "state": ("closed",)},
    "overdue": {"sort": "due", "overdue": True},
    "unclaimed": {"sort": "due", "state": ("awaiting_review",), "assignee": "none"},
    "awake": {"sort": "due", "state": ("awaiting_review", "escalated"), "snoozed": False, "again": True},
    "pool": {"sort": "due", "state": ("awaiting_review",), "assigned_to": "none", "again": True},
    "rule": {"rule": "impossible_travel"},
    "disposition": {"disposition": "confirmed_fraud"},
    "outcome": {"outcome": "failed"},
}


def statements_of(engine: Engine, workspace: WorkspaceApi, name: str) -> list[tuple[str, Any]]:
    """What a list of `PLANS` asks the database."""
    query = dict(PLANS[name])
    again = query.pop("again", False)
    asked = CaseQuery.model_validate(query)
    with recorded(engine) as statements:
        page = workspace.list_cases(asked, "ana", limit=1)
        if again:
            workspace.list_cases(asked, "ana", limit=1, cursor=page.next_cursor)
    return statements


@only_on("sqlite")
@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize("name", PLANS)
def test_no_list_sorts_and_every_list_follows_an_index(engine: Engine, workspace: WorkspaceApi, name: str) -> None:
    statements = statements_of(engine, workspace, name)
    follow_an_index(engine, statements)
    counting = plans(engine, [each for each in statements if "count(" in each[0]])
    assert not [step for step in counting if " case " in step and "COVERING INDEX" not in step], counting


@only_on("postgresql")
@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize("name", PLANS)
def test_on_postgresql_too_every_list_can_follow_an_index(engine: Engine, workspace: WorkspaceApi, name: str) -> None:
    statements = statements_of(engine, workspace, name)
    of_cases = [each for each in statements if 'FROM "case"' in each[0] or "LIMIT" in each[0]]
    steps = postgres_plans(engine, of_cases)
    assert steps
    assert not [step for step in steps if is_dear(step)], steps


@only_on("postgresql")
def test_list_without_an_index_fails_the_plan_check(engine: Engine) -> None:
    steps = postgres_plans(engine, [('SELECT * FROM "case" ORDER BY description LIMIT 1', ())])
    assert len([step for step in steps if is_dear(step)]) == 2, steps


def is_dear(step: str) -> bool:
    """Whether a step of a plan reads or sorts a whole table of cases."""
    return 'Seq Scan on "case"' in step or "Sort  (" in step


def postgres_plans(engine: Engine, statements: list[tuple[str, Any]]) -> list[str]:
    """The plans of a server that scans or sorts a table only where it has no other way: few rows tempt it to."""
    with engine.connect() as connection:
        for way in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            connection.exec_driver_sql(f"SET LOCAL {way} = off")
        return [
            str(step[0])
            for statement, parameters in statements
            for step in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        ]


@only_on("sqlite")
@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize(
    "query",
    [
        {"customer_id": 1},
        {"assignee": "me"},
        {"assigned_to": "me"},
        {"snoozed": True},
        {"legal_hold": True},
        {"q": "oslo"},
    ],
)
@pytest.mark.parametrize("sort", ["due", "-opened", "score"])
def test_few_cases_are_found_by_index_in_any_order(
    engine: Engine, workspace: WorkspaceApi, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any], sort: str
) -> None:
    monkeypatch.setattr(full_text, "NEAR", 1)
    asked = CaseQuery.model_validate({**query, "sort": sort, "state": ("awaiting_review", "closed")})
    with recorded(engine) as statements:
        workspace.list_cases(asked, "ana")
    steps = [step for step in plans(engine, statements) if step.startswith(("SCAN case", "SEARCH case"))]
    wanted = {
        "customer_id": "ix_case_customer_id",
        "assignee": "ix_case_claimed",
        # One of two: by deadline, or by the order in which they were opened.
        "assigned_to": "assigned",
        "snoozed": "ix_case_snoozed",
        "legal_hold": "ix_case_legal_hold",
        "q": "ix_case_opened_seq",
    }
    assert any(wanted[next(iter(query))] in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN case ") and "fts" not in step], steps


@only_on("sqlite")
@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize("name", PLANS)
def test_common_word_is_found_without_the_word_index(engine: Engine, workspace: WorkspaceApi, name: str) -> None:
    query = {key: value for key, value in PLANS[name].items() if key != "again"}
    asked = CaseQuery.model_validate({**query, "q": "oslo"})
    with recorded(engine) as statements:
        workspace.list_cases(asked, "ana", limit=1)
    follow_an_index(engine, statements)
    assert not [statement for statement, _ in statements if "case_fts" in statement]


@only_on("sqlite")
@pytest.mark.usefixtures("cases")
def test_handing_out_the_next_case_follows_an_index(engine: Engine, workspace: WorkspaceApi) -> None:
    with recorded(engine) as statements:
        assert workspace.next_case("maria", as_manager=True) is not None
    follow_an_index(engine, [each for each in statements if each[0].startswith("SELECT")])


def follow_an_index(engine: Engine, statements: list[tuple[str, Any]]) -> None:
    steps = plans(engine, statements)
    assert steps
    for step in steps:
        assert "TEMP B-TREE" not in step, steps
        assert not step.startswith(("SCAN case", "SCAN review", "SCAN proposal")) or "INDEX" in step, steps


def test_opened_after_takes_a_point_in_time() -> None:
    with pytest.raises(ValueError, match="timezone"):
        CaseQuery.model_validate({"opened_after": datetime(2026, 1, 1)})  # noqa: DTZ001 that is the point
