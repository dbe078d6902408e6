"""New files, and existing ones that others may read, become private to the process's user."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAKES = """
import sys
from pathlib import Path
from runtime.files import close_to_others, keep_private

folder = Path(sys.argv[1])
keep_private()
close_to_others([folder / "case.db", folder / "absent.db"])
(folder / "new").mkdir()
(folder / "new" / "file").write_text("")
"""


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}


@pytest.mark.integration
def test_new_and_known_files_are_closed_to_others(tmp_path: Path) -> None:
    for name, mode in {"case.db": 0o644, "case.db-wal": 0o664, "another.txt": 0o644}.items():
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)

    # In a process of its own: what new files are like is a matter of the whole process.
    subprocess.run([sys.executable, "-c", MAKES, str(tmp_path)], cwd=ROOT, check=True)

    assert modes(tmp_path) == {
        "case.db": 0o600,
        "case.db-wal": 0o600,
        "another.txt": 0o644,
        "new": 0o700,
        "new/file": 0o600,
    }
