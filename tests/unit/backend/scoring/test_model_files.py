"""Models are numbered files: saved whole, loaded by number, rolled back without losing what was in use."""

from pathlib import Path

import pytest

from backend.scoring import model_files
from backend.scoring.scorecard import ModelRefused, Scorecard
from tests.unit.backend.scoring.vectors import START, vector


def learned(frauds: int) -> Scorecard:
    card = Scorecard()
    for number in range(frauds):
        card.learn(vector(streak=3), is_fraud=True, at=START + number)
    return card


def test_newest_model_is_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    assert model_files.numbers(folder) == []
    assert [model_files.save(folder, learned(frauds)) for frauds in (1, 5)] == [1, 2]
    assert model_files.load(folder).frauds == 5
    assert model_files.load(folder, 1).frauds == 1


def test_rolling_back_is_a_new_number(tmp_path: Path) -> None:
    for frauds in (1, 5):
        model_files.save(tmp_path, learned(frauds))

    assert model_files.roll_back(tmp_path, 1) == 3

    assert model_files.load(tmp_path).to_json() == learned(1).to_json()
    assert model_files.load(tmp_path, 2).frauds == 5


def test_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="There is no model in"):
        model_files.load(tmp_path / "nowhere")
    with pytest.raises(ModelRefused, match="There is no model 7 in"):
        model_files.load(tmp_path, 7)


def test_damaged_file_is_named(tmp_path: Path) -> None:
    model_files.save(tmp_path, learned(1))
    (tmp_path / "model-000001.json").write_text("{}")
    with pytest.raises(ModelRefused, match=r"^model-000001\.json: The model file cannot be read: "):
        model_files.load(tmp_path)


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "model-000009.tmp").write_text("half a model")
    (tmp_path / "notes.txt").write_text("")
    assert model_files.save(tmp_path, learned(1)) == 1
