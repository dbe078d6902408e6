"""The open file of a SQLite engine: detects that its path now leads to another file, or to none."""

from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import URL

from casebook.errors import CasebookReplaced

_FileId = tuple[int, int]


class DatabaseFile:
    """Which file was opened first, and whether it is still the one at its path.

    What is written into a file without a name is gone with the process that has it open. The same file, moved back,
    is good again.
    """

    def __init__(self, url: URL) -> None:
        # A URI may hold the path in other words: SQLite says what it made of it.
        is_uri = url.database is not None and url.database.startswith("file:")
        self._path = None if is_uri or url.database is None else Path(url.database).absolute()
        self._opened: _FileId | None = None
        self._lock = Lock()

    def note(self, connection: Any) -> None:
        """A connection of the driver was opened."""
        with self._lock:
            if self._opened is None:
                if self._path is None:
                    self._path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
                self._opened = _id_of(self._path)

    def require(self) -> None:
        """Raise CasebookReplaced unless the path still leads to the file that was opened."""
        if self._opened is None or self._path is None:
            return
        found = _id_of(self._path)
        if found != self._opened:
            raise CasebookReplaced(str(self._path), is_gone=found is None)


def _id_of(path: Path) -> _FileId | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
