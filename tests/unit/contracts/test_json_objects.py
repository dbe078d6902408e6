"""Objects are split wherever they end, however the bytes arrive, with bounded memory."""

import json
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.json_objects import ObjectSplitter
from contracts.lines import MAX_LINE_BYTES, Line, LineSplitter

OBJECTS: list[object] = [
    {"a": 1, "b": {"c": "}{"}},
    {"text": 'say "{\\', "list": [{"x": {}}, {"y": 2}]},
    {"last": None},
]
PRETTY = json.dumps(OBJECTS, indent=2).encode()


def split(data: bytes, size: int = 7) -> list[Line]:
    splitter = ObjectSplitter()
    lines = [line for at in range(0, len(data), size) for line in splitter.feed(data[at : at + size])]
    return [*lines, *splitter.finish()]


def objects_in(lines: Sequence[Line]) -> list[object]:
    return [json.loads(line.data.strip(b" ,[]\n")) for line in lines if b"{" in line.data]


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_an_object_over_several_lines_is_one(size: int) -> None:
    lines = split(PRETTY, size)

    assert objects_in(lines) == OBJECTS
    first_lines = [number for number, text in enumerate(PRETTY.split(b"\n"), start=1) if text.startswith(b"  {")]
    assert [line.number for line in lines if b"{" in line.data] == first_lines


def test_an_object_may_begin_where_one_ends() -> None:
    assert objects_in(split(b'[{\n  "a": 1\n},{\n  "a": {\n    "b": 2\n  }\n}, {\n  "a": 3\n}]\n')) == [
        {"a": 1},
        {"a": {"b": 2}},
        {"a": 3},
    ]


@pytest.mark.parametrize("cut", [b'{"a": {', b'{\n  "a": 1,', b'{\n"a": "no end'])
def test_an_object_without_end_holds_up_no_other(cut: bytes) -> None:
    lines = split(cut + b'\n{"b": 1}\n{"c": 2}\n')

    assert [line.data for line in lines] == [cut, b'{"b": 1}', b'{"c": 2}']


def test_an_object_too_large_is_reported_with_bounded_memory() -> None:
    splitter, lines = ObjectSplitter(), list[Line]()
    tracemalloc.start()
    parts = (b'{\n  "a": [\n', *[b'    "' + b"x" * 65_536 + b'",\n'] * 400, b"    1\n  ]\n}\n")
    for data in (*parts, PRETTY):
        lines += splitter.feed(data)
    lines += splitter.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    length = sum(map(len, parts)) - 1
    assert lines[0].problem == f"the line has {length:,} bytes, and at most 1,048,576 are read"
    assert objects_in(lines[1:]) == OBJECTS
    assert peak < 4 * MAX_LINE_BYTES


@pytest.mark.slow
def test_an_array_without_line_ends_is_cut_between_objects() -> None:
    splitter, found = ObjectSplitter(), 0
    text = b'{"user": "a\\"}{", "more": {"x": "' + b"y" * 500 + b'"}},'
    tracemalloc.start()
    found += len(list(splitter.feed(b"[")))
    for _ in range(1_000):
        for line in splitter.feed(text * 40):
            assert len(line.data) <= MAX_LINE_BYTES
            found += len(json.loads(b"[" + line.data.strip(b"[],") + b"]"))
    for line in splitter.feed(b'{"user": "last"}]'):
        found += len(json.loads(b"[" + line.data.strip(b"[],") + b"]"))
    for line in splitter.finish():
        found += len(json.loads(b"[" + line.data.strip(b"[],") + b"]"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == 40_001
    assert peak < 8 * MAX_LINE_BYTES


def test_an_object_too_large_costs_no_other() -> None:
    large = b'{"b": "' + b"x" * (2 * MAX_LINE_BYTES) + b'"}'
    lines = split(b'[{"a": 1},' + large + b',{"c": 3}]\n{"d": 4}', 65_536)

    assert [(line.problem is None, line.number) for line in lines] == [(True, 1), (False, 1), (True, 1), (True, 2)]
    assert lines[1].problem == f"the line has {len(large) + 1:,} bytes, and at most 1,048,576 are read"
    assert [line.data for line in lines if line.problem is None] == [b'[{"a": 1}', b',{"c": 3}]', b'{"d": 4}']


@given(st.lists(st.binary(max_size=40)), st.integers(1, 9))
def test_no_byte_is_lost(parts: list[bytes], size: int) -> None:
    data = b"\n".join([b"{}ab", *parts])
    splitter = LineSplitter()
    lines = [*splitter.feed(data), *splitter.finish()]

    joined = b"".join(line.data for line in split(data, size))

    assert joined.replace(b"\n", b"") == b"".join(line.data for line in lines)
