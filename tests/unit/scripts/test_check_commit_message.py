"""A commit message names its area within 72 characters and says why."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

SCRIPT = Path(__file__).parents[3] / "scripts" / "check-commit-message"


def checked(tmp_path: Path, message: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text(message, encoding="utf-8")
    return subprocess.run([SCRIPT, file], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("subject", ["casebook: one projection", "api, desk: say assignee", f"web: {'x' * 67}"])
def test_area_subject_and_reason_pass(tmp_path: Path, subject: str) -> None:
    assert checked(tmp_path, f"{subject}\n\nTwo authors of one meaning drift apart.\n").returncode == 0


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("One projection\n\nWhy.\n", "has not the form 'area: what changes'"),
        ("casebook:one\n\nWhy.\n", "has not the form"),
        (f"web: {'x' * 68}\n\nWhy.\n", "has 73 characters: shorten it to 72."),
        ("casebook: one projection\n", "has no body"),
        ("casebook: one projection\n\n# Please enter the commit message\n", "has no body"),
    ],
)
def test_other_messages_are_refused(tmp_path: Path, message: str, says: str) -> None:
    done = checked(tmp_path, message)
    assert done.returncode == 1
    assert says in done.stderr
