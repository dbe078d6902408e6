"""The facade of managers: what they set for the desk, and the log of what anybody changed of it."""

from casebook.facade import Facade
from casebook.queries.desk_log import list_changes
from contracts.desk_log import DeskChangePage


class DeskApi(Facade):
    """What belongs to no case: one transaction per method, from any thread.

    Every method raises CasebookUnavailable when the database fails; then nothing was written.
    """

    def changes(self, *, limit: int = 50, cursor: str | None = None) -> DeskChangePage:
        """The newest lines of the desk log, at most 500, or those before another page. Raises MalformedCursor."""
        with self._read() as connection:
            return list_changes(connection, limit, cursor)
