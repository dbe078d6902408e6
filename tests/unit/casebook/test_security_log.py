"""The security log: each line once, in one chain that outlives what is purged."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, insert, select, update

from casebook.audit.verify import verify_case_log
from casebook.case_log.security_chain import WINDOW, Noted, in_window
from casebook.commands import line_purge
from casebook.errors import MalformedCursor
from casebook.schema.base import Base
from casebook.security_log_api import SecurityLogApi
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON
from tests.unit.casebook.test_audit import changed, columns_of, tampering

EVENTS, HEAD = Base.metadata.tables["security_event"], Base.metadata.tables["security_log_head"]
HERE = "192.0.2.1"


def exported(hours: float, subject: str = "ana") -> Noted:
    return Noted(NOON + timedelta(hours=hours), "exported", "done", subject, HERE, f"case-{hours}", detail={"n": 1})


@pytest.fixture
def log(book: CaseBook) -> SecurityLogApi:
    return SecurityLogApi(book.transactions)


@pytest.fixture
def noted(log: SecurityLogApi) -> SecurityLogApi:
    """Six lines, an hour apart, and three of them purged, which the seventh says."""
    log.note([exported(hour, "ana" if hour % 2 else "ben") for hour in range(6)])
    assert log.purge(NOON + timedelta(hours=3)) == 3
    return log


def numbers(log: SecurityLogApi, subject: str | None = None) -> list[int]:
    return [each.number for each in log.list(subject).items]


def test_same_refusal_within_a_minute_is_one_line(log: SecurityLogApi):
    def refused(second: int, address: str = HERE) -> Noted:
        at = NOON + timedelta(seconds=second)
        return in_window(at, "access_refused", "refused", "vera", address, "POST /api/cases/bulk", "not-allowed")

    for second in range(0, 120, 5):
        log.note([refused(second), refused(second)])
    log.note([refused(3, "192.0.2.9")])
    assert [(each.at, each.address) for each in log.list().items] == [
        (NOON, HERE),
        (NOON + WINDOW, HERE),
        (NOON + timedelta(seconds=3), "192.0.2.9"),
    ]
    assert log.note([]) == 0


def test_list_is_narrowed_to_a_person_or_a_kind(log: SecurityLogApi):
    log.note([exported(1), exported(2, "ben"), Noted(NOON, "signed_in", "done", "ben", HERE)])
    assert numbers(log, "ben") == [2, 3]
    assert [each.number for each in log.list(kind="exported").items] == [1, 2]
    page = log.list("ben", limit=1)
    assert (page.items[0].number, page.total) == (3, 2)
    assert [each.number for each in log.list("ben", cursor=page.next_cursor).items] == [2]
    for other in (None, "ana"):
        with pytest.raises(MalformedCursor):
            log.list(other, cursor=page.next_cursor)


def test_batch_takes_four_statements(log: SecurityLogApi, engine: Engine):
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    log.note([exported(hour) for hour in range(200)])
    assert len([each for each in statements if not each.startswith(("BEGIN", "PRAGMA"))]) == 4


def test_purge_keeps_the_young_and_says_what_went(noted: SecurityLogApi, book: CaseBook):
    assert numbers(noted) == [4, 5, 6, 7]
    last = noted.list().items[-1]
    assert (last.kind, last.detail) == ("log_purged", {"lines": 3, "last": 3})
    assert noted.purge(NOON + timedelta(hours=3)) == 0
    report = book.audit(anchored_lines={"security": (5,)})
    audit = report.lines["security"]
    assert (report.broken, audit.purged, audit.lines, {*audit.digests}) == (None, 3, 7, {5, 7})


def test_everything_can_be_purged_but_that_it_was(noted: SecurityLogApi, book: CaseBook):
    assert noted.purge(NOON + timedelta(days=9)) == 4
    assert numbers(noted) == [8]
    assert book.audit().broken is None


def test_purge_takes_a_batch_at_a_time(log: SecurityLogApi, book: CaseBook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line_purge, "PURGED_AT_ONCE", 4)
    log.note([exported(hour) for hour in range(-6, 0)])
    assert [log.purge(NOON) for _ in range(3)] == [4, 2, 0]
    assert book.audit().broken is None


@pytest.mark.parametrize("column", EVENTS.c.keys())
@pytest.mark.usefixtures("noted")
def test_no_column_of_a_line_is_changed_unseen(engine: Engine, column: str):
    for number in (4, 6, 7):
        with tampering(engine) as connection:
            row = connection.execute(select(EVENTS).where(EVENTS.c.number == number)).one()
            value = 99 if column == "number" else changed(EVENTS, column, getattr(row, column))
            connection.execute(update(EVENTS).where(EVENTS.c.number == number).values({column: value}))
            broken = verify_case_log(connection).broken
            assert broken is not None, f"{column} of line {number} was changed to {value!r}"
            assert broken.row.startswith("security_event")


@pytest.mark.parametrize("column", ["purged_number", "purged_hash", "last_number", "last_hash"])
@pytest.mark.usefixtures("noted")
def test_no_end_of_the_log_is_changed_unseen(engine: Engine, column: str):
    with tampering(engine) as connection:
        row = connection.execute(select(HEAD)).one()
        connection.execute(update(HEAD).values({column: changed(HEAD, column, getattr(row, column))}))
        assert verify_case_log(connection).broken is not None


@pytest.mark.parametrize("number", [4, 5, 6, 7])
@pytest.mark.usefixtures("noted")
def test_no_line_is_removed_unseen(engine: Engine, number: int):
    with tampering(engine) as connection:
        connection.execute(delete(EVENTS).where(EVENTS.c.number == number))
        assert verify_case_log(connection).broken is not None


@pytest.mark.usefixtures("noted")
def test_lines_that_nobody_purged_are_missed(engine: Engine):
    """Whoever deletes more, and moves the end that is on record, leaves a log that says something else."""
    with tampering(engine) as connection:
        row: Any = connection.execute(select(EVENTS).where(EVENTS.c.number == 5)).one()
        connection.execute(delete(EVENTS).where(EVENTS.c.number <= 5))
        connection.execute(update(HEAD).values(purged_number=5, purged_hash=row.hash))
        broken = verify_case_log(connection).broken
        assert broken is not None
        assert broken.reason == "lines up to 5 are gone, but the log says so of those up to 3"


@pytest.mark.usefixtures("noted")
def test_log_without_its_ends_is_broken(engine: Engine):
    with tampering(engine) as connection:
        connection.execute(delete(HEAD))
        broken = verify_case_log(connection).broken
        assert broken is not None
        assert broken.reason == "the ends of the security log are not on record"


@pytest.mark.usefixtures("noted")
def test_line_slipped_in_is_found(engine: Engine):
    with tampering(engine) as connection:
        row = columns_of(EVENTS, connection.execute(select(EVENTS).where(EVENTS.c.number == 7)).one())
        connection.execute(insert(EVENTS).values(**{**row, "number": 8, "once": "mallory"}))
        assert verify_case_log(connection).broken is not None
