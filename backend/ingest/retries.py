"""Tries dead letters again that a manager asks for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from casebook.async_api import AsyncDeadLetters
from casebook.commands.telemetry_dead_letters import LetterInHand
from casebook.errors import CasebookUnavailable
from runtime.backoff import Backoff, Pauses

_log = logging.getLogger(__name__)

EVERY_S = 2.0
"""How often the record is asked whether something is to be tried again."""
AT_ONCE = 50
_NAMED = 5
"""Alerts that a result names."""
_BACKOFF = Backoff(first_s=EVERY_S, longest_s=30.0)


@dataclass(frozen=True)
class RetryResult:
    """The result of trying a letter again."""

    is_evaluated: bool
    sentence: str


def retry_result(events: int, faults: Sequence[str], alerts: Sequence[str]) -> RetryResult:
    """The result for a letter that held so many events, with what is wrong with the rest of it."""
    if not events:
        return RetryResult(False, f"It still cannot be evaluated: {faults[0] if faults else 'nothing is left of it'}.")
    said = f"{events} event{' was' if events == 1 else 's were'} evaluated"
    said += f" and raised {', '.join(alerts[:_NAMED])}." if alerts else " and raised no alert."
    if faults:
        said += f" The rest cannot be: {faults[0]}."
    return RetryResult(not faults, said)


class LetterRetries:
    """Takes letters that are to be tried again, has them judged, and puts the result on record."""

    def __init__(
        self,
        record: AsyncDeadLetters,
        judge: Callable[[LetterInHand], Awaitable[RetryResult]],
        partitions: Callable[[], Collection[tuple[str, str]]],
        owner: str,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`partitions`: the source and id of each that this process reads now. `owner`: this process."""
        self._record = record
        self._judge = judge
        self._partitions = partitions
        self._owner = owner
        self._sleep = sleep

    async def run(self) -> None:
        """Try until cancelled. A record that is away is asked again with growing pauses."""
        pauses = Pauses(_BACKOFF)
        while True:
            try:
                if await self._record.has_retries():
                    await self.try_waiting()
                pauses.reset()
                await self._sleep(EVERY_S)
            except CasebookUnavailable as error:
                if not pauses.failures:
                    _log.warning("Dead letters wait to be tried again: %s", error)
                await self._sleep(pauses.next_s())

    async def try_waiting(self) -> None:
        """Try all that wait, and that this process may judge."""
        while letters := await self._record.take_retries(self._owner, self._partitions(), AT_ONCE):
            for letter in letters:
                result = await self._result_of(letter)
                await self._record.record_retry(
                    letter.letter_id, self._owner, result.sentence, evaluated=result.is_evaluated
                )
                _log.info("Dead letter %s was tried again: %s", letter.letter_id, result.sentence)

    async def _result_of(self, letter: LetterInHand) -> RetryResult:
        try:
            return await self._judge(letter)
        except CasebookUnavailable:
            raise
        except Exception as error:  # one letter must not take the others, or the process, with it
            _log.exception("Dead letter %s could not be tried.", letter.letter_id)
            return RetryResult(False, f"It could not be judged ({type(error).__name__}).")
