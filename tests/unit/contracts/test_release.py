import tomllib
from pathlib import Path

from backend.app import create_app
from contracts.release import VERSION

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_every_process_says_the_project_s_version() -> None:
    assert tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"] == VERSION
    assert create_app().version == VERSION
