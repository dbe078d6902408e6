"""Counts what rules find, and writes the counts in batches: also what nobody is alerted of."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from backend.detection import FailureSignal, Signal
from backend.services.installation import RuleFailure
from casebook.commands.detection_rules import SignalKey
from casebook.errors import CasebookUnavailable
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

GATHER_S = 1.0
"""How long signals are counted before the counts are written."""
_BACKOFF = Backoff(first_s=GATHER_S, longest_s=30.0)


class SignalCounts:
    """In memory there is one number for each version that judges and fate of its signals, whatever comes.

    Counts are for comparing versions, not for the record: events that are judged again after a crash are counted
    again, and what was counted in the last second before it is lost.
    """

    def __init__(
        self,
        record: Callable[[Mapping[SignalKey, int]], Awaitable[None]],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._record = record
        self._sleep = sleep
        self._counts = Counter[SignalKey]()
        self._counted = asyncio.Event()
        self._failures: dict[tuple[str, int], RuleFailure] = {}

    @property
    def failures(self) -> tuple[RuleFailure, ...]:
        """Versions of rules that broke off in this process, the one that did so first at the beginning."""
        return tuple(self._failures.values())

    def add(self, signal: Signal) -> None:
        """Count one signal; written soon. The first failure of a version is logged."""
        self._counts[signal.rule_id, signal.rule_version, signal.fate] += 1
        self._counted.set()
        if signal.fate == "failed":
            self._note(signal)

    def _note(self, failure: FailureSignal) -> None:
        key = failure.rule_id, failure.rule_version
        known = self._failures.get(key)
        if known is not None:
            self._failures[key] = known.model_copy(update={"events": known.events + 1})
            return
        self._failures[key] = RuleFailure(
            rule_id=failure.rule_id,
            version=failure.rule_version,
            events=1,
            event_id=failure.event_id,
            reason=failure.reason,
        )
        _log.error(
            "Version %d of rule '%s' failed at event %s; the others judge on, and what it fails at is counted: %s",
            failure.rule_version,
            failure.rule_id,
            failure.event_id,
            failure.reason,
        )

    async def write(self) -> None:
        """Write what was counted. Raises CasebookUnavailable; then it is written with what comes next."""
        counts, self._counts = self._counts, Counter[SignalKey]()
        self._counted.clear()
        if not counts:
            return
        try:
            await self._record(counts)
        except BaseException:
            self._counts += counts
            self._counted.set()
            raise

    async def run(self) -> None:
        """Write what is counted until cancelled."""
        pauses = Pauses(_BACKOFF)
        while True:
            await self._counted.wait()
            await self._sleep(GATHER_S)
            try:
                await self.write()
                pauses.reset()
            except CasebookUnavailable as error:
                if not pauses.failures:
                    _log.warning("Counts of signals wait to be written: %s", error)
                await self._sleep(pauses.next_s())
