"""Opens the database file: one owner, the right schema, one sentence when it cannot be used."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO

from local.scheduler.errors import CannotOpen
from runtime.files import close_to_others

APPLICATION_ID = 0x43575344  # "CWSD"
SCHEMA_VERSION = 2
FILE_NAME = "scheduler.db"
BUSY_MILLISECONDS = 10_000
LOCK = "scheduler.lock"
CACHE_KIB = 4 * 1024
# fdatasync is enough (the log's length is metadata that it writes too) but not every system has it.
_force = getattr(os, "fdatasync", os.fsync)

KEYS_PER_START = 36  # bits: each start of the scheduler gets its own range of row keys


class Database:
    """The open file: the writer's connection, the file's lock, and a way to make the log durable.

    SQLite runs with `synchronous=NORMAL`: a commit is written to the log, and `flush` forces the log to disk. That is
    what `synchronous=FULL` does as well, only that here many commits share one flush.
    """

    def __init__(self, folder: Path) -> None:
        """Opens or creates the database in `folder`; raises CannotOpen with the sentence to show."""
        self.folder = folder
        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = self._own(folder)
        except OSError as error:
            raise CannotOpen(
                f"The data folder '{folder}' cannot be used ({error.strerror}): choose another."
            ) from error
        try:
            self.connection = self._open()
        except sqlite3.Error as error:
            self._lock.close()
            raise self._explain(error) from error
        except CannotOpen:
            self._lock.close()
            raise
        self._log = os.open(f"{self.path}-wal", os.O_RDONLY)
        self._sync_folder()

    def _own(self, folder: Path) -> IO[str]:
        lock = (folder / LOCK).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise CannotOpen(
                f"Another scheduler already uses the data folder '{folder}': stop it, or choose another folder."
            ) from None
        return lock

    def _explain(self, error: sqlite3.Error) -> CannotOpen:
        if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
            return CannotOpen(f"The disk with '{self.path}' is full: free some space and start again.")
        return CannotOpen(
            f"'{self.path}' is not a database this scheduler can read ({error}): "
            "restore it from a copy, or move it away to start empty."
        )

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=256)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        empty = not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if not empty and owner != APPLICATION_ID:
            raise CannotOpen(f"'{self.path}' belongs to another program: move it away, or choose another data folder.")
        if not empty and version != SCHEMA_VERSION:
            raise CannotOpen(
                f"'{self.path}' has schema version {version}, this scheduler knows {SCHEMA_VERSION}: "
                "start the version that wrote it, or choose another data folder."
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        if empty:
            connection.executescript(
                f"BEGIN IMMEDIATE; {_sql('schema')}; PRAGMA application_id = {APPLICATION_ID}; "
                f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        connection.executescript(f"BEGIN IMMEDIATE; {_sql('schema_later')}; COMMIT;")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO meta (name, value) VALUES ('starts', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
        )
        self.starts = int(connection.execute("SELECT value FROM meta WHERE name = 'starts'").fetchone()[0])
        connection.execute("COMMIT")
        close_to_others([self.folder, self.path, self.folder / LOCK])
        return connection

    def _sync_folder(self) -> None:
        os.fsync(self._log)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @property
    def first_key(self) -> int:
        """The start of the key range of this run."""
        return self.starts << KEYS_PER_START

    def flush(self) -> None:
        """Forces every commit so far to disk; raises OSError when the disk will not take it."""
        _force(self._log)

    def log_bytes(self) -> int:
        """Size of the write-ahead log."""
        return os.fstat(self._log).st_size

    def shrink_log(self) -> None:
        """Moves the log into the file and empties it, unless a long read is under way."""
        self.connection.execute("PRAGMA busy_timeout = 50")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")

    def reader(self) -> sqlite3.Connection:
        """A connection for reading only, usable from one other thread."""
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        connection.execute("PRAGMA cache_size = -2048")
        return connection

    def checkpointer(self) -> sqlite3.Connection:
        """A connection that moves the log into the file, from another thread."""
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def close(self) -> None:
        """Closes the file and lets go of the folder."""
        self.connection.close()
        os.close(self._log)
        self._lock.close()


def _sql(name: str) -> str:
    return (Path(__file__).parent.parent / f"{name}.sql").read_text(encoding="utf-8")
