"""CockroachDB through psycopg: PostgreSQL's dialect, without what CockroachDB does not support."""

from typing import Any

from alembic.ddl.postgresql import PostgresqlImpl
from psycopg import crdb
from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

NAME = "cockroachdb"


class CockroachDialect(PGDialect_psycopg):
    """What SQLAlchemy must know of CockroachDB to run the casebook's plain statements on it."""

    name = NAME
    driver = "psycopg"
    supports_statement_cache = True

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments, use_native_hstore=False)  # pyright: ignore[reportUnknownMemberType]

    def connect(self, *arguments: Any, **keywords: Any) -> Any:
        """A connection with CockroachDB's own types."""
        return crdb.connect(*arguments, **keywords)

    def _get_server_version_info(self, connection: Connection) -> tuple[int, ...]:  # noqa: ARG002 the base's
        # Its own version says nothing about which of PostgreSQL's words it knows.
        return (13, 0)


class CockroachImpl(PostgresqlImpl):
    """What Alembic must know: its migrations are written as for PostgreSQL."""

    __dialect__ = NAME


def make_known() -> None:
    """Let URLs name this dialect."""
    registry.register(NAME, __name__, CockroachDialect.__name__)
