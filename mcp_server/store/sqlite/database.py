"""The SQLite file: created once and completely, read by many threads, written by one at a time."""

import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path

from mcp_server.store.errors import StoreUnavailable, StoreUnusable
from mcp_server.store.sqlite.migrations import MIGRATIONS
from runtime.files import close_to_others

APPLICATION_ID = 0x43575331  # "CWS1": tells a customer store from any other SQLite file
SCHEMA_VERSION = 3
BUSY_TIMEOUT_S = 10.0
SEEDING_TIMEOUT_S = 60.0
"""How long one process waits while another makes the store."""


def nothing() -> None:
    """The hook that does nothing."""


class Database:
    """Connections to one customer-store file in WAL mode, each transaction synced to disk when it commits.

    The file and its folder are made when absent: schema and data in one transaction, so that a crash leaves an
    empty file, which the next start fills, and two processes that start together make one store. Raises
    `StoreUnusable` when that is impossible or the file is something else. `before_commit` and
    `after_commit` are called around the commit of every write, for tests that crash there.
    """

    def __init__(
        self,
        path: Path,
        fill: Callable[[sqlite3.Connection], None],
        *,
        before_commit: Callable[[], None] = nothing,
        after_commit: Callable[[], None] = nothing,
    ) -> None:
        self._path = path
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._closed = False
        _prepare(path, fill)
        self._file = _file_id(path)

    @contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """One consistent snapshot. Raises `StoreUnavailable` when the file cannot be read."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Generator[sqlite3.Connection]:
        """One transaction, on disk when this returns and undone when the body raises.

        Raises `StoreUnavailable` when the file cannot be written; nothing was changed then.
        """
        with self._write_lock, self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                self._before_commit()
                # A write into a deleted file succeeds, and is lost with this process.
                self._require_same_file()
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            self._after_commit()

    def close(self) -> None:
        """Close idle connections now and those in use when they come back."""
        with self._idle_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        with self._idle_lock:
            connection = self._idle.pop() if self._idle else None
        try:
            if connection is None:
                # SQLite would make a new, empty file where the store is gone.
                self._require_same_file()
                connection = _connect(self._path)
            yield connection
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(str(error)) from error
        finally:
            if connection is not None:
                self._give_back(connection)

    def _require_same_file(self) -> None:
        if _file_id(self._path) != self._file:
            raise StoreUnavailable("its file was taken away: put it back, or start the tool server anew")

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._idle_lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()


def _file_id(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _prepare(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=SEEDING_TIMEOUT_S, isolation_level=None)) as connection:
            if not _is_ready(connection, path):
                _make_ready(connection, path, fill)
            connection.execute("PRAGMA journal_mode = WAL")
            close_to_others([path])
    except (OSError, sqlite3.OperationalError) as error:
        raise _cannot_write(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _not_a_store(path) from error


def _make_ready(connection: sqlite3.Connection, path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have made the store, or migrated it, while this one waited for the lock.
        if not _is_ready(connection, path):
            version = _version(connection)
            if version is None:
                _create(connection, fill)
            else:
                for step in range(version, SCHEMA_VERSION):
                    MIGRATIONS[step](connection)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _create(connection: sqlite3.Connection, fill: Callable[[sqlite3.Connection], None]) -> None:
    for statement in _schema_statements():
        connection.execute(statement)
    fill(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _version(connection: sqlite3.Connection) -> int | None:
    """The schema version of a customer store; None for a file that is none."""
    application_id: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version if application_id == APPLICATION_ID else None


def _is_ready(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is a store of this version; False for an empty file, and for a store that can be migrated.

    Else raises `StoreUnusable`.
    """
    version = _version(connection)
    if version == SCHEMA_VERSION:
        return True
    if version in MIGRATIONS:
        return False
    if version is not None:
        raise StoreUnusable(
            f"The customer store {path} has schema version {version} and this program needs {SCHEMA_VERSION}: "
            "use the release that made it, or set CUSTOMER_STORE_PATH to another file."
        )
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise _not_a_store(path)
    return False


def _schema_statements() -> Iterator[str]:
    """The statements of schema.sql one by one: `executescript` would commit the transaction that it runs in."""
    statement = ""
    for line in (
        resources.files("mcp_server.store.sqlite").joinpath("schema.sql").read_text("utf-8").splitlines(keepends=True)
    ):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _not_a_store(path: Path) -> StoreUnusable:
    return StoreUnusable(
        f"{path} is not a customer store and is left as it is: set CUSTOMER_STORE_PATH to another file."
    )


def _cannot_write(path: Path, error: Exception) -> StoreUnusable:
    return StoreUnusable(
        f"The customer store {path} cannot be opened for writing ({error}): "
        "give this user the right to write there, or set CUSTOMER_STORE_PATH to another file."
    )
