"""The desk log: each change once, in one chain, with the value before and after."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, delete, insert, select, text, update

from casebook.audit.verify import verify_case_log
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.desk_api import DeskApi
from casebook.errors import MalformedCursor, SharedViewNotFound
from casebook.queries.filters import CaseQuery
from casebook.schema.base import Base
from tests.support.casebooks import CaseBook
from tests.unit.casebook.test_audit import changed, columns_of, tampering

CHANGE, HEAD = Base.metadata.tables["desk_change"], Base.metadata.tables["desk_log_head"]
URGENT, MINE = CaseQuery(overdue=True, sort="due"), CaseQuery(assignee="me", q="München\u2028")


@pytest.fixture
def logged(book: CaseBook) -> CaseBook:
    """Six changes of two people's views; two views are left."""
    book.save_view("ana", "Urgent", URGENT)
    book.save_view("ana", "Urgent", URGENT, shared=True)
    book.save_view("ana", "Urgent", MINE)
    book.save_view("ben", "Urgent", URGENT)
    book.stop_sharing("ana", "Urgent", "maria")
    book.save_view("ben", "Old", URGENT)
    book.delete_view("ben", "Old")
    return book


def test_each_change_has_the_value_before_and_after(logged: CaseBook) -> None:
    urgent, mine = {"overdue": True, "sort": "due"}, {"assignee": "me", "q": "München\u2028"}
    said = [(each.kind, each.actor, each.owner, each.before, each.after) for each in logged.changes().items]
    assert said == [
        ("view_saved", "ana", "ana", None, {"query": urgent, "shared": False}),
        ("view_saved", "ana", "ana", {"query": urgent, "shared": False}, {"query": urgent, "shared": True}),
        ("view_saved", "ana", "ana", {"query": urgent, "shared": True}, {"query": mine, "shared": True}),
        ("view_saved", "ben", "ben", None, {"query": urgent, "shared": False}),
        ("view_unshared", "maria", "ana", {"query": mine, "shared": True}, {"query": mine, "shared": False}),
        ("view_saved", "ben", "ben", None, {"query": urgent, "shared": False}),
        ("view_deleted", "ben", "ben", {"query": urgent, "shared": False}, None),
    ]


def test_what_changes_nothing_is_not_logged(logged: CaseBook) -> None:
    logged.save_view("ben", "Urgent", URGENT)
    with pytest.raises(SharedViewNotFound):
        logged.stop_sharing("ana", "Urgent", "maria")
    assert logged.changes().total == 7
    assert logged.audit().broken is None


def test_pages_lead_from_the_newest_change_to_the_first(logged: CaseBook) -> None:
    numbers: list[int] = []
    cursor = None
    while True:
        page = logged.changes(limit=3, cursor=cursor)
        numbers = [each.number for each in page.items] + numbers
        cursor = page.next_cursor
        if cursor is None:
            break
    assert (numbers, page.total) == ([*range(1, 8)], 7)
    with pytest.raises(MalformedCursor):
        logged.changes(cursor="x")


def test_backends_at_once_log_in_one_chain(url: str, engine: Engine, book: CaseBook) -> None:
    engines = [engine, open_engine(url)]
    people = [DeskApi(Transactions(engines[number % 2])) for number in range(6)]

    def save(number: int) -> None:
        for each in range(8):
            people[number].save_view(f"person-{number}", f"view {each % 4}", CaseQuery(customer_id=each))

    with ThreadPoolExecutor(len(people)) as threads:
        assert [*threads.map(save, range(len(people)))] == [None] * len(people)
    engines[1].dispose()
    report = book.audit()
    assert (report.broken, report.lines["change"].lines) == (None, 6 * 8)


def test_views_of_the_release_before_are_no_fault(book: CaseBook, engine: Engine) -> None:
    book.save_view("ana", "Urgent", URGENT)
    with engine.begin() as connection:
        connection.execute(delete(CHANGE))
        connection.execute(update(HEAD).values(last_number=0, last_hash=None))
    assert book.audit().broken is None
    book.save_view("ana", "Urgent", MINE)
    assert book.changes().items[0].before == {"query": {"overdue": True, "sort": "due"}, "shared": False}
    assert book.audit().broken is None


@pytest.mark.parametrize("column", CHANGE.c.keys())
@pytest.mark.usefixtures("logged")
def test_no_column_of_a_change_is_changed_unseen(engine: Engine, column: str) -> None:
    for number in (1, 3, 5, 7):
        with tampering(engine) as connection:
            row = connection.execute(select(CHANGE).where(CHANGE.c.number == number)).one()
            value = 99 if column == "number" else changed(CHANGE, column, getattr(row, column))
            connection.execute(update(CHANGE).where(CHANGE.c.number == number).values({column: value}))
            broken = verify_case_log(connection).broken
            assert broken is not None, f"{column} of line {number} was changed to {value!r}"
            assert broken.place.startswith("desk_change")


@pytest.mark.parametrize("column", ["last_number", "last_hash"])
@pytest.mark.usefixtures("logged")
def test_no_end_of_the_log_is_changed_unseen(engine: Engine, column: str) -> None:
    with tampering(engine) as connection:
        row = connection.execute(select(HEAD)).one()
        connection.execute(update(HEAD).values({column: changed(HEAD, column, getattr(row, column))}))
        broken = verify_case_log(connection).broken
        assert broken is not None
        assert broken.place == "desk_change"


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.usefixtures("logged")
def test_no_change_is_removed_unseen(engine: Engine, number: int) -> None:
    with tampering(engine) as connection:
        connection.execute(delete(CHANGE).where(CHANGE.c.number == number))
        assert verify_case_log(connection).broken is not None


@pytest.mark.usefixtures("logged")
def test_change_slipped_in_or_moved_is_found(engine: Engine) -> None:
    with tampering(engine) as connection:
        row = columns_of(CHANGE, connection.execute(select(CHANGE).where(CHANGE.c.number == 7)).one())
        connection.execute(insert(CHANGE).values(**{**row, "number": 8}))
        assert verify_case_log(connection).broken is not None
    with tampering(engine) as connection:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            connection.execute(update(CHANGE).where(CHANGE.c.number == old).values(number=new))
        assert verify_case_log(connection).broken is not None


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE saved_view SET query = '{}' WHERE subject = 'ana'", 5),
        ("UPDATE saved_view SET query = '[' WHERE subject = 'ana'", 5),
        ("UPDATE saved_view SET shared_at = saved_at WHERE subject = 'ben'", 4),
        ("UPDATE saved_view SET name = 'Calm' WHERE subject = 'ben'", 4),
        ("DELETE FROM saved_view WHERE subject = 'ana'", 5),
        (
            "INSERT INTO saved_view (subject, name, query, saved_at) "
            "SELECT subject, 'Old', query, saved_at FROM saved_view WHERE subject = 'ben'",
            7,
        ),
    ],
)
@pytest.mark.usefixtures("logged")
def test_view_that_is_not_as_logged_is_named(engine: Engine, statement: str, line: int) -> None:
    with tampering(engine) as connection:
        assert connection.execute(text(statement)).rowcount == 1
        broken = verify_case_log(connection).broken
    assert broken is not None
    assert (broken.seq, broken.reason) == (line, f"what is there now is not what line {line} says")
    assert broken.place.startswith("saved_view '")


def test_rewritten_log_differs_from_its_anchor(logged: CaseBook, engine: Engine) -> None:
    """Whoever rewrites every hash leaves an intact chain, and another one than was anchored."""
    anchored = logged.audit().lines["change"].digests[7]
    again: list[Callable[[], object]] = [
        lambda: logged.save_view("mallory", "Urgent", URGENT),
        *(lambda each=each: logged.save_view("mallory", f"{each}", MINE) for each in range(6)),
    ]
    with engine.begin() as connection:
        connection.execute(delete(CHANGE))
        connection.execute(update(HEAD).values(last_number=0, last_hash=None))
    for each in again:
        each()
    report = logged.audit(anchored_lines={"change": (7,)})
    assert (report.broken, report.lines["change"].lines) == (None, 7)
    assert report.lines["change"].digests[7] != anchored
