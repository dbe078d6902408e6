"""A second worker and a second backend of one installation, beside those of a running stack."""

import subprocess
import sys
import threading
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

import httpx

from tests.support.stack import CASE_TIMEOUT_S, READY_TIMEOUT_S, ROOT, STOP_TIMEOUT_S, LocalStack, free_ports


class SecondPart:
    """A process with the environment of a part of the stack, running while the `with` block lasts."""

    def __init__(self, stack: LocalStack, part: str, *program: str) -> None:
        """`program`: Python's arguments before the name of the part; without any it is run as a module."""
        self.stack = stack
        self.part = part
        self.environment = environment_of(stack.pid(part))
        self.lines: list[str] = []
        """Its output so far."""
        self._program = program or ("-m",)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, *self._program, self.part],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        finally:
            self._process.kill()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            self.lines.extend(line.rstrip() for line in output)


class SecondBackend(SecondPart):
    """A second backend, which answers on entry."""

    def __init__(self, stack: LocalStack, *program: str) -> None:
        super().__init__(stack, "backend", *program)
        (port,) = free_ports(1)
        self.environment["BACKEND_PORT"] = str(port)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=CASE_TIMEOUT_S, trust_env=False)
        """The backend as `ana` sees it."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.http.headers["Authorization"] = self.stack.http.headers["Authorization"]
        pause = Event()
        for _ in range(int(READY_TIMEOUT_S / 0.05)):
            assert self.is_running, "the second backend stopped"
            try:
                if self.http.get("/ready").is_success:
                    return self
            except httpx.TransportError:
                pass
            pause.wait(0.05)  # another process comes up without telling us
        raise AssertionError("the second backend did not come up")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()
        super().__exit__(kind, error, at)


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    variables = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8").split("\0")
    return dict(each.split("=", 1) for each in variables if "=" in each)
