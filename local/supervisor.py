"""Starts a process, restarts it with back-off when it dies, and stops it cleanly."""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from local.parts import Part
from runtime.backoff import Backoff, Pauses

RESTART = Backoff(first_s=0.5, longest_s=30.0)
# A part that ran this long is taken to be healthy: its next restart is quick again.
HEALTHY_AFTER_S = 60.0
STOP_GRACE_S = 15.0
PROBE_INTERVAL_S = 0.1
PROBE_TIMEOUT_S = 2.0
# A part that dies this often before it was ever ready is misconfigured: restarting will not mend it.
STARTS_BEFORE_GIVING_UP = 3

_PR_SET_PDEATHSIG = 1


class PartFailed(Exception):
    """A part died again and again before it was ready; the message says which and with what exit code."""


class SupervisedPart:
    """One child process, kept alive from `run` until `stop`.

    The child lives in its own session, so that Ctrl-C in the terminal reaches only the stack, which
    then stops the parts in order. On Linux it is killed if the stack itself is killed.
    """

    def __init__(self, part: Part, base_env: Mapping[str, str], cwd: Path, say: Callable[[str, str], None]) -> None:
        self.part = part
        self._env = part.environment(base_env)
        self._cwd = cwd
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._ready = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process id while the part runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self, on_start: Callable[[], None]) -> None:
        """Keeps the part running until `stop`; calls `on_start` after each start.

        Raises PartFailed if it never becomes ready.
        """
        pauses, starts = Pauses(RESTART), 0
        while not self._stopping:
            started_at = time.monotonic()
            starts += 1
            code = await self._run_once(on_start)
            if self._stopping:
                return
            if not self._ready.is_set() and starts >= STARTS_BEFORE_GIVING_UP:
                raise PartFailed(f"The {self.part.name} cannot start (exit code {code}): its last lines above say why.")
            if time.monotonic() - started_at > HEALTHY_AFTER_S:
                pauses.reset()
            delay = pauses.next_s()
            self._say(self.part.name, f"stopped with {_describe(code)}; starting it again in {delay:.2g} s")
            await asyncio.sleep(delay)

    async def _run_once(self, on_start: Callable[[], None]) -> int:
        if self.part.ready_file:
            self.part.ready_file.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            *self.part.argv,
            cwd=self._cwd,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        self._process = process
        on_start()
        assert process.stdout is not None
        while line := await _read_line(process.stdout):
            self._say(self.part.name, line.decode(errors="replace").rstrip())
        return await process.wait()

    async def wait_until_ready(self) -> None:
        """Returns once the part answers its readiness probe."""
        async with httpx.AsyncClient(timeout=PROBE_TIMEOUT_S, trust_env=False) as client:
            # Another process gets ready without telling us: asking is the only way to know.
            while not (self.pid and await self._probe(client)):  # noqa: ASYNC110
                await asyncio.sleep(PROBE_INTERVAL_S)
        self._ready.set()

    async def _probe(self, client: httpx.AsyncClient) -> bool:
        if self.part.ready_file:
            return self.part.ready_file.exists()
        if self.part.ready_path:
            try:
                return (await client.get(f"http://127.0.0.1:{self.part.port}{self.part.ready_path}")).is_success
            except httpx.TransportError:
                return False
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.part.port)
        except OSError:
            return False
        writer.close()
        return True

    async def stop(self) -> None:
        """Asks the part to stop, and kills it if it has not within the grace period."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        grace_s = STOP_GRACE_S if self.part.stop_grace_s is None else self.part.stop_grace_s
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            self._say(self.part.name, f"did not stop within {grace_s:g} s; killing it")
            process.kill()
            await process.wait()


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:  # a line longer than the reader's buffer: show that there was one and go on
        return b"(a line too long to show)\n"


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # the parent died before the request was made
        os._exit(1)


def _describe(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
