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


def close_to_others(paths: Iterable[Path]) -> None:
    """Files and folders of ours are for their user alone, if others could open them.

    What SQLite keeps beside a database, too. To be called once a file is known to be ours: a setting may name another
    program's file by mistake. What is not there, is not this user's or cannot be changed stays as it is, and so does a
    folder in which everybody may make files, such as `/tmp`.
    """
    for path in (Path(f"{given}{end}") for given in paths for end in _BESIDE):
        # Nobody's start fails for a file system that knows no modes.
        with suppress(OSError):
            found = path.stat()
            if found.st_uid == os.geteuid() and found.st_mode & _OTHERS and not found.st_mode & stat.S_ISVTX:
                path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
