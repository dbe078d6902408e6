"""Lines end at LF and nowhere else, however the bytes arrive and whatever encoding they are in."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from contracts.lines import MAX_LINE_BYTES, Line, LineSplitter
from contracts.recordings import recorded_lines

TEXT = "one\u2028a\u2029b\u0085c\x0bd\x0ce\rf\r\ntwo\n\nthree"
LINES = ["one\u2028a\u2029b\u0085c\x0bd\x0ce\rf\r", "two", "", "three"]


def split(data: bytes, size: int = 7) -> list[Line]:
    splitter = LineSplitter()
    lines = [line for at in range(0, len(data), size) for line in splitter.feed(data[at : at + size])]
    return [*lines, *splitter.finish()]


@pytest.mark.parametrize("size", [1, 2, 3, 64])
def test_lines_end_at_lf_alone(size: int) -> None:
    assert [line.data.decode() for line in split(TEXT.encode(), size)] == LINES


@pytest.mark.parametrize("size", [1, 3, 64])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_utf_16_and_utf_32_become_utf_8(encoding: str, size: int) -> None:
    lines = split(TEXT.encode(encoding), size)

    assert [line.data.decode().lstrip("\ufeff") for line in lines] == LINES
    assert all(line.recoded for line in lines)


def test_half_a_character_at_the_end_is_no_line() -> None:
    assert [line.data for line in split("{}\n".encode("utf-16-le") + b"\n")] == [b"{}"]


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"\n"])
def test_less_than_an_encoding_shows_in_is_read(data: bytes) -> None:
    assert [line.data for line in split(data)] == ([data.strip()] if data else [])


def test_an_endless_line_is_split_with_bounded_memory() -> None:
    splitter, lines = LineSplitter(), list[Line]()
    tracemalloc.start()
    for _ in range(400):
        lines += splitter.feed(b"x" * (MAX_LINE_BYTES // 10))
    lines += splitter.feed(b"\nnext\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [(line.problem, len(line.data)) for line in lines] == [
        ("the line has 41,942,800 bytes, and at most 1,048,576 are read", 256),
        (None, 4),
    ]
    assert peak < 4 * MAX_LINE_BYTES


def test_a_line_of_the_greatest_length_is_whole() -> None:
    (line,) = split(b"x" * MAX_LINE_BYTES + b"\n", 65_536)
    assert (line.problem, len(line.data)) == (None, MAX_LINE_BYTES)


@pytest.mark.parametrize("size", [1_000, 65_536, MAX_LINE_BYTES, 3 * MAX_LINE_BYTES])
@pytest.mark.parametrize("end", ["\n", "\nnext", ""])
def test_the_size_of_a_line_too_long_is_reported(size: int, end: str) -> None:
    """However it arrives: in parts or at once, with an end or cut off."""
    first, *_ = split(b"x" * (MAX_LINE_BYTES + 1) + end.encode(), size)
    assert first.problem == "the line has 1,048,577 bytes, and at most 1,048,576 are read"


def test_recoded_line_is_measured_in_utf_8() -> None:
    first, *_ = split(("\u20ac" * 400_000 + "\n").encode("utf-16"), 65_536)
    assert first.problem == "the line has 1,200,003 bytes in UTF-8, and at most 1,048,576 are read"


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl"])
def test_gzip_shows_in_the_first_bytes_alone(tmp_path: Path, name: str) -> None:
    for content in (gzip.compress(b"one\ntwo\n"), b"one\ntwo\n"):
        (tmp_path / name).write_bytes(content)
        assert [line.data for line in recorded_lines(tmp_path / name)] == [b"one", b"two"]
