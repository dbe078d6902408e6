"""Recordings are offered by name, with the labels that lie beside them."""

import os
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


def test_many_replayed_files_have_one_short_name(tmp_path: Path) -> None:
    files = [a_file(tmp_path / f"telemetry-of-all-customers-2026-11-{day:02}.jsonl.gz") for day in range(1, 18)]
    opened = options(tmp_path, *files)
    (offered,) = offered_recordings(opened)
    expected = (
        "telemetry-of-all-customers-2026-11-01.jsonl.gz … telemetry-of-all-customers-2026-11-17.jsonl.gz (17 files)"
    )
    assert offered.recording == expected
    chosen = recording_named(opened, expected)
    assert chosen is not None
    assert chosen.files == tuple(files)


def test_files_of_the_longest_names_are_offered(tmp_path: Path) -> None:
    files = [a_file(tmp_path / f"{letter * 249}.jsonl") for letter in "abc"]
    (offered,) = offered_recordings(options(tmp_path, *files))
    assert recording_named(options(tmp_path, *files), offered.recording) is not None


def test_name_that_is_not_utf8_is_offered_and_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jsonl"))
    file.write_text("{}\n")
    (offered,) = offered_recordings(options(tmp_path))
    assert offered.model_dump(mode="json")["recording"] == "caf\N{REPLACEMENT CHARACTER}.jsonl"
    chosen = recording_named(options(tmp_path), offered.recording)
    assert chosen is not None
    assert chosen.files == (file,)


def test_link_out_of_the_folder_is_not_offered(tmp_path: Path) -> None:
    inside = a_file(tmp_path / "folder" / "a.jsonl")
    (tmp_path / "folder" / "b.jsonl").symlink_to(a_file(tmp_path / "secret.jsonl"))
    (tmp_path / "folder" / "c.jsonl").symlink_to(inside)
    assert [each.recording for each in offered_recordings(options(tmp_path))] == ["a.jsonl", "c.jsonl"]
    assert recording_named(options(tmp_path), "b.jsonl") is None


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
