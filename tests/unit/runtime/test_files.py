"""New files, and existing ones that others may read, become private to the process's user."""

import os
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


STARTS = """
import os, sys
from contextlib import suppress
from importlib import import_module

sys.argv = sys.argv[1:]
with suppress(SystemExit):
    import_module(sys.argv[0]).main()
print(f"{os.umask(0):o}")
"""
PROCESSES = {
    "backend.main": (),
    "backend.consumers.main": (),
    "backend.ingest.main": (),
    "backend.jobs.main": ("reset-counts",),
    "backend.lab.main": ("1", "owner"),
    "worker.main": (),
    "mcp_server.main": (),
    "local.stack": ("--data", "/proc/none"),
    "local.scheduler.main": ("--data", "/proc/none"),
    "local.model.main": (),
    "local.telemetry.main": ("--profiles", "none"),
    "scripts.verify_case_log": ("--export", "none"),
}


@pytest.mark.integration
@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_keeps_what_it_makes_private(process: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", STARTS, process, *PROCESSES[process]],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "none at all"},
        umask=0o022,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert started.stdout.splitlines()[-1:] == ["77"], started.stderr


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
