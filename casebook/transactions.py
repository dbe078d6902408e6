"""Transactions on the casebook: every door to it shares one of these."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from casebook.engine import reading, writing
from casebook.faults import naming_faults


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


class Transactions:
    """Opens reading and writing transactions on one engine, from any thread.

    One per engine and process: on SQLite it also queues this process's writers.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._writing = writing(engine)
        self._reading = reading(engine)
        self.now = clock
        """The time that goes into the record."""
        # SQLite has one writer and makes the others poll for their turn with growing naps, which can starve one
        # for seconds. Within a process a lock wakes the next at once; between processes SQLite still decides.
        self._turn = Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def write(self) -> Generator[Session]:
        """All or nothing, committed at the end. Raises CasebookUnavailable when the database fails."""
        with self._turn, naming_faults(self._engine), Session(self._writing) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Generator[Session]:
        """One snapshot, however many statements. Raises CasebookUnavailable when the database fails."""
        with naming_faults(self._engine), Session(self._reading) as session, session.begin():
            yield session
