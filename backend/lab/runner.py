"""Runs back-tests that wait, each in a process of its own, so that neither requests nor ingestion wait for them."""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from uuid import uuid4

from backend.services.sweeps import sweep_when_woken
from backend.waiting import wait_for
from casebook.async_api import AsyncBackTests
from casebook.errors import CasebookUnavailable
from contracts.back_tests import BackTestState
from runtime.secret_sources import IN_FILE

_log = logging.getLogger(__name__)

REST_S = 10.0
"""How often to look, unasked: whether another backend has left one behind, or one that waits has its turn."""
WATCH_S = 1.0
"""How often to look whether a process should go on: it looks itself, and may hang."""
STOP_S = 5.0
"""How long a process may take to stop, before it is killed."""
NOT_FOR_IT = frozenset({"EVENTHUB_EVENTS_CONNECTION_STRING", "GRANT_KEY", "MCP_CALLER_KEY", "MCP_SERVER_URI"})
"""Secrets of the backend that a back-test has no use for."""


class BackTestRunner:
    """Runs one at a time, of all backends of a casebook together. One that another backend left behind is ended."""

    def __init__(
        self, record: AsyncBackTests, command: tuple[str, ...] = (sys.executable, "-m", "backend.lab")
    ) -> None:
        self._record = record
        self._command = command
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """A back-test was ordered."""
        self._woken.set()

    async def run(self) -> None:
        """Run what waits, until cancelled; what runs then is stopped and is `interrupted`."""
        await sweep_when_woken(self._woken, self.sweep, lambda: REST_S, "Back-tests wait until it works.")

    async def sweep(self) -> None:
        """Run all that waits, one after the other. Raises CasebookUnavailable."""
        while await self._record.has_work():
            owner = f"lab-{uuid4().hex}"
            back_test_id = await self._record.take_next(owner)
            if back_test_id is None:
                return
            await self._run_one(back_test_id, owner)

    async def _run_one(self, back_test_id: str, owner: str) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                back_test_id,
                owner,
                stdin=PIPE,
                stdout=DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            _log.error("No process can be started for back-test %s: %s", back_test_id, error)
            await self._record.end(back_test_id, owner, "failed", problem=f"No process can be started: {error}.")
            return
        try:
            hung = await self._watch(process, back_test_id, owner)
        except asyncio.CancelledError:
            await _stop(process)
            await self._end(back_test_id, owner, process.returncode)
            raise
        await self._end(back_test_id, owner, process.returncode, hung=hung)

    async def _watch(self, process: Process, back_test_id: str, owner: str) -> bool:
        """Wait until the process has ended; whether it had to be killed, since it did not end when it should."""
        ended = asyncio.Event()
        waiting = asyncio.create_task(process.wait(), name="wait for a back-test")
        waiting.add_done_callback(lambda _: ended.set())
        since: float | None = None
        now = asyncio.get_running_loop().time
        while not await wait_for(ended, WATCH_S):
            if await self._should_go_on(back_test_id, owner):
                since = None
            elif since is None:
                since = now()
            elif now() - since >= STOP_S:
                process.kill()
                await waiting
                return True
        return False

    async def _should_go_on(self, back_test_id: str, owner: str) -> bool:
        try:
            return await self._record.order(back_test_id, owner) == "go_on"
        except CasebookUnavailable:
            return True

    async def _end(self, back_test_id: str, owner: str, code: int | None, *, hung: bool = False) -> None:
        """Say how it ended, where the process could not. Nothing where it did."""
        state: BackTestState = "interrupted"
        if hung:
            problem = "Its process did not answer any more and was killed: order it again."
        elif code is not None and code > 0:
            state, problem = "failed", f"Its process ended with exit code {code}: the log of the backend says why."
        else:
            by = "" if code in (None, 0) else f" by signal {-(code or 0)}"
            problem = f"Its process was ended{by} before it was done: order it again."
        try:
            if await self._record.end(back_test_id, owner, state, problem=problem):
                _log.warning("Back-test %s: %s", back_test_id, problem)
        except CasebookUnavailable as error:
            # The lease runs out: whoever looks next puts the end on record.
            _log.warning("The end of back-test %s was not written: %s", back_test_id, error)


def _environment() -> dict[str, str]:
    """What its process is started with."""
    return {name: value for name, value in os.environ.items() if name.upper().removesuffix(IN_FILE) not in NOT_FOR_IT}


async def _stop(process: Process) -> None:
    """End a process: it is let go, then killed."""
    if process.returncode is not None:
        return
    # As when the backend ends without a word: so the process says why.
    if process.stdin is not None:
        process.stdin.close()
    ended = asyncio.Event()
    waiting = asyncio.create_task(process.wait(), name="wait for a back-test")
    waiting.add_done_callback(lambda _: ended.set())
    if not await wait_for(ended, STOP_S):
        process.kill()
    await asyncio.wait([waiting])
