"""What the facades of the casebook share."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Connection

from casebook.commands.identity import identity_of
from casebook.commands.refused_transitions import note_refusal
from casebook.database.transactions import Transactions
from casebook.errors import CaseNotFound, TransitionRefused, UnknownCase
from casebook.queries.tombstones import say_when_purged

log_of_refusals = logging.getLogger("casewright.refusals")


class Facade:
    """Opens a transaction for each method of a facade, and counts what it refuses."""

    def __init__(self, transactions: Transactions) -> None:
        self.transactions = transactions
        """What other facades of the same casebook share."""
        self._write_apart = transactions.write_apart
        self._clock = transactions.now

    def identity(self) -> str:
        """The id that this casebook was given when it was made, wherever it lies now."""
        with self._read() as connection:
            return identity_of(connection)

    @contextmanager
    def _write(self) -> Generator[Connection]:
        """A writing transaction. A case that is missing because it was purged is CasePurged."""
        with self.transactions.write() as connection, _saying_when_purged(connection):
            yield connection

    @contextmanager
    def _read(self) -> Generator[Connection]:
        """One snapshot, likewise."""
        with self.transactions.read() as connection, _saying_when_purged(connection):
            yield connection

    @contextmanager
    def _judged(self, case_id: str) -> Generator[Connection]:
        """A writing transaction whose refusal is counted once it has been rolled back."""
        try:
            with self._write() as connection:
                yield connection
        except (TransitionRefused, CaseNotFound) as refusal:
            self._note_refusal(case_id, refusal if isinstance(refusal, TransitionRefused) else UnknownCase())
            raise

    def _note_refusal(self, case_id: str, refusal: TransitionRefused, attempts: int = 1) -> None:
        log_of_refusals.error("Refused: %s", refusal.sentence, extra={"case_id": case_id})
        with self._write() as connection:
            note_refusal(connection, case_id, refusal, attempts, self._clock())


@contextmanager
def _saying_when_purged(connection: Connection) -> Generator[None]:
    try:
        yield
    except CaseNotFound as missing:
        say_when_purged(connection, missing)
        raise
