"""The facade of the access record: who saw what, and when."""

from collections.abc import Sequence

from casebook.case_log.access_chain import Seen
from casebook.commands.accesses import record_accesses
from casebook.facade import Facade
from casebook.queries import accesses
from contracts.accesses import AccessPage


class AccessApi(Facade):
    """The append-only record of what people saw: one transaction per method, from any thread.

    It is no part of any case: nothing about a case changes with it, and no live feed hears of it. Every method raises
    CasebookUnavailable when the database fails; then nothing was written.
    """

    def record(self, seen: Sequence[Seen]) -> int:
        """Append what is not on record yet; returns how many lines that were. The same may be given again."""
        with self._write_apart() as connection:
            return record_accesses(connection, seen)

    def of_case(self, case_id: str, *, limit: int = 50, cursor: str | None = None) -> AccessPage:
        """The newest lines about a case, at most 500, or those before another page.

        Raises CaseNotFound, MalformedCursor.
        """
        with self._read() as connection:
            return accesses.list_case_accesses(connection, case_id, limit, cursor)

    def list(self, subject: str | None = None, *, limit: int = 50, cursor: str | None = None) -> AccessPage:
        """The newest lines of all, or of what one person saw, at most 500. Raises MalformedCursor."""
        with self._read() as connection:
            return accesses.list_accesses(connection, subject, limit, cursor)
