"""The facade of sessions."""

from collections.abc import Sequence
from datetime import timedelta

from casebook.commands.sessions import NewSession, begin_session, end_run_out, end_session, use_session
from casebook.facade import Facade
from casebook.queries.sessions import KnownSession, find_open, find_session, list_open, still_open
from contracts.sessions import SessionEnd, SessionRecord


class SessionsApi(Facade):
    """The sessions of all replicas: one transaction per method, from any thread.

    What begins and ends is said in the security log, in the same transaction. Every method raises CasebookUnavailable
    when the database fails; then nothing was written.
    """

    def begin(self, new: NewSession, replaces: str | None = None) -> SessionRecord:
        """Open a session. `replaces`: the id of the one that the same browser had.

        A person has at most 50 in browsers and 50 of programs: the oldest ends when there is one more.
        """
        with self._write_apart() as connection:
            return begin_session(connection, new, replaces, self._clock())

    def find(self, secret_hash: str) -> KnownSession | None:
        """The session whose secret has this hash, open or over; None: none was given out, or it is long over."""
        with self._read() as connection:
            return find_session(connection, secret_hash)

    def use(self, session_id: str, idle: timedelta) -> None:
        """Let a session live on that was used just now, for `idle` from now; one that is over stays over."""
        with self._write_apart() as connection:
            use_session(connection, session_id, idle, self._clock())

    def end(self, session_id: str, end: SessionEnd, address: str, by: str | None = None) -> SessionRecord | None:
        """End an open session, which is returned; None: there is none. `by`: who ended it, if not its holder."""
        with self._write_apart() as connection:
            return end_session(connection, session_id, end, address, self._clock(), by)

    def end_run_out(self) -> int:
        """End what was idle for too long or lived its whole life; returns how many, at most 500.

        Those that have been over for a day are forgotten.
        """
        with self._write_apart() as connection:
            return end_run_out(connection, self._clock())

    def still_open(self, sessions: Sequence[str]) -> frozenset[str]:
        """Those of the sessions that are open. One statement, however many they are."""
        with self._read() as connection:
            return still_open(connection, sessions, self._clock())

    def find_open(self, session_id: str) -> SessionRecord | None:
        """The open session of this id; None: there is none."""
        with self._read() as connection:
            return find_open(connection, session_id, self._clock())

    def list_open(self, subject: str | None = None) -> tuple[tuple[SessionRecord, ...], int]:
        """The open sessions, of one person or of all, the newest first and at most 500; and how many there are."""
        with self._read() as connection:
            return list_open(connection, subject, self._clock())
