"""Writes the changes of an event to the tables: one statement per change, built once."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from typing import Any, TypeAlias

from pydantic import BaseModel
from sqlalchemy import Connection, Delete, Insert, Update, bindparam, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from casebook.projection import changes as projected
from casebook.projection.changes import Change, Columns, Content, ProjectedTable

Contents: TypeAlias = Mapping[str, Mapping[str, Any]]
"""By the hash of a row's content that an event does not say: the columns that hold it."""

_OF = "of_"
"""Begins the names of parameters that rows are found by."""


def write_changes(connection: Connection, case_id: str, changes: Iterable[Change], contents: Contents) -> None:
    """Write them in their order. Rows of one table that follow each other are inserted together."""
    for table, run in groupby(changes, key=_inserted_into):
        if table is not None:
            rows = [{"case_id": case_id, **_row(each, contents)} for each in run]
            connection.execute(_insert(table), rows)
            continue
        for change in run:
            _write(connection, case_id, change, contents)


def _inserted_into(change: Change) -> ProjectedTable | None:
    return change.into if isinstance(change, projected.Insert) else None


def _row(change: Change, contents: Contents) -> dict[str, Any]:
    assert isinstance(change, projected.Insert)
    return {**_plain(change.columns), **_content(change.into, change.content, contents)}


def _write(connection: Connection, case_id: str, change: Change, contents: Contents) -> None:
    match change:
        case projected.Insert():
            raise AssertionError("inserted with its like")
        case projected.Put(table, key, columns, first, content):
            said = _content(table, content, contents)
            row = {"case_id": case_id, **_plain({**key, **first, **columns}), **said}
            kept = () if not columns else (*columns, *said)
            connection.execute(_put(connection.dialect.name, table, kept), row)
        case projected.Update(table, where, columns, content):
            found = {_OF + name: value for name, value in where.items()}
            values = {**_plain(columns), **_content(table, content, contents)}
            connection.execute(_update(table, tuple(where)), {f"{_OF}case_id": case_id, **found, **values})
        case projected.Delete(table, where):
            found = {_OF + name: value for name, value in where.items()}
            connection.execute(_delete(table, tuple(where)), {f"{_OF}case_id": case_id, **found})


def _plain(columns: Columns) -> dict[str, Any]:
    """Lists and objects as JSON."""
    return {name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in columns.items()}


def _content(table: ProjectedTable, content: Content, contents: Contents) -> Mapping[str, Any]:
    if isinstance(content, BaseModel):
        assert table.body is not None, "who has no column for its content holds it apart"
        return {table.body: content.model_dump_json()}
    return {} if content is None else contents[content]


@cache
def _insert(table: ProjectedTable) -> Insert:
    return insert(table.table)


@cache
def _put(dialect: str, table: ProjectedTable, columns: tuple[str, ...]) -> Insert:
    statement = sqlite.insert(table.table) if dialect == "sqlite" else postgresql.insert(table.table)
    key = [column.name for column in table.table.primary_key]
    if not columns:
        return statement.on_conflict_do_nothing(index_elements=key)
    return statement.on_conflict_do_update(
        index_elements=key, set_={name: statement.excluded[name] for name in columns}
    )


@cache
def _update(table: ProjectedTable, where: tuple[str, ...]) -> Update:
    columns = table.table.c
    return update(table.table).where(*(columns[name] == bindparam(_OF + name) for name in ("case_id", *where)))


@cache
def _delete(table: ProjectedTable, where: tuple[str, ...]) -> Delete:
    columns = table.table.c
    return delete(table.table).where(*(columns[name] == bindparam(_OF + name) for name in ("case_id", *where)))
