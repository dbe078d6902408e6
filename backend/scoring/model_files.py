"""Models as numbered JSON files in one folder: `model-000001.json`, and so on. Numbers only grow.

Rolling back writes an earlier model again under the next number, so that the folder tells what was in use and when.
"""

import os
import re
from pathlib import Path

from backend.scoring.scorecard import ModelRefused, Scorecard

_NAME = re.compile(r"model-(\d{6,})\.json")


def numbers(folder: Path) -> list[int]:
    """The numbers of the models there, ascending; empty where the folder does not exist."""
    if not folder.is_dir():
        return []
    return sorted(int(match[1]) for each in folder.iterdir() if (match := _NAME.fullmatch(each.name)))


def save(folder: Path, card: Scorecard) -> int:
    """Writes the model under the next number, whole or not at all; returns the number. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    number = next(reversed(numbers(folder)), 0) + 1
    path = _path(folder, number)
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(card.to_json())
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return number


def load(folder: Path, number: int | None = None) -> Scorecard:
    """The model of that number, or the newest. Raises ModelRefused where there is none or it cannot be used."""
    known = numbers(folder)
    if number is None and not known:
        raise ModelRefused(f"There is no model in {folder}.")
    chosen = known[-1] if number is None else number
    if chosen not in known:
        raise ModelRefused(f"There is no model {chosen} in {folder}.")
    path = _path(folder, chosen)
    try:
        return Scorecard.from_json(path.read_bytes())
    except ModelRefused as error:
        raise ModelRefused(f"{path.name}: {error}") from None


def roll_back(folder: Path, number: int) -> int:
    """Makes an earlier model the newest; returns its new number. Raises ModelRefused, OSError."""
    return save(folder, load(folder, number))


def _path(folder: Path, number: int) -> Path:
    return folder / f"model-{number:06}.json"
