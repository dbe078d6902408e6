"""The changes of an event: rows, bound to it by their columns and by the hash of their content. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from pydantic import BaseModel, JsonValue, TypeAdapter
from sqlalchemy import Table

from casebook.schema.base import Base, PlainRow, table_of

Value: TypeAlias = JsonValue | datetime
Columns: TypeAlias = Mapping[str, Value]
Content: TypeAlias = BaseModel | str | None
"""The content of a row where its event says it, else its hash; None for a row without content."""

_AS_JSON = TypeAdapter(datetime)


def as_json(value: Value) -> JsonValue:
    """A value of a column as an event has it."""
    return _AS_JSON.dump_python(value, mode="json") if isinstance(value, datetime) else value


@dataclass(frozen=True, eq=False)
class ProjectedTable:
    """A table whose rows follow from the log: all its columns, but for those that are named here."""

    row: type[Base]
    key: tuple[str, ...]
    """The columns that name a row within its case."""
    body: str | None = "body"
    """The column of the content: JSON text whose hash is on record."""
    parsed: tuple[str, ...] = ()
    """Columns whose text is JSON."""
    hashed: tuple[str, ...] = ()
    """Further columns that no event says, but whose hash is on record."""
    unlogged: tuple[str, ...] = ()
    """Columns that are not audited, such as delivery acknowledgements."""
    name_of_key: tuple[str, str] | None = None
    """What an event and an export call the key, and how it begins; None: as its columns."""
    content_of: Callable[[PlainRow], BaseModel] | None = None
    """The content of a row that has no column for it."""

    @cached_property
    def name(self) -> str:
        """Of the table."""
        return self.row.__tablename__

    @cached_property
    def table(self) -> "Table[Any]":
        """For statements."""
        return table_of(self.row)

    @cached_property
    def bound(self) -> tuple[str, ...]:
        """The columns whose values follow from the log."""
        free = {"case_id", self.body, *self.hashed, *self.unlogged}
        return tuple(column.name for column in self.table.columns if column.name not in free)

    @cached_property
    def values_of(self) -> Callable[[Any], tuple[Any, ...]]:
        """Reads the bound columns from a row."""
        read = attrgetter(*self.bound)
        # Of one column it reads no tuple.
        return read if len(self.bound) > 1 else lambda row: (read(row),)

    def key_in(self, columns: Mapping[str, Any]) -> str:
        """The key of a row with these columns, as text."""
        prefix = "" if self.name_of_key is None else self.name_of_key[1]
        return prefix + ":".join(str(columns[name]) for name in self.key)


class Insert(NamedTuple):
    """A row that was not there."""

    into: ProjectedTable
    columns: Columns
    content: Content = None


class Put(NamedTuple):
    """A row that may be there already: then only `columns` change, and with none of them nothing does."""

    into: ProjectedTable
    key: Columns
    columns: Columns
    first: Columns
    """Columns that stay as they are once the row is there."""
    content: Content = None


class Update(NamedTuple):
    """Every row of the case with these values. Without `content` they keep theirs."""

    of: ProjectedTable
    where: Columns
    columns: Columns
    content: Content = None


class Delete(NamedTuple):
    """Every row of the case in this table, or those with these values."""

    of: ProjectedTable
    where: Columns = MappingProxyType({})


Change: TypeAlias = Insert | Put | Update | Delete
