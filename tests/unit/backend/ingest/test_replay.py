"""Recordings play in order of time, at the pace asked for, and survive whatever is wrong with them."""

import gzip
import os
import tracemalloc
from pathlib import Path

import pytest

from backend.ingest import MalformedLine, ReplaySource
from contracts.lines import MAX_LINE_BYTES
from contracts.telemetry import TelemetryEvent
from tests.unit.backend.ingest.lines import FakeTime, line, names, write

pytestmark = pytest.mark.anyio


async def play(*files: Path) -> list[TelemetryEvent | MalformedLine]:
    return [reading async for reading in ReplaySource(files).read()]


def problems(readings: list[TelemetryEvent | MalformedLine]) -> list[MalformedLine]:
    return [reading for reading in readings if isinstance(reading, MalformedLine)]


async def test_files_are_merged_by_time(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", [line(0, "a"), line(10, "c"), line(20, "e")])
    two = write(tmp_path / "two.jsonl.gz", [line(5, "b"), line(15, "d")])
    assert names(await play(one, two)) == ["a", "b", "c", "d", "e"]


async def test_events_of_one_instant_follow_file_order(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", [line(0, "a"), line(0, "b")])
    two = write(tmp_path / "two.jsonl", [line(0, "c")])
    assert names(await play(one, two)) == ["a", "b", "c"]


async def test_no_files_give_nothing() -> None:
    assert await play() == []


async def test_more_lines_than_one_batch_all_come(tmp_path: Path) -> None:
    file = write(tmp_path / "long.jsonl", [line(second, str(second)) for second in range(1_000)])
    assert names(await play(file)) == [str(second) for second in range(1_000)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{not json}\n", "Invalid JSON: Expecting property name enclosed in double quotes at column 2"),
        (b'"text"\n', "Input should be an object"),
        (
            b'{"event_id":"x","customer_id":7,"occurred_at":"2026-03-02T12:00:00Z","kind":"dance","attributes":{}}\n',
            "Input tag 'dance' found using 'kind' does not match any of the expected tags",
        ),
        (
            line(5).replace(b'"customer_id":7', b'"customer_id":"seven"'),
            "auth_failure.customer_id: 'seven' is not read",
        ),
        (line(5).replace(b"Z", b""), "auth_failure.occurred_at: 2026-03-02T12:00:05 names no zone"),
        (line(5)[:-1] + b"x" + line(6), "Invalid JSON: something that is no object follows at column"),
        (b"\xff\xfe\n", "Invalid JSON"),
    ],
)
async def test_malformed_line_is_named_and_skipped(tmp_path: Path, bad: bytes, reason: str) -> None:
    file = write(tmp_path / "bad.jsonl", [line(0, "a"), b"\n", bad, line(10, "b")])
    readings = await play(file)
    assert names(readings) == ["a", "?", "b"]
    (problem,) = problems(readings)
    assert (problem.file, problem.line) == (str(file), 3)
    assert problem.reason.startswith(reason)


async def test_several_faults_in_one_line_are_one_sentence(tmp_path: Path) -> None:
    file = write(tmp_path / "bad.jsonl", [b'{"kind":"login"}\n'])
    (problem,) = problems(await play(file))
    assert problem.reason == "login.customer_id: Field required (and 2 more)"


async def test_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    file = write(tmp_path / "short.jsonl", [line(0, "a"), line(1, "b").rstrip(b"\n")])
    assert names(await play(file)) == ["a", "b"]


async def test_an_endless_line_is_skipped_with_bounded_memory(tmp_path: Path) -> None:
    file = write(tmp_path / "huge.jsonl", [b"x" * (40 * MAX_LINE_BYTES) + b"\n", line(1, "a")])
    tracemalloc.start()
    readings = await play(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert names(readings) == ["?", "a"]
    assert problems(readings)[0].reason == "the line has 41,943,040 bytes, and at most 1,048,576 are read"
    assert peak < 5 * MAX_LINE_BYTES


async def test_a_missing_file_is_named_and_the_others_play(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    missing = tmp_path / "missing.jsonl.gz"
    there = write(tmp_path / "there.jsonl", [line(0, "a")])
    readings = await play(missing, there)
    assert names(readings) == ["?", "a"]
    assert problems(readings)[0].reason == "the file does not exist"
    assert f"Recording {missing} cannot be read from line 1 on: the file does not exist." in caplog.text


async def test_a_folder_is_not_a_recording(tmp_path: Path) -> None:
    assert problems(await play(tmp_path))[0].reason == "this is a folder, not a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
async def test_a_forbidden_file_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "secret.jsonl", [line(0)])
    file.chmod(0)
    assert problems(await play(file))[0].reason == "the file may not be read by this user"


async def test_a_plain_file_with_a_packed_name_is_read(tmp_path: Path) -> None:
    file = tmp_path / "plain.jsonl.gz"
    file.write_bytes(line(0))
    assert names(await play(file)) == ["event-7-0"]


async def test_a_truncated_file_plays_up_to_the_cut(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.jsonl.gz", [line(second, str(second)) for second in range(5_000)])
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(whole.read_bytes()[:-2_000])
    other = write(tmp_path / "other.jsonl", [line(10_000, "other")])

    readings = await play(cut, other)

    played = [name for name in names(readings) if name != "?"]
    (problem,) = problems(readings)
    assert 0 < len(played) - 1 < 5_000
    assert played == [*map(str, range(len(played) - 1)), "other"]
    assert problem.reason == "the compressed file is cut off: what was before this line has been played"
    assert problem.line == len(played)


async def test_a_damaged_file_plays_up_to_the_damage(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(b"".join(line(second, str(second)) for second in range(5_000))))
    data[len(data) // 2 : len(data) // 2 + 100] = bytes(100)
    file = tmp_path / "damaged.jsonl.gz"
    file.write_bytes(data)
    readings = await play(file)
    assert readings
    assert problems(readings)


async def peak_while_playing(file: Path) -> int:
    source = ReplaySource([file]).read()
    await anext(source)
    tracemalloc.start()
    async for _ in source:
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


@pytest.mark.slow
async def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    short = write(tmp_path / "short.jsonl.gz", (line(second) for second in range(10_000)))
    long = write(tmp_path / "long.jsonl.gz", (line(second) for second in range(40_000)))
    assert await peak_while_playing(long) < 2 * await peak_while_playing(short)


@pytest.mark.parametrize(
    ("pace", "slept"),
    [(0, []), (1, [10.0, 50.0]), (10, [1.0, 5.0]), (0.5, [20.0, 100.0])],
)
async def test_the_pace_of_a_recording_is_kept(tmp_path: Path, pace: float, slept: list[float]) -> None:
    file = write(tmp_path / "paced.jsonl", [line(0), line(10), line(10.0, "same"), line(60)])
    time = FakeTime()
    source = ReplaySource([file], pace=pace, sleep=time.sleep, monotonic=time.monotonic)
    assert len([reading async for reading in source.read()]) == 4
    assert time.slept == pytest.approx(slept)


async def test_a_slow_reader_is_not_slowed_further(tmp_path: Path) -> None:
    """Time spent on opening a case counts: the recording catches up instead of drifting."""
    file = write(tmp_path / "paced.jsonl", [line(0), line(10), line(20)])
    time = FakeTime()
    source = ReplaySource([file], pace=1, sleep=time.sleep, monotonic=time.monotonic)
    async for _ in source.read():
        time.now += 8
    assert time.slept == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize("pace", [-1.0, float("nan")])
def test_a_negative_pace_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match=r"A replay pace must not be negative: .* 0 plays as fast as it can"):
        ReplaySource([], pace=pace)
