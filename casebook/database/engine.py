"""Opens the database and migrates it to the current schema."""

import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from casebook.database.database_file import DatabaseFile
from casebook.database.driver_errors import BUSY_TIMEOUT_S, place_of, translate_driver_errors
from casebook.errors import (
    CasebookEmpty,
    CasebookForeign,
    CasebookNewer,
    CasebookUnavailable,
    CasebookUnwritable,
    CasebookUrlInvalid,
)
from runtime.files import close_to_others

if TYPE_CHECKING:
    from alembic.config import Config

APPLICATION_ID = 0x43574342
"""`CWCB` in the SQLite header: distinguishes a casebook from another program's file."""

VERSION_TABLE = "casebook_version"

SERVERS = ("postgresql", "cockroachdb")
CONNECT_TIMEOUT_S = 5
"""How long a server has to answer to a new connection."""

_WRITES = "casebook_writes"
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "cockroachdb+psycopg": "cockroachdb",
}
_MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic hands the migration its context through module globals, so one process upgrades one database at a time.
_alembic_in_use = threading.Lock()


def open_engine(url: str) -> Engine:
    """An engine for `url`: `sqlite:///path`, `postgresql://…` or `cockroachdb://…`; a SQLite file's folder is created.

    Raises CasebookUrlInvalid for a URL that names no usable database, CasebookUnwritable when the folder
    cannot be created. Connects to nothing yet: call `upgrade` before use.
    """
    # It may hold a password, and nobody can say where: nothing of it is quoted.
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise CasebookUrlInvalid(
            "CASEBOOK_URL is no database URL: write for example sqlite:///.casewright/casebook.db."
        ) from None
    if "@" in (parsed.host or ""):
        raise CasebookUrlInvalid("CASEBOOK_URL has two '@' before its host: write %40 for one in a password.")
    try:
        return _open_sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _open_server(parsed)
    except (ArgumentError, ValueError, TypeError):
        raise CasebookUrlInvalid(
            "CASEBOOK_URL holds an option after '?' that its driver does not understand: correct it or leave it out."
        ) from None


def for_writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock at once.

    A SQLite transaction that reads first and writes later can find that another has written in between,
    and then fails at once whatever the busy timeout; BEGIN IMMEDIATE queues it instead.
    """
    return engine.execution_options(**{_WRITES: True})


def for_reading(engine: Engine) -> Engine:
    """The same engine, whose transactions see one snapshot however many statements they run."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def upgrade(engine: Engine) -> None:
    """Bring the schema to this release. Safe when several processes do it at once; does nothing when it is current.

    Raises a CasebookUnavailable that says in one sentence what to mend: CasebookNewer for another release's
    database, CasebookForeign for another program's, CasebookCorrupt for a damaged file, CasebookUnwritable.
    None of these changes the file. A file that is a casebook is closed to other users.
    """
    with translate_driver_errors(engine), _alembic_in_use:
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                _refuse_foreign(connection)
            _enter_wal(engine)
        with for_writing(engine).begin() as connection:
            _wait_for_other_upgraders(connection)
            if engine.dialect.name != "sqlite":
                _refuse_foreign_tables(connection)
            _migrate(connection)
        if engine.dialect.name == "sqlite" and engine.url.database:
            close_to_others([Path(engine.url.database)])


def require_current(engine: Engine) -> None:
    """Return if the database has this release's schema; change nothing.

    Raises a CasebookUnavailable: CasebookForeign for what is no casebook, CasebookEmpty, CasebookNewer, or one that
    says that this release has yet to upgrade it.
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with translate_driver_errors(engine), _alembic_in_use, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        applied = context.get_current_revision()
        script = ScriptDirectory.from_config(_alembic_config(connection))
        if applied == script.get_current_head():
            return
        place = place_of(engine.url)
        if applied is None:
            raise CasebookForeign(place) if inspect(connection).get_table_names() else CasebookEmpty(place)
        if applied not in {known.revision for known in script.walk_revisions()}:
            raise CasebookNewer(place, applied)
        raise CasebookUnavailable(
            f"The casebook '{place}' was last used by an earlier release (schema '{applied}'): start this one once."
        )


def _open_server(url: URL) -> Engine:
    name = _DRIVERS.get(url.drivername, url.drivername)
    try:
        if name == "cockroachdb":
            from casebook.database.cockroach import make_known

            make_known()
        engine = create_engine(
            url.set(drivername=name),
            # A server that was restarted is noticed before a statement is sent to it.
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=24,
            hide_parameters=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "casewright"},
        )
    except (NoSuchModuleError, ModuleNotFoundError) as missing:
        raise CasebookUrlInvalid(
            f"CASEBOOK_URL needs a driver for '{url.drivername}' that is not installed ({missing})."
        ) from None
    if engine.dialect.name not in SERVERS:
        raise CasebookUrlInvalid(
            f"CASEBOOK_URL names a '{engine.dialect.name}' database: "
            "the casebook runs on sqlite, postgresql and cockroachdb."
        )
    _require_known_options(engine)
    return engine


def _require_known_options(engine: Engine) -> None:
    """Raises ValueError for an option that the driver would refuse when it connects."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    _, options = engine.dialect.create_connect_args(engine.url)
    try:
        make_conninfo(**{name: value for name, value in options.items() if name != "context"})
    except ProgrammingError:
        raise ValueError from None


def _open_sqlite(url: URL) -> Engine:
    if not url.database or ":memory:" in url.database or url.query.get("mode") == "memory":
        raise CasebookUrlInvalid(
            "CASEBOOK_URL must name a file, for example sqlite:///.casewright/casebook.db: "
            "a database in memory cannot be shared by worker and backend."
        )
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise CasebookUrlInvalid(f"CASEBOOK_URL must begin with sqlite:///, not with '{url.drivername}:'.")
    path = Path(url.database)
    if not url.database.startswith("file:"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as refused:
            raise CasebookUnwritable(url.database, refused.strerror or str(refused)) from None
    engine = create_engine(
        url,
        poolclass=QueuePool,
        # One per thread of a busy worker: a connection is in use only for milliseconds.
        pool_size=8,
        max_overflow=120,
        # An error that nobody foresaw goes to the log, where no secret and no text of a person may stand.
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_S},
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    _keep_to_one_file(engine, DatabaseFile(url))
    return engine


def _keep_to_one_file(engine: Engine, file: DatabaseFile) -> None:
    def before_connecting(*_: object) -> None:
        # SQLite would make a new, empty file where the casebook is gone.
        file.require()

    def connected(connection: Any, _record: Any) -> None:
        file.note(connection)

    def before_commit(connection: Connection) -> None:
        if _writes(connection):
            file.require()

    event.listen(engine, "do_connect", before_connecting)
    event.listen(engine, "connect", connected)
    event.listen(engine, "commit", before_commit)


def _prepare_connection(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN comes too late and never IMMEDIATE; `_begin` replaces it.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # NORMAL may lose the newest commits when the machine loses power. The orchestration would remember a step
    # that the casebook forgot, and a person would have read "accepted" about a decision that is lost.
    # FULL costs one fsync per transaction, of which an investigation has twelve until its review.
    connection.execute("PRAGMA synchronous = FULL")
    # What was erased is overwritten, and not only marked as free. Many builds do so by default.
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _writes(connection: Connection) -> bool:
    return connection.get_execution_options().get(_WRITES, False)


def _enter_wal(engine: Engine) -> None:
    """Readers and the writer never wait for each other. The mode stays with the file."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        connection = engine.raw_connection()
        try:
            mode = connection.cursor().execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError:
            # SQLite does not apply its busy timeout here: another process may be switching at this instant.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
            continue
        finally:
            connection.close()
        if mode != "wal":
            raise CasebookUnavailable(
                f"The casebook '{engine.url.database}' is on a file system without shared memory: use a local disk."
            )
        return


def _refuse_foreign(connection: Connection) -> None:
    marked = connection.execute(text("PRAGMA application_id")).scalar_one()
    if marked == APPLICATION_ID:
        return
    if marked != 0 or inspect(connection).get_table_names():
        raise CasebookForeign(connection.engine.url.database or "")


def _refuse_foreign_tables(connection: Connection) -> None:
    """On a server, a casebook may share its database with others, but not the names of its tables."""
    known = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in known and "case" in known:
        raise CasebookForeign(place_of(connection.engine.url))


def _wait_for_other_upgraders(connection: Connection) -> None:
    # On SQLite, BEGIN IMMEDIATE has already done it.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPLICATION_ID})


def _alembic_config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = _alembic_config(connection)
    script = ScriptDirectory.from_config(config)
    applied = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    if applied == script.get_current_head():
        return
    if applied is not None and applied not in {known.revision for known in script.walk_revisions()}:
        raise CasebookNewer(place_of(connection.engine.url), applied)
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
