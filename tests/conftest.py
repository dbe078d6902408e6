"""Lanes: what each test needs, as marks by which `scripts/test` chooses."""

import logging
import os
import subprocess
from collections.abc import Generator
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from runtime.log_lines import CAUSED_BY_ANYBODY, OURS

LANE = os.environ.get("TEST_LANE", "repeatable")
"""Which profile of Hypothesis: `scripts/test` says so for `--fast` and `--long`."""
FAST = LANE == "fast"
"""`scripts/test --fast` runs these: no process, no PostgreSQL, few examples."""

# Only `scripts/test --long` draws new examples each time: elsewhere a test fails for what was changed.
# No lane judges by the clock: an example takes as long as a busy machine needs.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", settings.get_profile("any"), max_examples=10, derandomize=True)
settings.register_profile("repeatable", settings.get_profile("any"), derandomize=True)
settings.register_profile("long", settings.get_profile("any"))
settings.load_profile(LANE)


STARTS_PROCESSES = frozenset({"rules_model", "stack"})
"""Fixtures by which a test needs a process."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if STARTS_PROCESSES & set(item.fixturenames):
            item.add_marker(pytest.mark.integration)
        database = item.callspec.params.get("database") if hasattr(item, "callspec") else None
        if database == "postgresql" or (database is None and "postgres" in item.fixturenames):
            item.add_marker(pytest.mark.postgresql)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse a run in which pytest-xdist does not keep groups together: each process would start what they share."""
    grouped = [item for item in session.items if item.get_closest_marker("xdist_group")]
    if session.config.getoption("loadgroup", default=False) and not all("@" in item.nodeid for item in grouped):
        raise pytest.UsageError(
            "pytest-xdist does not see the groups: mark before it looks, with a pytest that it knows."
        )


@pytest.fixture(autouse=True)
def logging_restored() -> Generator[None]:
    """A test that sets logging up, as a process does, sets it up for itself alone."""
    loggers = [logging.getLogger(name) for name in (None, *OURS, *CAUSED_BY_ANYBODY)]
    handlers, levels = loggers[0].handlers[:], [logger.level for logger in loggers]
    filters = [logger.filters[:] for logger in loggers]
    yield
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    for logger, before in zip(loggers, filters, strict=True):
        logger.filters[:] = before


@pytest.fixture(scope="session", autouse=FAST)
def no_processes() -> Generator[None]:
    """In the fast lane, a test that starts a process fails: it belongs to the marked ones."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("This test starts a process: mark it with pytest.mark.integration.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", refuse)
        yield
