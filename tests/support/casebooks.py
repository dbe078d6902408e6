"""A casebook with all facades in one object, and processes that use one at the same time."""

import os
import signal

from casebook.access_api import AccessApi
from casebook.case_log.hash_chain import BrokenLink
from casebook.database.engine import for_writing, open_engine
from casebook.desk_api import DeskApi
from casebook.relay_api import RelayApi
from casebook.worker_api import WorkerApi
from casebook.workspace_api import WorkspaceApi


class CaseBook(WorkerApi, WorkspaceApi, RelayApi, AccessApi, DeskApi):
    """All facades of one casebook, for tests that play everybody."""

    def verify_case_log(self) -> BrokenLink | None:
        """The first thing in the whole record that is not as the log says, or None."""
        return self.audit().broken


def freeze(pid: int, url: str) -> None:
    """Stop a process for a while, but not within a transaction that others would then wait for."""
    engine = open_engine(url)
    try:
        with for_writing(engine).begin():
            os.kill(pid, signal.SIGSTOP)
    finally:
        engine.dispose()
