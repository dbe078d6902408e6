"""Whether the casebook is writable: tested at most every few seconds, for all who ask."""

import asyncio
import time
from collections.abc import Callable

from backend.executor import BlockingExecutor
from casebook.database.transactions import Transactions
from casebook.errors import CasebookUnavailable

EVERY_S = 2.0
"""How long the result of one test is reused."""
ANSWER_TIMEOUT_S = 5.0
"""After this time a test that has not ended counts as failed."""

SILENT = f"The casebook has not answered for {ANSWER_TIMEOUT_S:g} seconds."


class ReadinessProbe:
    """Tries to write to the casebook: at most once every `EVERY_S`, for all who ask meanwhile, and one at a time."""

    def __init__(
        self, transactions: Transactions, threads: BlockingExecutor, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._transactions = transactions
        self._threads = threads
        self._clock = clock
        self._due = float("-inf")
        self._running: asyncio.Task[None] | None = None

    async def fault(self) -> str | None:
        """Why the casebook cannot be written, in a sentence for anybody; None when it can."""
        if self._running is None and self._clock() >= self._due:
            self._running = asyncio.create_task(self._try())
        if (running := self._running) is not None:
            done, _ = await asyncio.wait({running}, timeout=ANSWER_TIMEOUT_S)
            if not done:
                return SILENT
            running.result()
        found = self._transactions.health.fault
        return None if found is None else found.public

    async def _try(self) -> None:
        try:
            await self._threads.run(self._transactions.probe)
        except CasebookUnavailable:
            return  # It is noted where every write notes it.
        finally:
            self._due = self._clock() + EVERY_S
            self._running = None
