"""The recordings that rules can be tried on, and their labels."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.lab.options import LabOptions
from contracts.back_tests import MAX_RECORDING_NAME, OfferedRecording

MAX_OFFERED = 500
"""Recordings of the folder that are offered, the first by name."""
_NAMED_WITH = 200
"""Characters of a file's name that a joined name has."""
MAX_LABEL_BYTES = 256 * 1024 * 1024
"""Of all label files of a recording."""
_ENDINGS = (".jsonl.gz", ".jsonl")
_LABEL_ENDINGS = (".labels.csv", ".labels.txt")
_ID_COLUMN = "event_id"


class LabelsUnreadable(Exception):
    """A label file cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Recording:
    """One or several files that are read as one."""

    name: str
    files: tuple[Path, ...]

    @property
    def label_files(self) -> tuple[Path, ...]:
        """The files of labels beside its files."""
        beside = (file.with_name(stem_of(file) + ending) for file in self.files for ending in _LABEL_ENDINGS)
        return tuple(path for path in beside if _is_file(path))

    def offered(self) -> OfferedRecording:
        """As people choose it. Raises OSError when a file is gone."""
        size = sum(file.stat().st_size for file in self.files)
        return OfferedRecording(recording=self.name, size=size, has_labels=bool(self.label_files))


def stem_of(file: Path) -> str:
    """The name of a recording without the ending that says that it is one."""
    return next((file.name.removesuffix(each) for each in _ENDINGS if file.name.endswith(each)), file.stem)


def recordings(options: LabOptions) -> tuple[Recording, ...]:
    """What is replayed, together where it is several files, and the folder's recordings by name.

    A recording is chosen by its name among these: a path is never made of what somebody asks for.
    """
    found: dict[str, Recording] = {}
    if options.replay_files:
        name = _joined([printable(file.name) for file in options.replay_files])
        found[name] = Recording(name, options.replay_files)
    for file in _files_in(options.recordings):
        name = printable(file.name)
        found.setdefault(name, Recording(name, (file,)))
    return tuple(found.values())


def printable(name: str) -> str:
    """A file's name as people and JSON can have it: what is not UTF-8 in it as replacement characters, which a name
    that is chosen has too."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _joined(names: Sequence[str]) -> str:
    short = [name if len(name) <= _NAMED_WITH or len(names) == 1 else f"{name[: _NAMED_WITH - 1]}…" for name in names]
    joined = " + ".join(short)
    if len(joined) <= MAX_RECORDING_NAME:
        return joined
    return f"{short[0]} … {short[-1]} ({len(names)} files)"


def recording_named(options: LabOptions, name: str) -> Recording | None:
    """The recording of this name; None: there is none."""
    return next((each for each in recordings(options) if each.name == name), None)


def offered_recordings(options: LabOptions) -> tuple[OfferedRecording, ...]:
    """What people can choose; a file that has just gone is left out."""
    offered: list[OfferedRecording] = []
    for each in recordings(options):
        try:
            offered.append(each.offered())
        except OSError:
            continue
    return tuple(offered)


def read_labels(files: Sequence[Path]) -> frozenset[str]:
    """The ids of events that are labelled as wrong: one a line, or the column `event_id`, else the first one, of a
    table. Raises LabelsUnreadable."""
    labelled: set[str] = set()
    room = MAX_LABEL_BYTES
    for file in files:
        try:
            room -= file.stat().st_size
            if room < 0:
                raise LabelsUnreadable(f"The labels {file.name} are too large: {MAX_LABEL_BYTES:,} bytes are read.")
            labelled |= _ids_in(file)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise LabelsUnreadable(f"The labels {file.name} cannot be read ({type(error).__name__}).") from error
    return frozenset(labelled)


def _ids_in(file: Path) -> set[str]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if file.suffix == ".txt":
            return {name for line in lines if (name := line.strip())}
        rows = csv.reader(lines)
        head = next(rows, list[str]())
        column = head.index(_ID_COLUMN) if _ID_COLUMN in head else 0
        first = list[list[str]]() if _ID_COLUMN in head else [head]
        return {row[column].strip() for row in (*first, *rows) if len(row) > column and row[column].strip()}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long with this ending
        return False


def _files_in(folder: Path) -> list[Path]:
    try:
        files = [file for file in folder.iterdir() if file.name.endswith(_ENDINGS) and file.is_file()]
    except OSError:
        return []
    # A link out of the folder would offer what nobody put into it.
    files = [file for file in files if file.resolve().is_relative_to(folder.resolve())]
    return sorted(files, key=lambda file: file.name)[:MAX_OFFERED]
