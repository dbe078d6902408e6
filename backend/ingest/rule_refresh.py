"""Keeps a process that judges telemetry up to date with the rules on record."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from backend.detection import DEFAULT_RULES, RuleBook
from backend.services.rule_books import rule_book
from casebook.errors import CasebookUnavailable
from contracts.detection_rules import StoredRules
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

EVERY_S = 2.0
"""How often the record is asked for the number of its last change: so long an old rule may judge on."""
_BACKOFF = Backoff(first_s=EVERY_S, longest_s=30.0)


class RulesRecord(Protocol):
    """What keeps the rules: `casebook.async_api.AsyncDetectionRules`."""

    def revision(self) -> Awaitable[int]: ...
    def stored_rules(self) -> Awaitable[StoredRules]: ...


class RuleRefresh:
    """One look for the whole process, however many partitions it judges. What a look finds is handed to `use`."""

    def __init__(self, record: RulesRecord, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._record = record
        self._sleep = sleep
        self._seen: int | None = None
        self.rules: RuleBook = DEFAULT_RULES
        """What the last look found."""

    async def read_first(self) -> RuleBook:
        """The rules on record, however long the casebook is away: nothing is judged by rules that were replaced."""
        pauses = Pauses(_BACKOFF)
        while self._seen is None:
            try:
                await self.look()
            except CasebookUnavailable as error:
                if not pauses.failures:
                    _log.warning("Telemetry waits for the rules that it is judged by: %s", error)
                await self._sleep(pauses.next_s())
        return self.rules

    async def look(self) -> bool:
        """Read the rules if they have changed since; whether they have. Raises CasebookUnavailable."""
        if await self._record.revision() == self._seen:
            return False
        stored = await self._record.stored_rules()
        self.rules, sentences = rule_book(stored)
        self._seen = stored.revision
        for sentence in sentences:
            _log.warning("%s", sentence)
        _log.info("Telemetry is judged by revision %d of the rules.", stored.revision)
        return True

    async def run(self, use: Callable[[RuleBook], object]) -> None:
        """Look until cancelled. While the casebook is away the last rules judge on."""
        pauses = Pauses(_BACKOFF)
        while True:
            try:
                await self._sleep(EVERY_S if not pauses.failures else pauses.next_s())
                if await self.look():
                    use(self.rules)
                pauses.reset()
            except CasebookUnavailable as error:
                if not pauses.failures:
                    _log.warning("Changes of rules are not seen until the casebook answers: %s", error)
                    pauses.next_s()
