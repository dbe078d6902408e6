"""The facade of what is deleted once it has been kept for long enough."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from casebook.commands import old_records, purges
from casebook.commands.accesses import purge_accesses
from casebook.commands.purges import PurgedBatch
from casebook.facade import Facade


class RetentionApi(Facade):
    """Deletes in batches of one transaction each, from any thread; several backends may do it at once.

    Every method raises CasebookUnavailable when the database fails; then nothing of that batch was deleted.
    """

    def purge_cases(self, kind: str, kept_days: int, after: int = 0) -> PurgedBatch:
        """Purge closed cases in which nothing happened for `kept_days`, at most 20, from the end of the last batch on.

        Each leaves a tombstone and a line in the desk log.
        """
        with self._write_apart() as connection:
            return purges.purge_cases(connection, kind, kept_days, after, self._clock())

    def forget_words(self) -> bool:
        """Take the words of purged cases out of the full-text index, a few pages at a time; whether there were any."""
        begun = self._clock()
        with self._read() as connection:
            if not purges.words_are_left(connection):
                return False
        with self._write_apart() as connection:
            more = purges.merge_words(connection, begins=True)
        while more:
            with self._write_apart() as connection:
                more = purges.merge_words(connection, begins=False)
        with self._write_apart() as connection:
            purges.note_words_gone(connection, begun)
        self.transactions.empty_wal()
        return True

    def erase_conversations(self, kept_days: int) -> int:
        """Erase conversations in which nothing was said for so long, at most 20; how many. The system is the actor."""
        now = self._clock()
        with self._write() as connection:
            erased = old_records.erase_conversations(connection, old_records.oldest_kept(kept_days, now), now)
        if erased:
            self.transactions.empty_wal()
        return erased

    def purge_accesses(self, kept_days: int) -> int:
        """Delete the oldest lines of the access record, at most 10,000; how many. The desk log says so."""
        now = self._clock()
        with self._write_apart() as connection:
            return purge_accesses(connection, old_records.oldest_kept(kept_days, now), now)

    def delete_tasks(self, kept_days: int) -> int:
        """Delete tasks that were completed or deleted so long ago, at most 500; how many."""
        return self._deleted(old_records.delete_tasks, kept_days)

    def delete_telemetry_dead_letters(self, kept_days: int) -> int:
        """Delete telemetry that was received so long ago and not evaluated, at most 500; how many."""
        return self._deleted(old_records.delete_telemetry_dead_letters, kept_days)

    def delete_undelivered(self, kept_days: int) -> int:
        """Delete deliveries that were given up so long ago, at most 500; how many."""
        return self._deleted(old_records.delete_undelivered, kept_days)

    def delete_domain_events(self, kept_days: int) -> int:
        """Delete the oldest domain events that nobody still has to handle, at most 500; how many."""
        return self._deleted(old_records.delete_domain_events, kept_days)

    def forget_detector_states(self) -> int:
        """Forget what detection knows of whom it has not seen for 90 days, at most 500 of them; how many."""
        with self._write_apart() as connection:
            return old_records.forget_detector_states(connection, self._clock())

    def _deleted(self, delete: Callable[[Connection, datetime], int], kept_days: int) -> int:
        with self._write_apart() as connection:
            return delete(connection, old_records.oldest_kept(kept_days, self._clock()))
