"""Keeps files private to the user of the process: they contain personal data."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps in files beside a database."""


def keep_private() -> None:
    """What this process makes is for its user alone. To be called once, before anything is made."""
    os.umask(_OTHERS)


def close_to_others(databases: Iterable[Path]) -> None:
    """Databases of ours are for their user alone, if others could open them; what SQLite keeps beside them, too.

    To be called once a file is known to be ours: a setting may name another program's file by mistake. A file that
    is not there, or not this user's, stays as it is.
    """
    for path in (Path(f"{database}{end}") for database in databases for end in _BESIDE):
        with suppress(FileNotFoundError, PermissionError):
            mode = path.stat().st_mode
            if mode & _OTHERS:
                path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
