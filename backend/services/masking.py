"""Masks what routes answer, with what is known of the customers whom it is about."""

import json
import re
from collections.abc import Collection, Iterator
from typing import TypeGuard

from pydantic import JsonValue

from backend.executor import BlockingExecutor
from backend.personal_data.known_people import KnownPeople
from backend.personal_data.masking import NOBODY, Masker, ids_in
from backend.services.errors import MaskedText
from contracts.telemetry import MAX_CUSTOMER_ID
from runtime.masked_numbers import CUT

_AROUND = "()[]{}<>,;:!?\"'«»„“”"
_INITIALS = (re.compile(r"(?<!\w)\w\.(?: \w\.)+"), re.compile(r"(?<!\w)\w\., \w\."))
"""Of a name, and of one whose last word stands first."""
SMALL = 16 * 1024
"""Bytes that hold nobody up while they are read."""


class Masking:
    """The mask between the application and whoever asked."""

    def __init__(self, known: KnownPeople, threads: BlockingExecutor) -> None:
        self._known = known
        self._threads = threads

    async def answer(self, body: bytes, case_id: str | None) -> bytes:
        """A JSON body, masked; `case_id`: the case that was asked for. Raises CasebookUnavailable."""
        if len(body) <= SMALL and not any(_about(value := json.loads(body), case_id)):
            return _written(NOBODY.json(value))
        return await self._threads.run(self._answer, body, case_id)

    async def refusal(self, body: bytes) -> bytes:
        """A problem document, masked: what was wrong is about nobody in particular."""
        return _written(NOBODY.json(json.loads(body)))

    async def masker_of(self, cases: Collection[str]) -> Masker:
        """What masks messages about these cases. Raises CasebookUnavailable."""
        return await self._threads.run(self._known.masker_of, cases)

    async def is_shown_as(self, given: str, whole: str, cases: Collection[str], customers: Collection[int]) -> bool:
        """Whether `given` is what somebody reads in place of `whole`. Raises CasebookUnavailable."""
        masker = await self._threads.run(self._known.masker_of, cases, customers)
        return given == masker.text(whole)

    async def require_whole(
        self, field: str, given: str, whole: str, cases: Collection[str], customers: Collection[int]
    ) -> None:
        """Raises MaskedText where `given`, which takes the place of `whole`, holds what is masked in it."""
        masker = await self._threads.run(self._known.masker_of, cases, customers)
        for mark in _marks(masker.text(whole)):
            if mark not in whole and mark in given:
                raise MaskedText(field, mark)

    def _answer(self, body: bytes, case_id: str | None) -> bytes:
        value: JsonValue = json.loads(body)
        return _written(self._known.masker_of(*_about(value, case_id)).json(value))


def _marks(masked: str) -> Iterator[str]:
    """What stands in it for personal data: words with something cut, and initials that are more than one."""
    yield from (bare for bare in (word.strip(_AROUND) for word in masked.split()) if CUT in bare and bare != CUT)
    for initials in _INITIALS:
        yield from initials.findall(masked)


def _about(value: JsonValue, case_id: str | None) -> tuple[set[str], set[int]]:
    """The cases and the customers that it is about."""
    cases = {each for each in (case_id, *ids_in(value, "case_id")) if isinstance(each, str)}
    return cases, {each for each in ids_in(value, "customer_id") if _is_customer(each)}


def _is_customer(value: JsonValue) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_CUSTOMER_ID


def _written(value: JsonValue) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
