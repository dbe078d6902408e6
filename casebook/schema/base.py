"""What all tables share. Large records are JSON text; what is searched or sorted by has its own column."""

from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from sqlalchemy import (
    DateTime,
    Dialect,
    MetaData,
    Row,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass

from casebook.errors import UnstorableText

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTimestamp(TypeDecorator[datetime]):
    """A point in time, always UTC, to the microsecond; SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A point in time needs an offset: use datetime.now(UTC), never a naive datetime.")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class StorableText(TypeDecorator[str]):
    """Text that every database can keep. PostgreSQL knows no NUL, so none is written or asked for anywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 the base's
        if value is not None and "\0" in value:
            raise UnstorableText
        return value


class Base(MappedAsDataclass, DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: StorableText(), datetime: UtcTimestamp()}  # noqa: RUF012 - SQLAlchemy reads it as declared


PlainRow: TypeAlias = Row[*tuple[Any, ...]]
"""Columns under their names, and no object to keep track of: where many rows are only read."""


def table_of(row: type[Base]) -> Table[Any]:
    """The table behind a class, for statements that need no objects."""
    return cast("Table[Any]", row.__table__)
