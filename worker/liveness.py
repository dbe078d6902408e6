"""Sends the worker's heartbeats."""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event, Thread

SIGN_EVERY_S = 5.0
"""The backend takes a worker for lost after several missed signs: `backend.live.service_status.SILENT_AFTER`."""
LAST_SIGN_S = 2.0
"""A sign that is on its way holds up the end of the process no longer."""

log = logging.getLogger(__name__)


@contextmanager
def shown_alive(sign: Callable[[], None], every_s: float = SIGN_EVERY_S) -> Generator[None]:
    """Gives a sign at once, and then again and again while inside, whatever the work does meanwhile."""
    over = Event()

    def go_on() -> None:
        while not over.is_set():
            try:
                sign()
            except Exception:
                # A sign that fails is one that is missed; the work must not end for it.
                log.exception("This worker could not show that it is alive.")
            over.wait(every_s)

    thread = Thread(target=go_on, name="liveness", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(LAST_SIGN_S)
