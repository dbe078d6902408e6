"""The key that signs sessions when no `SESSION_SECRET` is set: created once, in a file that only its owner can read."""

import os
import secrets
import tempfile
from pathlib import Path

MIN_KEY_CHARS = 32


class KeyFileUnusable(Exception):
    """The key file is unsafe or unusable; the message says why and what to do."""


def read_or_make_key(file: Path) -> str:
    """The key in `file`, which is made if it is missing. Raises KeyFileUnusable."""
    try:
        if not file.exists():
            _make(file)
        if file.stat().st_mode & 0o077:
            raise KeyFileUnusable(
                f"Others on this machine may read the key file {file}: remove it, and a new one is made."
            )
        key = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise KeyFileUnusable(
            f"The key file {file} cannot be used ({reason}): mend that, or set SESSION_SECRET or SESSION_KEY_FILE."
        ) from error
    if len(key) < MIN_KEY_CHARS:
        raise KeyFileUnusable(f"The key file {file} holds no usable key: remove it, and a new one is made.")
    return key


def _make(file: Path) -> None:
    """Write a new key so that two processes that start at once agree on one, and none reads half of it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made for its owner alone from the start.
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as written:
            written.write(secrets.token_urlsafe(48) + "\n")
        os.link(name, file)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()
