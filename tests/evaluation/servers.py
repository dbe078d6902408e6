"""The processes that an evaluation needs: each started on a free port, announced by itself, stopped at the end."""

import contextlib
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 60.0
LINES_KEPT = 20


class CannotEvaluate(Exception):
    """The evaluation cannot begin or go on; the message is one sentence that says why."""


@contextlib.contextmanager
def serving(name: str, arguments: Sequence[str], env: Mapping[str, str]) -> Generator[str]:
    """A `python -m` process and the URL that it announces. Raises CannotEvaluate when it ends before it does."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**env, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        announced: Queue[str | None] = Queue()
        last: deque[str] = deque(maxlen=LINES_KEPT)
        reader = threading.Thread(target=_read, args=(process, announced, last), daemon=True)
        reader.start()
        try:
            url = _first(announced)
            if url is None:
                said = last[-1] if last else "it said nothing"
                raise CannotEvaluate(f"The {name} did not start ({said}).")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
            reader.join(STOP_TIMEOUT_S)


def _read(process: subprocess.Popen[str], announced: Queue[str | None], last: deque[str]) -> None:
    """Read on to the end: a process whose output nobody reads would stand still."""
    assert process.stdout is not None
    for line in process.stdout:
        last.append(line.strip())
        if found := re.search(r" on (http://[^\s\"]+)", line):
            announced.put(found[1])
    announced.put(None)


def _first(announced: Queue[str | None]) -> str | None:
    try:
        return announced.get(timeout=START_TIMEOUT_S)
    except Empty:
        return None
