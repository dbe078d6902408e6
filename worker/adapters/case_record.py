"""The casebook of this worker, opened once."""

from contextlib import suppress
from uuid import uuid4

from sqlalchemy import Engine

from casebook.chat_api import ChatApi
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import (
    CasebookCorrupt,
    CasebookForeign,
    CasebookMissing,
    CasebookNewer,
    CasebookRefused,
    CasebookUnavailable,
    CasebookUnwritable,
    CasebookUrlInvalid,
)
from casebook.schedules_api import SchedulesApi
from casebook.tasks_api import TasksApi
from casebook.worker_api import WorkerApi
from contracts.addresses import without_credentials

BEYOND_WAITING = (
    CasebookUrlInvalid,
    CasebookRefused,
    CasebookMissing,
    CasebookUnwritable,
    CasebookForeign,
    CasebookCorrupt,
    CasebookNewer,
)
"""Only a person can mend these: waiting for the casebook is no use."""


class Casebook:
    """The case record of this worker, opened once."""

    def __init__(self, url: str) -> None:
        """Raises CasebookUrlInvalid or CasebookUnwritable. Connects to nothing yet."""
        self._engine: Engine = open_engine(url)
        self.where = without_credentials(self._engine.url.render_as_string(hide_password=True))
        transactions = Transactions(self._engine)
        self.record, self.chat = WorkerApi(transactions), ChatApi(transactions)
        self.tasks, self.schedules = TasksApi(transactions), SchedulesApi(transactions)
        self._worker_id = str(uuid4())

    def upgrade(self) -> None:
        """Bring the schema to this release. Raises CasebookUnavailable or one of BEYOND_WAITING."""
        upgrade(self._engine)

    def identity(self) -> str:
        """The id of the casebook, once it is upgraded. Raises CasebookUnavailable."""
        return self.record.identity()

    def sign(self) -> None:
        """Send a heartbeat. While the casebook is unreachable none is logged: every step reports that itself."""
        with suppress(CasebookUnavailable):
            self.record.sign(self._worker_id)

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()
