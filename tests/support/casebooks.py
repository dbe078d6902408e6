"""Casebooks for stories that are told in short, and processes that are held up beside one."""

import os
import signal

from sqlalchemy import Engine, update

from casebook.case_log.hash_chain import BrokenLink
from casebook.database.engine import for_writing, open_engine, upgrade
from casebook.relay_api import RelayApi
from casebook.schema.identity import IdentityRow
from casebook.worker_api import WorkerApi
from casebook.workspace_api import WorkspaceApi


class CaseBook(WorkerApi, WorkspaceApi, RelayApi):
    """All facades of one casebook, for tests that play everybody."""

    def verify_case_log(self) -> BrokenLink | None:
        """The first thing in the whole record that is not as the log says, or None."""
        return self.audit().broken


def upgrade_in_short(engine: Engine) -> None:
    """Make a casebook whose log need not say all that this release says: tests skip steps that a worker takes."""
    upgrade(engine)
    say_full_after(engine, None)


def say_full_after(engine: Engine, seq: int | None) -> None:
    """From which event on the log is this release's; None: that is not known."""
    with for_writing(engine).begin() as connection:
        connection.execute(update(IdentityRow).values(full_after=seq))


def freeze(pid: int, url: str) -> None:
    """Stop a process for a while, but not within a transaction that others would then wait for."""
    engine = open_engine(url)
    try:
        with for_writing(engine).begin():
            os.kill(pid, signal.SIGSTOP)
    finally:
        engine.dispose()
