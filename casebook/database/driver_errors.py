"""Translates errors of database drivers to errors of the casebook. No message contains a password."""

import os
import re
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from casebook.errors import (
    CasebookCorrupt,
    CasebookFull,
    CasebookMissing,
    CasebookRefused,
    CasebookTooSlow,
    CasebookUnavailable,
    CasebookUnwritable,
)

BUSY_TIMEOUT_S = 30.0
"""How long a SQLite writer waits for its turn before it gives up."""

UNREACHABLE = "The casebook cannot be used right now: try again, and tell whoever runs this server if it stays so."

_REFUSED = ("28000", "28P01")
_MISSING = ("3D000",)
_FULL = ("53100",)
_ENDED = ("57014",)
_UNWRITABLE = {
    "25006": "it is read-only or a standby, point CASEBOOK_URL at the server that is written to",
    "42501": "give the user of CASEBOOK_URL the right to write its tables",
}
_NEVER_UPGRADED = ("42P01", "42703")

# A connection that is refused raises no error of its own class: only the server's words tell why.
_WORDS: Sequence[tuple[str, str]] = (
    (r"password authentication failed|no password supplied|no pg_hba\.conf entry|role .* does not exist", "28P01"),
    (r"database .* does not exist", "3D000"),
)


def place_of(url: URL) -> str:
    """Which database a URL names, for people to read: without user and password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    server = f"{url.host}:{url.port}" if url.host and url.port else url.host or url.query.get("host", "this machine")
    return f"{url.database or ''} on {server}"


def free_bytes(path: str) -> int | None:
    """How much room is left on the disk of a file, for this user; None where that is unknown."""
    try:
        disk = os.statvfs(Path(path).parent)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize


@contextmanager
def translate_driver_errors(engine: Engine) -> Generator[None]:
    """Turn what the driver raises about the database itself into the casebook's named errors."""
    try:
        yield
    except PoolTimeoutError as fault:
        raise CasebookUnavailable(
            f"The casebook '{place_of(engine.url)}' has no connection left for this: try again.",
            "The casebook has no connection left for this: try again.",
        ) from fault
    except (DBAPIError, sqlite3.Error) as fault:
        cause = fault.orig if isinstance(fault, DBAPIError) else fault
        if isinstance(cause, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            raise
        if isinstance(cause, sqlite3.Error):
            raise _of_sqlite(cause, engine.url.database or "") from fault
        named = _of_server(fault, engine.url)
        if named is None:
            raise
        raise named from fault


def _of_sqlite(cause: sqlite3.Error, path: str) -> CasebookUnavailable:
    # The low byte of an extended SQLite result code is the primary one.
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return CasebookCorrupt(path)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and free_bytes(path) == 0):
        return CasebookFull(path, str(cause))
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return CasebookUnwritable(path, str(cause))
    if code == sqlite3.SQLITE_INTERRUPT:
        return CasebookTooSlow(path)
    if code == sqlite3.SQLITE_IOERR:
        return CasebookUnavailable(
            f"The casebook '{path}' cannot be read or written ({cause}): look at the disk that it is on.", UNREACHABLE
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return CasebookUnavailable(
            f"The casebook '{path}' was held by another writer for more than {BUSY_TIMEOUT_S:.0f} seconds: try again.",
            f"The casebook was held by another writer for more than {BUSY_TIMEOUT_S:.0f} seconds: try again.",
        )
    advice = "has `upgrade` been run on it?" if "no such" in str(cause) else "try again."
    return CasebookUnavailable(f"The casebook '{path}' cannot be used ({cause}): {advice}", UNREACHABLE)


def _of_server(fault: BaseException, url: URL) -> CasebookUnavailable | None:
    """The named error, or None when the statement is at fault and not the server."""
    cause = fault.orig if isinstance(fault, DBAPIError) else fault
    said = _first_sentence(str(cause))
    state = getattr(cause, "sqlstate", None) or _state_in_words(str(cause))
    place = place_of(url)
    if state in _REFUSED:
        return CasebookRefused(place, url.username or "nobody")
    if state in _MISSING:
        return CasebookMissing(place)
    if state in _UNWRITABLE:
        return CasebookUnwritable(place, said, _UNWRITABLE[state])
    if state in _FULL:
        return CasebookFull(place, said)
    if state in _ENDED:
        return CasebookTooSlow(place)
    if state in _NEVER_UPGRADED:
        return CasebookUnavailable(
            f"The casebook '{place}' cannot be used ({said}): has `upgrade` been run on it?", UNREACHABLE
        )
    if isinstance(fault, OperationalError | InterfaceError) or getattr(fault, "connection_invalidated", False):
        return CasebookUnavailable(f"The casebook '{place}' cannot be reached ({said}).", UNREACHABLE)
    return None


def _state_in_words(said: str) -> str | None:
    return next((state for words, state in _WORDS if re.search(words, said)), None)


def _first_sentence(said: str) -> str:
    """The first line of what may be a list of attempts and advice, without what libpq says before the point."""
    line = said.strip().splitlines()[0] if said.strip() else "no reason was given"
    return re.sub(r"^(connection failed: |connection is bad: )+", "", line).rstrip(".")
