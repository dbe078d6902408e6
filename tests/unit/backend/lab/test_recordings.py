"""Recordings are offered by name, with the labels that lie beside them."""

from pathlib import Path

import pytest

from backend.lab import recordings as module
from backend.lab.options import LabOptions
from backend.lab.recordings import LabelsUnreadable, offered_recordings, read_labels, recording_named


def options(tmp_path: Path, *replay: Path) -> LabOptions:
    return LabOptions(recordings=tmp_path / "folder", replay_files=replay)


def a_file(path: Path, content: str = "{}\n") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    return path


def test_replayed_files_are_one_recording_and_come_first(tmp_path: Path) -> None:
    one, two = a_file(tmp_path / "one.jsonl.gz"), a_file(tmp_path / "two.jsonl")
    a_file(tmp_path / "two.labels.csv", "event_id\n")
    a_file(tmp_path / "folder" / "b.jsonl")
    a_file(tmp_path / "folder" / "a.jsonl.gz")
    a_file(tmp_path / "folder" / "a.txt")
    offered = offered_recordings(options(tmp_path, one, two))
    assert [(each.recording, each.has_labels) for each in offered] == [
        ("one.jsonl.gz + two.jsonl", True),
        ("a.jsonl.gz", False),
        ("b.jsonl", False),
    ]


def test_folder_that_is_missing_offers_nothing(tmp_path: Path) -> None:
    assert offered_recordings(options(tmp_path)) == ()
    assert recording_named(options(tmp_path), "a.jsonl") is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("week.labels.txt", "e-1\n\n e-2 \n"),
        ("week.labels.csv", "scenario,event_id\n3,e-1\n2,e-2\n1,\n"),
        ("week.labels.csv", "\ufeffevent_id,window\r\ne-1,1\r\ne-2,1\r\n"),
        ("week.labels.csv", "e-1,1\ne-2,1\n"),
    ],
)
def test_labels_are_ids_of_events(tmp_path: Path, name: str, content: str) -> None:
    a_file(tmp_path / "folder" / "week.jsonl.gz")
    a_file(tmp_path / "folder" / name, content)
    recording = recording_named(options(tmp_path), "week.jsonl.gz")
    assert recording is not None
    assert read_labels(recording.label_files) == {"e-1", "e-2"}


def test_labels_that_cannot_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "week.labels.txt"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabelsUnreadable, match=r"^The labels week\.labels\.txt cannot be read"):
        read_labels([binary])
    monkeypatch.setattr(module, "MAX_LABEL_BYTES", 2)
    with pytest.raises(LabelsUnreadable, match="are too large"):
        read_labels([binary])
