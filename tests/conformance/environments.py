"""Environments of the clients that nobody here wrote: each holds just what its lock file names, and is kept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CLIENTS = Path(__file__).parent / "clients"
INSTALLED = Path(__file__).parents[2] / ".clients"
UV = Path(sys.executable).parent / "uv"


def attempt(
    *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )


def run(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = attempt(*arguments, cwd=cwd, env=env)
    assert done.returncode == 0, f"{arguments}: {done.stdout[-2_000:]}{done.stderr[-4_000:]}"
    return done.stdout


def python_of(client: str) -> Path:
    """The interpreter of the environment of a client in Python."""
    lock, home = CLIENTS / f"{client}.lock", INSTALLED / client
    noted = home / "lock"
    if not noted.exists() or noted.read_bytes() != lock.read_bytes():
        shutil.rmtree(home, ignore_errors=True)
        run(UV, "venv", "--quiet", "--python", sys.executable, home)
        run(UV, "pip", "install", "--quiet", "--require-hashes", "--python", home / "bin" / "python", "-r", lock)
        noted.write_bytes(lock.read_bytes())
    return home / "bin" / "python"


class NotOfferedError(Exception):
    """The registry that npm asks has no such package or version; the text says what npm says."""


def node_modules_of(client: str) -> Path:
    """The packages of a client in JavaScript."""
    home = INSTALLED / client
    lock = (CLIENTS / client / "package-lock.json").read_bytes()
    noted = home / "lock"
    if not noted.exists() or noted.read_bytes() != lock:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(CLIENTS / client, home)
        arguments = ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        done = attempt(*arguments, cwd=home)
        if any(f"code {code}" in done.stderr for code in ("E404", "ETARGET")):
            raise NotOfferedError(done.stderr.strip()[:1_000])
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2_000:]}{done.stderr[-4_000:]}"
        noted.write_bytes(lock)
    return home / "node_modules"
