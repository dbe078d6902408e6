"""No row that people rely on is changed, removed, added or moved unseen, and the audit names the first that was."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, and_, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from casebook.audit.verify import ORPHANS, audit_case, verify_case_log
from casebook.case_log.hash_chain import BrokenLink
from casebook.database.engine import for_writing
from casebook.schema.base import Base
from contracts.journal import JournalEntry
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    NOON,
    open_case,
)

TABLES = ("case", *ORPHANS)

UNBOUND = {
    ("case", "scheduled_at"),
    ("case", "claimed_at"),
    ("case", "claim_expires_at"),
    ("decision", "delivered_at"),
    ("reversal", "scheduled_at"),
}
"""Delivery acknowledgements and the end of a claim: columns that are not audited."""


@contextmanager
def tampering(engine: Engine) -> Generator[Connection]:
    """A connection whose changes are seen by what is verified in it, and undone at the end."""
    with for_writing(engine).connect() as connection:
        yield connection
        connection.rollback()


def another(value: object) -> object:
    """A value of the same kind that says something else."""
    match value:
        case None | "":
            return "mallory"
        case str() if value[:1] in "{[":
            said = json.loads(value)
            return json.dumps({**said, "mallory": 1} if isinstance(said, dict) else [*said, "mallory"])
        case str():
            return value[:-1] + ("0" if value[-1] != "0" else "1")
        case bytes():
            return value + b"!"
        case datetime():
            return value + timedelta(microseconds=1)
        case int() | float():
            return value + 1
        case _:
            raise AssertionError(f"no other value of {type(value)}")


def key_of(table: Table, row: Row[Any]) -> ColumnElement[bool]:
    return and_(*(column == getattr(row, column.name) for column in table.primary_key))


def rows_in(connection: Connection, table: Table) -> list[Row[Any]]:
    return list(connection.execute(select(table).order_by(*table.primary_key)).all())


def columns_of(table: Table, row: Row[Any]) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in table.c}


def changed(table: Table, column: str, value: object) -> object:
    if value is None:
        kind = table.c[column].type.python_type
        return {datetime: NOON, int: 1, float: 0.5}.get(kind, "mallory")
    return another(value)


@pytest.mark.usefixtures("case")
def test_whole_story_is_intact_and_fully_counted(book: CaseBook, engine: Engine):
    with engine.connect() as connection:
        held = sum(len(rows_in(connection, Base.metadata.tables[name])) for name in TABLES if name != "case_event")
        everything = {name: len(rows_in(connection, Base.metadata.tables[name])) for name in TABLES}
    assert all(everything.values()), everything

    report = book.audit()

    assert report.broken is None
    assert (report.cases, report.events, report.rows) == (5, book.last_seq(), held)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.usefixtures("case")
def test_no_column_of_any_row_is_changed_unseen(book: CaseBook, engine: Engine, name: str):
    table = Base.metadata.tables[name]
    refused: list[str] = []
    with engine.connect() as connection:
        row = max(rows_in(connection, table), key=lambda row: len([value for value in row if value is not None]))
    for column in table.c:
        if (name, column.name) in UNBOUND:
            continue
        with tampering(engine) as connection:
            value = changed(table, column.name, getattr(row, column.name))
            try:
                connection.execute(update(table).where(key_of(table, row)).values({column.name: value}))
            except (DBAPIError, StatementError):
                refused.append(column.name)
                continue
            broken = verify_case_log(connection).broken
            assert broken is not None, f"{name}.{column.name} was changed to {value!r}"
            assert broken.reason
    assert len(refused) < len(table.c) - 1, "the database itself refuses only what keys forbid"


@pytest.mark.parametrize("name", [name for name in TABLES if name != "case"])
@pytest.mark.usefixtures("case")
def test_no_row_is_removed_unseen(book: CaseBook, engine: Engine, name: str):
    table = Base.metadata.tables[name]
    with engine.connect() as connection:
        rows = rows_in(connection, table)
    for row in rows:
        with tampering(engine) as connection:
            try:
                without_keys(connection)
                connection.execute(delete(table).where(key_of(table, row)))
            except DBAPIError:
                continue
            broken = verify_case_log(connection).broken
            assert broken is not None, f"{row} was removed from {name}"


@pytest.mark.parametrize("name", [name for name in TABLES if name not in ("case", "case_event", "alert")])
def test_no_row_is_added_unseen(book: CaseBook, engine: Engine, name: str, case: str):
    table = Base.metadata.tables[name]
    with engine.connect() as connection:
        row = columns_of(table, rows_in(connection, table)[0])
    for column in table.primary_key:
        if column.name != "case_id":
            row[column.name] = another(row[column.name])
    row.update({"round": 9} if name in ("report", "review", "round") else {})
    row.update({"status": "superseded"} if name == "review" else {})
    row.update({"status": "failed"} if name == "reversal" else {})
    row.update({"review_id": f"{case}:r1", "case_id": case} if name == "proposal" else {})
    row.update({"recorded_seq": 1, "case_id": case} if name == "subject" else {})
    with tampering(engine) as connection:
        without_keys(connection)
        connection.execute(insert(table).values(**row))
        broken = verify_case_log(connection).broken
        assert broken is not None, f"{row} was added to {name}"


def without_keys(connection: Connection) -> None:
    """Foreign keys do not stop whoever writes into the file itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    else:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))


@pytest.mark.usefixtures("case")
def test_an_event_slipped_in_or_moved_is_found(book: CaseBook, engine: Engine):
    table = Base.metadata.tables["case_event"]
    with engine.connect() as connection:
        rows = [columns_of(table, row) for row in rows_in(connection, table)]
    with tampering(engine) as connection:
        copied = {**rows[-1], "seq": rows[-1]["seq"] + 1, "dedupe_key": "mallory"}
        connection.execute(insert(table).values(**copied))
        assert verify_case_log(connection).broken is not None
    with tampering(engine) as connection:
        first, second = rows[3]["seq"], rows[4]["seq"]
        for old, new in ((first, 10_000), (second, first), (10_000, second)):
            connection.execute(update(table).where(table.c.seq == old).values(seq=new))
        broken = verify_case_log(connection).broken
        assert broken is not None
        assert broken.seq == first
        assert broken.reason == "it does not link to the event before it in its case"


def test_two_rows_that_changed_places_are_found(book: CaseBook, engine: Engine, case: str):
    table = Base.metadata.tables["report"]
    with tampering(engine) as connection:
        one, other = (row for row in rows_in(connection, table) if (row.case_id, row.specialist) == (case, "usage"))
        for row, body in ((one, other.body), (other, one.body)):
            connection.execute(update(table).where(key_of(table, row)).values(body=body))
        broken = verify_case_log(connection).broken
        assert broken is not None
        assert (broken.case_id, broken.row) == (case, "report '1:usage'")
        assert broken.reason == f"its content is not what event {broken.seq} recorded"


def test_first_of_several_invalid_rows_is_named(book: CaseBook, engine: Engine, case: str):
    note = next(event for event in book.case_events(case) if event.type == "note_added")
    with tampering(engine) as connection:
        connection.execute(text("UPDATE decision SET verdict = 'approve' WHERE verdict = 'reject'"))
        connection.execute(text("UPDATE note SET text = 'Never called.'"))
        broken = verify_case_log(connection).broken
    assert broken == BrokenLink(
        case, note.seq, f"its content is not what event {note.seq} recorded", f"note 'note-{note.seq}'"
    )


def test_a_whole_case_that_vanished_leaves_a_gap(book: CaseBook, engine: Engine):
    cases = [open_case(book, number) for number in (1, 2, 3)]
    with tampering(engine) as connection:
        for name in ("case_event", "alert", "case"):
            connection.execute(delete(Base.metadata.tables[name]).where(text("case_id = :case")), {"case": cases[1]})
        broken = verify_case_log(connection).broken
    assert broken == BrokenLink(cases[2], 3, "event 2 is missing before it")
    with tampering(engine) as connection:
        for name in ("case_event", "alert", "case"):
            connection.execute(delete(Base.metadata.tables[name]).where(text("case_id = :case")), {"case": cases[2]})
        broken = verify_case_log(connection).broken
    assert broken == BrokenLink("", 3, "the log ends with event 2, but numbers up to 3 were given out")


def test_rehashed_event_breaks_the_next_link(book: CaseBook, engine: Engine, case: str):
    with engine.connect() as connection:
        audited = audit_case(connection, case)
    assert (audited.broken, audited.head) == (None, book.case_events(case)[-1].hash)
    assert audited.events == tuple(book.case_events(case))
    assert book.audit_case(case) == audited


def test_spend_recorded_after_the_close_stays_under_the_audit(book: CaseBook, engine: Engine, case: str):
    use = ModelUse(round=2, agent="usage", model="m-1", input_tokens=5, output_tokens=1, cost_usd=None)
    book.save_journal(case, [JournalEntry("r2-usage-m1", "{}", use)])
    assert book.audit().broken is None
    for statement in ("DELETE FROM model_call WHERE number = 5", "DELETE FROM model_call", "DELETE FROM model_spend"):
        with tampering(engine) as connection:
            connection.execute(text(statement))
            broken = audit_case(connection, case).broken
            assert broken is not None
            assert (broken.row or "").startswith("model_")


def test_a_forged_journal_is_given_away_by_the_log(book: CaseBook, engine: Engine, case: str):
    with tampering(engine) as connection:
        connection.execute(text("DELETE FROM model_call"))
        connection.execute(text("DELETE FROM model_spend"))
        connection.execute(text('UPDATE "case" SET journal_entries = 0, journal_hash = NULL'))
        broken = audit_case(connection, case).broken
        assert broken is not None
        assert (broken.row, broken.reason) == ("model_call '1'", "it is missing")
