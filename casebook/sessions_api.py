"""The facade of sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from casebook.commands.sessions import (
    AtProvider,
    NewSession,
    begin_once,
    begin_session,
    end_of_provider,
    end_run_out,
    end_session,
    keep_rechecked,
    remember_person,
    sign_out,
    take_recheck,
    use_session,
)
from casebook.facade import Facade
from casebook.queries.sessions import (
    KnownPerson,
    KnownSession,
    find_open,
    find_person,
    find_session,
    list_open,
    list_people,
    still_open,
)
from contracts.review import Role
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

    def begin_once(self, new: NewSession) -> KnownSession:
        """Open a session for a token that the provider gave out, unless it has one: that is returned, open or over."""
        with self._write_apart() as connection:
            return begin_once(connection, new, self._clock())

    def take_recheck(self, session_id: str, lease: timedelta) -> str | None:
        """The sealed token with which the provider is to be asked about an open session, if that is due.

        For `lease`, no other replica is given it.
        """
        with self._write_apart() as connection:
            return take_recheck(connection, session_id, lease, self._clock())

    def keep_rechecked(self, session_id: str, provider: AtProvider) -> None:
        """The provider says of an open session what it said at sign-in, and gave another token."""
        with self._write_apart() as connection:
            keep_rechecked(connection, session_id, provider, self._clock())

    def remember_person(self, subject: str, name: str, roles: tuple[Role, ...]) -> None:
        """Somebody was found to have other roles at the provider."""
        with self._write_apart() as connection:
            remember_person(connection, subject, name, roles, self._clock())

    def end_of_provider(
        self, sid: str | None, subject: str | None, until: datetime, address: str
    ) -> tuple[SessionRecord, ...]:
        """End the sessions of one session at the provider; of all of somebody's there, where `sid` is None.

        Those that began after `until` are others.
        """
        with self._write_apart() as connection:
            return end_of_provider(connection, sid, subject, until, address, self._clock())

    def find_person(self, subject: str) -> KnownPerson | None:
        """Who signed in at the provider under this subject; None: nobody did."""
        with self._read() as connection:
            return find_person(connection, subject)

    def people(self) -> tuple[KnownPerson, ...]:
        """Everybody who signed in at the provider, by name; at most 5,000."""
        with self._read() as connection:
            return list_people(connection)

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

    def sign_out(self, session_id: str, address: str) -> str | None:
        """End an open session whose holder signs out. The sealed token that was kept of it is returned, if any was."""
        with self._write_apart() as connection:
            return sign_out(connection, session_id, address, self._clock())

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
