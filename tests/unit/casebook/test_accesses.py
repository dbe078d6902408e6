"""The access record: each line once, in one chain, and apart from every case."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine, delete, event, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from casebook.access_api import AccessApi
from casebook.audit.verify import audit_case, verify_case_log
from casebook.case_log.access_chain import WINDOW, Seen, seen_each_time, seen_in_window
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.errors import CaseNotFound, MalformedCursor
from casebook.schema.base import Base
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, open_case
from tests.unit.casebook.test_audit import changed, columns_of, tampering

ACCESS, HEAD = Base.metadata.tables["access"], Base.metadata.tables["access_head"]


def view(case: str, subject: str = "ana", at: datetime = NOON) -> Seen:
    return seen_in_window(at, subject, "case_viewed", case)


@pytest.fixture
def seen(book: CaseBook) -> list[str]:
    """Two cases, and a record of seven lines about them."""
    cases = [open_case(book, 1), open_case(book, 2)]
    book.record([view(cases[0]), view(cases[1]), view(cases[0], "ben")])
    book.record([seen_in_window(NOON, "ana", "evidence_read", cases[0], "r1-usage-1")])
    exported: dict[str, JsonValue] = {"query": {"q": "München\u2028"}, "rows": 1_000, "whole": False}
    book.record([seen_each_time(NOON, "ben", "cases_exported", None, "csv", exported)])
    book.record([seen_in_window(NOON, "maria", "accesses_read", cases[0]), view(cases[1], "maria")])
    return cases


def test_views_within_one_window_are_one_line(book: CaseBook):
    case = open_case(book)
    for second in range(0, 1_800, 10):
        book.record([view(case, at=NOON + timedelta(seconds=second))])
    book.record([view(case, "ben")])
    page = book.of_case(case)
    assert [(each.subject, each.at) for each in page.items] == [
        ("ana", NOON),
        ("ana", NOON + WINDOW),
        ("ben", NOON),
    ]


def test_exports_are_a_line_each_time(book: CaseBook):
    case = open_case(book)
    exports = [seen_each_time(NOON, "ana", "case_exported", case, "json") for _ in range(2)]
    assert book.record([*exports, *exports]) == 2
    assert book.record(exports) == 0


def test_record_changes_nothing_about_a_case(book: CaseBook, seen: list[str]):
    before, last = book.get_fraud_case(seen[0]), book.last_seq()
    heard: list[None] = []
    with book.transactions.on_commit(lambda: heard.append(None)):
        assert book.record([view(seen[0], "vera")]) == 1
    assert (book.get_fraud_case(seen[0]), book.last_seq(), heard) == (before, last, [])


def test_pages_lead_from_the_newest_line_to_the_first(book: CaseBook, seen: list[str]):
    numbers: list[int] = []
    cursor = None
    while True:
        page = book.of_case(seen[0], limit=2, cursor=cursor)
        numbers = [each.number for each in page.items] + numbers
        assert page.total == 4
        cursor = page.next_cursor
        if cursor is None:
            break
    assert numbers == [1, 3, 4, 6]
    assert [each.number for each in book.list().items] == [*range(1, 8)]
    assert [each.number for each in book.list("ana").items] == [1, 2, 4]
    with pytest.raises(CaseNotFound):
        book.of_case("case-nobody")
    with pytest.raises(MalformedCursor):
        book.of_case(seen[1], cursor=book.of_case(seen[0], limit=1).next_cursor)


def test_batch_takes_four_statements(book: CaseBook, engine: Engine):
    case = open_case(book)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    book.record([view(case, f"person-{number}") for number in range(200)])
    assert len([each for each in statements if not each.startswith(("BEGIN", "PRAGMA"))]) == 4


def test_backends_at_once_write_one_chain(url: str, engine: Engine, book: CaseBook):
    """Eight writers on two engines, all with the same views and each with exports of its own."""
    cases = [open_case(book, number) for number in (1, 2, 3)]
    engines = [engine, open_engine(url)]
    writers = [AccessApi(Transactions(engines[number % 2])) for number in range(8)]

    def write(writer: AccessApi) -> None:
        for minute in range(10):
            at = NOON + timedelta(minutes=5 * minute)
            writer.record([view(case, at=at) for case in cases])
            writer.record([seen_each_time(at, "ben", "case_exported", cases[0], "json")])

    with ThreadPoolExecutor(len(writers)) as threads:
        assert [*threads.map(write, writers)] == [None] * len(writers)
    engines[1].dispose()
    report = book.audit()
    # Ten times five minutes are four windows.
    assert (report.broken, report.lines["access"].lines) == (None, 4 * len(cases) + 8 * 10)


def test_intact_record_is_counted(book: CaseBook, seen: list[str]):
    report = book.audit(anchored_lines={"access": (3,)})
    assert (report.broken, report.lines["access"].lines) == (None, 7)
    assert {*report.lines["access"].digests} == {3, 7}
    assert book.audit_case(seen[0]).broken is None


@pytest.mark.parametrize("column", ACCESS.c.keys())
@pytest.mark.usefixtures("seen")
def test_no_column_of_an_access_is_changed_unseen(engine: Engine, column: str):
    for number in (1, 4, 5, 7):
        with tampering(engine) as connection:
            row = connection.execute(select(ACCESS).where(ACCESS.c.number == number)).one()
            value = 99 if column == "number" else changed(ACCESS, column, getattr(row, column))
            connection.execute(update(ACCESS).where(ACCESS.c.number == number).values({column: value}))
            broken = verify_case_log(connection).broken
            assert broken is not None, f"{column} of line {number} was changed to {value!r}"
            assert broken.row.startswith("access")


@pytest.mark.parametrize("column", ["last_number", "last_hash"])
@pytest.mark.usefixtures("seen")
def test_no_end_of_the_record_is_changed_unseen(engine: Engine, column: str):
    with tampering(engine) as connection:
        row = connection.execute(select(HEAD)).one()
        connection.execute(update(HEAD).values({column: changed(HEAD, column, getattr(row, column))}))
        broken = verify_case_log(connection).broken
        assert broken is not None
        assert broken.row == "access"


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.usefixtures("seen")
def test_no_access_is_removed_unseen(engine: Engine, number: int):
    with tampering(engine) as connection:
        connection.execute(delete(ACCESS).where(ACCESS.c.number == number))
        assert verify_case_log(connection).broken is not None


@pytest.mark.usefixtures("seen")
def test_access_slipped_in_or_moved_is_found(engine: Engine):
    with tampering(engine) as connection:
        row = columns_of(ACCESS, connection.execute(select(ACCESS).where(ACCESS.c.number == 7)).one())
        connection.execute(insert(ACCESS).values(**{**row, "number": 8, "once": "mallory"}))
        assert verify_case_log(connection).broken is not None
    with tampering(engine) as connection:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            connection.execute(update(ACCESS).where(ACCESS.c.number == old).values(number=new))
        assert verify_case_log(connection).broken is not None


@pytest.mark.parametrize(("statement", "reason"), [
    ("UPDATE access SET subject = 'mallory' WHERE number = 4", "its content is not what was linked"),
    ("UPDATE access SET detail = '[' WHERE number = 4", "it cannot be read"),
    ("UPDATE access SET hash = 'sha256:' || substr(hash, 9) || '0' WHERE number = 3", "its content is not what"),
])  # fmt: skip
def test_audit_of_a_case_names_its_changed_access(
    book: CaseBook, engine: Engine, seen: list[str], statement: str, reason: str
):
    with tampering(engine) as connection:
        try:
            connection.execute(text(statement))
        except DBAPIError:
            pytest.fail("the statement is wrong")
        broken = audit_case(connection, seen[0]).broken
        assert broken is not None
        assert (broken.case_id, broken.row[:7]) == (seen[0], "access ")


def test_rewritten_record_differs_from_its_anchor(book: CaseBook, engine: Engine, seen: list[str]):
    """Whoever rewrites every hash leaves an intact chain, and another one than was anchored."""
    anchored = book.audit().lines["access"].digests[7]
    rows: list[dict[str, Any]]
    with engine.begin() as connection:
        rows = [columns_of(ACCESS, row) for row in connection.execute(select(ACCESS).order_by(ACCESS.c.number))]
        connection.execute(delete(ACCESS))
        connection.execute(update(HEAD).values(last_number=0, last_hash=None))
    for row in rows:
        book.record([Seen(row["at"], "mallory", row["kind"], row["once"], row["case_id"], row["target"])])
    again = book.audit(anchored_lines={"access": (7,)})
    assert again.broken is None
    assert again.lines["access"].digests[7] != anchored
