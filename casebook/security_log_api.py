"""The facade of the security log."""

from collections.abc import Sequence
from datetime import datetime

from casebook.case_log.security_chain import Noted
from casebook.commands.security_log import note_security, purge_security_log
from casebook.facade import Facade
from casebook.queries.security_log import list_security_events
from contracts.security import SecurityEventKind, SecurityEventPage


class SecurityLogApi(Facade):
    """The append-only log of who signed in, was refused or took something away: one transaction per method.

    It is no part of any case. Every method raises CasebookUnavailable when the database fails; then nothing was
    written.
    """

    def note(self, noted: Sequence[Noted]) -> int:
        """Append what is not on record yet; returns how many lines that were. The same may be given again."""
        with self._write_apart() as connection:
            return note_security(connection, noted)

    def list(
        self,
        subject: str | None = None,
        kind: SecurityEventKind | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> SecurityEventPage:
        """The newest lines, at most 500, of one person or kind where one is named. Raises MalformedCursor."""
        with self._read() as connection:
            return list_security_events(connection, subject, kind, limit, cursor)

    def purge(self, before: datetime) -> int:
        """Delete the oldest lines up to the first that is not from before; returns how many, at most 10,000."""
        with self._write_apart() as connection:
            return purge_security_log(connection, before, self._clock())
