"""Recorded telemetry: a file of JSON lines, plain or gzipped."""

import gzip
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from contracts.json_objects import ObjectSplitter
from contracts.lines import Line

UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading a recording raises."""

_CHUNK_BYTES = 65_536
_GZIP_MARK = b"\x1f\x8b"


def recorded_lines(path: Path, on_position: Callable[[int], object] | None = None) -> Generator[Line]:
    """The lines and objects of a recording, read as they are asked for; gzip shows in its first bytes, not in its name.

    `on_position` is told how many bytes of the file were read. Memory does not grow with the file, nor with what a
    compressed one becomes. Raises UNREADABLE.
    """
    splitter = ObjectSplitter()
    with _opened(path) as (file, plain):
        # All that there is before a fault in the file, not whole chunks only.
        while chunk := file.read1(_CHUNK_BYTES):
            yield from splitter.feed(chunk)
            if on_position is not None:
                on_position(plain.tell())
    yield from splitter.finish()


def is_gzip(data: bytes) -> bool:
    """Whether this is the beginning of what is packed with gzip; no telemetry that is not begins so."""
    return data.startswith(_GZIP_MARK)


def file_problem(error: Exception) -> str:
    """One of UNREADABLE in a phrase."""
    match error:
        case FileNotFoundError():
            return "the file does not exist"
        case PermissionError():
            return "the file may not be read by this user"
        case IsADirectoryError():
            return "this is a folder, not a file"
        case EOFError():
            return "the compressed file is cut off"
        case gzip.BadGzipFile() | zlib.error():
            return f"the compressed file is damaged ({error})"
        case _:
            return f"the file cannot be read ({error})"


@contextmanager
def _opened(path: Path) -> Generator[tuple[BufferedReader | gzip.GzipFile, BufferedReader]]:
    """What the lines are read from, and the file itself."""
    # Opened once, and looked into without taking anything: it may be a pipe.
    with path.open("rb") as plain:
        if is_gzip(plain.peek(len(_GZIP_MARK))):
            with gzip.GzipFile(fileobj=plain, mode="rb") as unpacked:
                yield unpacked, plain
        else:
            yield plain, plain
