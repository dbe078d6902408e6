"""Whether the casebook is writable: by the results of the last writes, or by a probe when nobody writes."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from sqlalchemy import Connection, insert, select, update

from casebook.database.driver_errors import free_bytes
from casebook.errors import CasebookCorrupt, CasebookFull, CasebookUnavailable
from casebook.schema.base import table_of
from casebook.schema.case_log import CaseEventRow, LogHead
from casebook.schema.workspace import SavedViewRow

log = logging.getLogger("casewright.casebook")

LEAST_FREE_BYTES = 1024 * 1024
"""Less room than this on a SQLite file's disk counts as none: a case is written in larger pieces than the probe."""
PROBE_SIZE = 64 * 1024
"""Bytes for which a SQLite file must have room within its own limit."""
LASTS_S = 10.0
"""How long the error of a real write is kept although probes succeed: probes write less."""

_HEAD, _EVENTS, _VIEWS = table_of(LogHead), table_of(CaseEventRow), table_of(SavedViewRow)
_NEWEST = select(_EVENTS).order_by(_EVENTS.c.seq.desc()).limit(1)
_SAME_AGAIN = update(_HEAD).where(_HEAD.c.id == 1).values(last_seq=_HEAD.c.last_seq)
_LARGE = insert(_VIEWS).values(
    subject="", name="probe", query="x" * PROBE_SIZE, saved_at=datetime(2000, 1, 1, tzinfo=UTC)
)


class CasebookHealth:
    """What is wrong with the casebook as far as this process knows; every change of it is in the log, once.

    A damaged file stays damaged: later successful writes say nothing about the damaged part.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._fault: CasebookUnavailable | None = None
        self._noted_at = float("-inf")

    @property
    def fault(self) -> CasebookUnavailable | None:
        """Why the casebook cannot be written; None as long as nothing says so."""
        return self._fault

    def note(self, fault: CasebookUnavailable) -> None:
        """Something could not be written, or the file turned out to be damaged."""
        with self._lock:
            before = self._fault
            if isinstance(before, CasebookCorrupt):
                return
            self._fault = fault
            self._noted_at = self._clock()
        if before is None or before.sentence != fault.sentence:
            log.error("%s", fault.sentence)

    def clear(self) -> None:
        """Something was written."""
        with self._lock:
            if self._fault is None or isinstance(self._fault, CasebookCorrupt):
                return
            self._fault = None
        log.info("The casebook can be written again.")

    def clear_by_probe(self) -> None:
        """The probe was written: that says little as long as the fault of a real write is fresh."""
        if self._clock() - self._noted_at >= LASTS_S:
            self.clear()


def probe(connection: Connection) -> None:
    """Write what is there already, where every case writes: the head of the log.

    Raises what the driver raises, and CasebookFull when there is hardly any room left.
    """
    if connection.dialect.name == "sqlite":
        _refuse_without_room(connection)
    connection.execute(_NEWEST).all()
    connection.execute(_SAME_AGAIN)


def _refuse_without_room(connection: Connection) -> None:
    path = connection.engine.url.database or ""
    free = free_bytes(path)
    if free is not None and free < LEAST_FREE_BYTES:
        raise CasebookFull(path, f"{free} bytes left")
    # The file's own limit: asked for and given back, so that nothing of it reaches the disk.
    large = connection.begin_nested()
    connection.execute(_LARGE)
    large.rollback()
