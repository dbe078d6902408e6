"""The facade of what is deleted once it has been kept for long enough."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from casebook.commands import old_records, purges
from casebook.commands.accesses import purge_accesses
from casebook.commands.erasures import erase_conversation
from casebook.commands.purges import OldCases, PurgedBatch
from casebook.errors import CasebookError, UnderLegalHold
from casebook.facade import Facade
from casebook.policy.actors import SYSTEM

ERASED_AT_ONCE = 20
"""Conversations of one call."""
MERGES_AT_ONCE = 50
"""Transactions of one call that take words out of the full-text index."""


@dataclass(frozen=True)
class ErasedBatch:
    """What was done with the next conversations that are old enough."""

    erased: int
    failed: Mapping[str, Exception] = field(default_factory=dict[str, Exception], compare=False)
    """The users of those that could not be erased, and why."""


class RetentionApi(Facade):
    """Deletes in batches of one transaction each, from any thread; several backends may do it at once.

    Every method raises CasebookUnavailable when the database fails; then nothing of that batch was deleted.
    """

    _swept: datetime | None = None
    """When the sweep began that goes on."""

    def begin_sweep(self, grace: timedelta) -> datetime:
        """From when on anything may be deleted. What is deleted until the next sweep begins is old as of now.

        Not before `grace` has passed since the first sweep of a record, and since the last sweep that found that the
        clock had jumped, or that nobody had swept for weeks: whoever operates it has that long to object.
        """
        self._swept = self._clock()
        with self._write_apart() as connection:
            return old_records.begin_sweep(connection, grace, self._swept)

    def purge_cases(self, kind: str, kept_days: int, after: int = 0) -> PurgedBatch:
        """Purge closed cases in which nothing happened for `kept_days`, at most 20, from the end of the last batch on.

        Each leaves a tombstone and a line in the desk log. One that cannot be purged keeps no other from it.
        """
        old = OldCases(kind, kept_days, self._as_of(), after, purges.PURGED_AT_ONCE)
        try:
            with self._write_apart() as connection:
                return purges.purge_cases(connection, old, self._clock())
        except CasebookError:
            raise
        except Exception:
            return self._purge_one_by_one(old)

    def _purge_one_by_one(self, old: OldCases) -> PurgedBatch:
        with self._read() as connection:
            found = purges.next_cases(connection, old)
        purged, failed = 0, dict[str, Exception]()
        for case in found:
            try:
                with self._write_apart() as connection:
                    alone = replace(old, after=case.last_seq - 1, most=1)
                    batch = purges.purge_cases(connection, alone, self._clock())
                purged += batch.purged
            except CasebookError:
                raise
            except Exception as error:
                failed[case.case_id] = error
        reached = found[-1].last_seq if len(found) == old.most else None
        return PurgedBatch(purged, len(found) - purged, reached, failed)

    def forget_words(self) -> bool:
        """Take the words of purged cases out of the full-text index, a bounded part of it; whether more is to do.

        The next call goes on where this one ends, and where one was killed.
        """
        with self._read() as connection:
            if not purges.words_are_left(connection):
                return False
        for _ in range(MERGES_AT_ONCE):
            with self._write_apart() as connection:
                merging = purges.merge_words(connection, self._clock())
            if merging.ended:
                break
        else:
            return True
        # A reader may keep the log from being emptied: the words are gone once it is.
        if not self.transactions.empty_wal():
            return False
        with self._write_apart() as connection:
            purges.note_words_gone(connection, merging.since)
            # Those of cases that were purged since.
            return purges.words_are_left(connection)

    def log_holds_erased(self) -> bool:
        """Whether SQLite's write-ahead log still holds what was deleted or erased through this connection pool."""
        return self.transactions.holds_erased

    def empty_log(self) -> bool:
        """Take what was deleted out of SQLite's write-ahead log; False where a reader still needs it."""
        return self.transactions.empty_wal()

    def erase_conversations(self, kept_days: int, passed_over: Collection[str] = ()) -> ErasedBatch:
        """Erase conversations in which nothing was said for so long, at most 20. The system is the actor.

        Each in a transaction of its own, which holds the locks of one conversation, in the order of everybody else.
        `passed_over`: the users of those that could not be erased before.
        """
        erased, failed, before = 0, dict[str, Exception](), old_records.oldest_kept(kept_days, self._as_of())
        while erased + len(failed) < ERASED_AT_ONCE:
            user_id = None
            try:
                with self._write() as connection:
                    user_id = old_records.lock_idle_conversation(connection, before, {*passed_over, *failed})
                    if user_id is None:
                        break
                    erase_conversation(connection, user_id, SYSTEM, self._clock())
                erased += 1
            except UnderLegalHold:
                # It was placed since the look: the next sweep passes this conversation over.
                break
            except CasebookError:
                raise
            except Exception as error:
                if user_id is None:
                    raise
                failed[user_id] = error
        return ErasedBatch(erased, failed)

    def purge_accesses(self, kept_days: int) -> int:
        """Delete the oldest lines of the access record, at most 10,000; how many. The desk log says so."""
        with self._write_apart() as connection:
            return purge_accesses(connection, old_records.oldest_kept(kept_days, self._as_of()), self._clock())

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
            return old_records.forget_detector_states(connection, self._as_of())

    def _deleted(self, delete: Callable[[Connection, datetime], int], kept_days: int) -> int:
        with self._write_apart() as connection:
            return delete(connection, old_records.oldest_kept(kept_days, self._as_of()))

    def _as_of(self) -> datetime:
        return self._swept or self._clock()
