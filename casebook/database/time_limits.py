"""Ends what a database chews on for too long: who waited for it has gone, and it holds a thread and a connection."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Connection

STEPS = 100_000
"""Of SQLite's machine, between two looks at the clock: a few milliseconds."""


@contextmanager
def ending_after(connection: Connection, limit_s: float | None) -> Generator[None]:
    """Inside, a statement that takes longer fails as one that was interrupted, until the transaction ends.

    On a server each statement has so much time, on SQLite all of them together. None: no limit.
    """
    if limit_s is None:
        yield
        return
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, round(limit_s * 1_000))}")
        yield
        return
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    ends_at = time.monotonic() + limit_s
    driver.set_progress_handler(lambda: time.monotonic() > ends_at, STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
