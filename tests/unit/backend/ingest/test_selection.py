"""The settings decide which sources there are."""

from pathlib import Path

import pytest

from backend.ingest import choose_sources

URL = "http://127.0.0.1:1/events"


@pytest.mark.parametrize(
    ("files", "enabled", "url", "expected"),
    [
        ((), True, URL, ["stream from http://127.0.0.1:1/events"]),
        ((), False, URL, []),
        ((), True, None, []),
        (("a.jsonl", "b.jsonl.gz"), False, URL, ["replay of a.jsonl, b.jsonl.gz"]),
        (("a.jsonl",), True, URL, ["replay of a.jsonl", "stream from http://127.0.0.1:1/events"]),
    ],
)
def test_recordings_and_the_stream_are_chosen_apart(
    files: tuple[str, ...], enabled: bool, url: str | None, expected: list[str]
) -> None:
    paths = [Path("recordings") / file for file in files]
    sources = choose_sources(replay_files=paths, replay_pace=0, producer_enabled=enabled, telemetry_url=url)
    assert [source.name for source in sources] == expected


def test_recordings_raise_replayed_alerts_and_the_stream_live_ones() -> None:
    sources = choose_sources(replay_files=[Path("a.jsonl")], replay_pace=1, producer_enabled=True, telemetry_url=URL)
    assert [source.alert_source for source in sources] == ["replay", "live"]
