"""The facade of telemetry that was not evaluated, for who reads telemetry and for managers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from casebook.commands import telemetry_dead_letters as commands
from casebook.commands.telemetry_dead_letters import LetterInHand
from casebook.facade import Facade
from casebook.policy.telemetry_dead_letters import NewLetter, SourceKind
from casebook.queries import telemetry_dead_letters as queries
from casebook.queries.telemetry_dead_letters import LetterQuery
from contracts.telemetry_dead_letters import DeadLetterCounts, LetterChoice, LetterDrop, TelemetryDeadLetterPage

RETRY_LEASE = timedelta(minutes=1)
"""For so long a process may have a letter in hand; then another tries it."""


class DeadLettersApi(Facade):
    """One transaction per method, from any thread. What people change is in the desk log, under `actor`.

    CasebookUnavailable: the database failed, nothing was written.
    """

    def keep(self, letters: Sequence[NewLetter], beyond: Mapping[SourceKind, int]) -> int:
        """Keep what there is room for, and count everything, also what is `beyond`; how many were kept."""
        with self._write_apart() as connection:
            return commands.keep_letters(connection, letters, beyond, self._clock())

    def list_letters(
        self, query: LetterQuery, *, limit: int = 50, cursor: str | None = None
    ) -> TelemetryDeadLetterPage:
        """One page of at most 500, the newest first. Raises MalformedCursor."""
        with self._read() as connection:
            return queries.list_letters(connection, query, limit, cursor)

    def counts(self) -> DeadLetterCounts:
        """How much was not evaluated, by source and kind, the most frequent first."""
        with self._read() as connection:
            return queries.read_counts(connection)

    def request_retry(self, choice: LetterChoice, actor: str) -> int:
        """Let a process that reads telemetry parse and judge letters again; how many."""
        with self._write_apart() as connection:
            return commands.request_retry(connection, choice, actor, self._clock())

    def drop(self, drop: LetterDrop, actor: str) -> int:
        """Forget letters for a reason; how many."""
        with self._write_apart() as connection:
            return commands.drop_letters(connection, drop, actor, self._clock())

    def take_retries(self, owner: str, partitions: Collection[tuple[str, str]], limit: int) -> list[LetterInHand]:
        """Letters that `owner` tries again, and nobody else meanwhile; of partitions, only of those."""
        with self._write_apart() as connection:
            return commands.take_retries(connection, owner, partitions, limit, self._clock(), RETRY_LEASE)

    def has_retries(self) -> bool:
        """Whether anything is to be tried again."""
        with self._read() as connection:
            return queries.has_retries(connection)

    def record_retry(self, letter_id: str, owner: str, result: str, *, evaluated: bool) -> bool:
        """Put the result on record, in one sentence. False: another has it in hand, or it was dropped."""
        with self._write_apart() as connection:
            return commands.record_retry(connection, letter_id, owner, result, evaluated=evaluated, now=self._clock())
