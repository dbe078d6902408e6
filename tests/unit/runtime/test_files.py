"""New files, and existing ones that others may read, become private to the process's user."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.files import close_to_others

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


STARTS_SCHEDULER = """
import asyncio, sys
from pathlib import Path
from local.scheduler.engine import Engine, Options

async def start():
    engine = Engine(Options(data=Path(sys.argv[1])))
    await engine.start()
    await engine.stop()

asyncio.run(start())
"""


@pytest.mark.integration
def test_whole_folder_of_an_earlier_stack_is_closed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in (data, data / "scheduler", data / "keys"):
        folder.mkdir()
        folder.chmod(0o755)
    for name in ("casebook.db", "casebook.db-wal", "customers.db", "stack.lock", "parts.json", "keys/worker.pem"):
        (data / name).touch()
        (data / name).chmod(0o644)
    for command in (
        # It ends before it starts a part, and after it has taken its folder.
        ["-m", "local.stack", "--data", str(data)],
        ["-c", STARTS_SCHEDULER, str(data / "scheduler")],
    ):
        subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "MODEL_PORT": "none"},
            umask=0o022,
            check=False,
            timeout=300,
        )
    found = {path: path.stat().st_mode & 0o777 for path in (data, *data.rglob("*"))}
    assert {path for path, mode in found.items() if mode != (0o700 if path.is_dir() else 0o600)} == set()
    assert {"heartbeat", "scheduler.lock"} <= {path.name for path in found}


def test_folder_for_everybody_stays_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    close_to_others([tmp_path])
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


@pytest.mark.parametrize("fault", [PermissionError, NotADirectoryError, OSError(30, "Read-only file system")])
def test_what_cannot_be_closed_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: type[OSError] | OSError
) -> None:
    def refuse(*_: object) -> None:
        raise fault

    (tmp_path / "case.db").touch()
    (tmp_path / "case.db").chmod(0o644)
    monkeypatch.setattr(Path, "chmod", refuse)
    close_to_others([tmp_path / "case.db"])


def test_files_of_others_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "case.db").touch()
    (tmp_path / "case.db").chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    close_to_others([tmp_path / "case.db"])
    assert modes(tmp_path) == {"case.db": 0o644}
