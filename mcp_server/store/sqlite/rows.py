"""Records to rows and back: a column per field, lists as JSON text."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from contracts.base import Contract

RecordT = TypeVar("RecordT", bound=Contract)

_JSON_COLUMNS = frozenset({"usual_countries", "usual_devices", "roaming_countries", "payments", "topics"})


def to_row(record: Contract) -> dict[str, Any]:
    """The fields of `record` as values that SQLite stores."""
    return {
        name: json.dumps(value, ensure_ascii=False) if name in _JSON_COLUMNS else value
        for name, value in record.model_dump(mode="json").items()
    }


def instant_text(instant: datetime) -> str:
    """An instant as the store keeps it: ISO 8601 in UTC, whole seconds, so that it sorts as text."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def insert(connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert `rows`, which all have the same columns. Returns how many there were."""
    materialised = list(rows)
    if not materialised:
        return 0
    columns = list(materialised[0])
    values = ", ".join(f":{column}" for column in columns)
    # Table and column names come from this package, never from a caller of a tool.
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608
    connection.executemany(statement, materialised)
    return len(materialised)


def select(
    connection: sqlite3.Connection, record: type[RecordT], table: str, tail: str, parameters: Sequence[Any]
) -> tuple[RecordT, ...]:
    """All rows of `table` that `tail` (WHERE, ORDER BY, LIMIT) leaves, as `record`s."""
    columns = tuple(record.model_fields)
    lists = [column for column in columns if column in _JSON_COLUMNS]
    statement = f"SELECT {', '.join(columns)} FROM {table} {tail}"  # noqa: S608 - as above
    rows = [dict(zip(columns, row, strict=True)) for row in connection.execute(statement, parameters)]
    for column in lists:
        for row in rows:
            row[column] = json.loads(row[column])
    return tuple([record.model_validate(row) for row in rows])
